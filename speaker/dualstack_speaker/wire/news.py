# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a subscribed speaker is told without asking: owners, states of sessions and nodes that changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from ..link.messages import encode_news

Send = Callable[[bytes], None]


class News:
    """Gathers what changes within one turn of the loop; nothing while nobody has subscribed."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._send: Send | None = None
        self._owners: dict[str, str | None] = {}
        self._sessions: dict[str, str] = {}
        self._nodes: Mapping[str, Any] | None = None
        self._due: asyncio.Handle | None = None

    def subscribe(
        self,
        send: Send,
        owners: Mapping[str, str | None],
        sessions: Mapping[str, str],
        nodes: Mapping[str, Any] | None,
    ) -> None:
        """Tells everything now and what changes from now on; who had subscribed before is told no more."""
        self._send, self._nodes = send, nodes
        self._owners, self._sessions = dict(owners), dict(sessions)
        self._wake()

    def unsubscribe(self) -> None:
        """Nobody is told any more."""
        self._send = None
        self._owners, self._sessions, self._nodes = {}, {}, None

    def owners(self, changes: Mapping[str, str | None]) -> None:
        """Addresses have other owners."""
        if self._send is not None:
            self._owners.update(changes)
            self._wake()

    def session(self, name: str, state: str) -> None:
        """A session has come to stand, or has fallen."""
        if self._send is not None:
            self._sessions[name] = state
            self._wake()

    def nodes(self, able: Mapping[str, Any]) -> None:
        """These other nodes run ``wire`` now, with the interfaces on which they could answer."""
        if self._send is not None:
            self._nodes = able
            self._wake()

    def _wake(self) -> None:
        if self._due is None:
            self._due = self._loop.call_soon(self._tell)

    def _tell(self) -> None:
        self._due = None
        if self._send is not None:
            line = encode_news(self._owners, self._sessions, self._nodes)
            self._owners, self._sessions, self._nodes = {}, {}, None
            self._send(line)
