# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Items of the desired state that several Services may have in common: aggregates and shared VIPs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

ClaimT = TypeVar("ClaimT")


class Users(Generic[ClaimT]):
    """Who has a claim to an item, by the item's name. Nearly all have one user: these cost one entry.

    ``touched`` collects the names of items of which a claim has changed, in the order in which they did.
    """

    def __init__(self) -> None:
        self._users: dict[str, tuple[str, ClaimT] | dict[str, ClaimT]] = {}
        self.touched: dict[str, None] = {}

    def replace(self, user: str, before: Mapping[str, ClaimT], after: Mapping[str, ClaimT]) -> None:
        """A user's claims by item, as they were and as they are now."""
        for name, claim in after.items():
            if name not in before or (before[name] is not claim and before[name] != claim):
                self.touched[name] = None
                self._put(name, user, claim)
        for name in before:
            if name not in after:
                self.touched[name] = None
                self._drop(name, user)

    def claims(self, name: str) -> list[ClaimT]:
        """The claims to an item."""
        found = self._users.get(name)
        if isinstance(found, dict):
            return list(found.values())
        return [] if found is None else [found[1]]

    def users(self, name: str) -> list[str]:
        """Who claims an item."""
        found = self._users.get(name)
        if isinstance(found, dict):
            return list(found)
        return [] if found is None else [found[0]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._users)

    def __len__(self) -> int:
        return len(self._users)

    def _put(self, name: str, user: str, claim: ClaimT) -> None:
        found = self._users.get(name)
        if isinstance(found, dict):
            found[user] = claim
        elif found is None or found[0] == user:
            self._users[name] = (user, claim)
        else:
            self._users[name] = {found[0]: found[1], user: claim}

    def _drop(self, name: str, user: str) -> None:
        found = self._users.get(name)
        if not isinstance(found, dict):
            self._users.pop(name, None)
            return
        del found[user]
        if len(found) == 1:
            self._users[name] = next(iter(found.items()))
