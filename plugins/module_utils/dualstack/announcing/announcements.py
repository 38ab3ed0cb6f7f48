# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of VIPs: one announcement per VIP and way of announcing it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple

from .layer2 import Candidate
from .offers import Paths

BGP = "bgp"
LAYER2 = "layer2"


class Announcement(NamedTuple):
    """One VIP as this node sees it, once per way of announcing it.

    ``mode``: bgp, layer2, or None when no advertisement selects the pool. ``announcer``: by layer 2 the first
    candidate, by BGP this node, or None. ``reason``: empty when this node announces it, or may answer for it, else a
    word of ``reasons``. ``candidates``: who may answer, in the order of the election, with the interfaces of each.
    """

    vip: str
    family: str
    service: str
    mode: str | None
    announcer: str | None
    routes: tuple[tuple[str, Paths], ...]
    interfaces: tuple[str, ...]
    reason: str
    candidates: tuple[Candidate, ...] = ()


class Announcements(Collection[Announcement]):
    """All announcements, made when they are asked for; always those of the newest decision."""

    def __init__(self, services: Mapping[str, object], of: Callable[[str], tuple[Announcement, ...]]) -> None:
        self._services = services
        self._of = of

    def of(self, service: str) -> tuple[Announcement, ...]:
        """Those of one Service (``namespace/name``); none of one that is not known."""
        return self._of(service) if service in self._services else ()

    def __iter__(self) -> Iterator[Announcement]:
        for service in list(self._services):
            yield from self._of(service)

    def __len__(self) -> int:
        return sum(1 for _unused in self)

    def __contains__(self, item: object) -> bool:
        return any(item == entry for entry in self)
