# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many messages of each type went to and came from a peer, over all its connections."""

from __future__ import annotations

from collections.abc import Mapping

from . import iana

NAMES = {
    iana.OPEN: "open",
    iana.UPDATE: "update",
    iana.NOTIFICATION: "notification",
    iana.KEEPALIVE: "keepalive",
    iana.ROUTE_REFRESH: "route_refresh",
}


class Counters:
    """Both directions, by message type."""

    def __init__(self) -> None:
        self._sent = dict.fromkeys(NAMES, 0)
        self._received = dict.fromkeys(NAMES, 0)

    def sent(self, data: bytes) -> None:
        """Whole messages, one behind the other."""
        at = 0
        while at < len(data):
            self._sent[data[at + 18]] += 1
            at += data[at + 16] << 8 | data[at + 17]

    def received(self, kind: int) -> None:
        """A message of a known type."""
        self._received[kind] += 1

    def shown(self) -> dict[str, dict[str, int]]:
        """By direction and name."""
        return {
            way: {NAMES[kind]: count for kind, count in counts.items()}
            for way, counts in (("sent", self._sent), ("received", self._received))
        }

    def adopt(self, shown: Mapping[str, Mapping[str, int]]) -> None:
        """Goes on from what ``shown`` gave elsewhere; what is missing there is 0."""
        for way, counts in (("sent", self._sent), ("received", self._received)):
            counts.update({kind: int(shown.get(way, {}).get(name, 0)) for kind, name in NAMES.items()})
