# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a router's bgpd and bfdd know: routes that are missing, sessions lost, the moment something came true."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Callable

from faults.daemons import Daemons
from faults.theatre import FAMILIES
from interop.frr import Vty
from interop.stage import Host

PAUSE = 0.01  # seconds between two looks: bgpd has other work too
PATIENCE = 90.0


class Looks:
    """From ``with`` to its end, on a vty of its own. ``missing``: the most prefixes of a family not there at a look."""

    def __init__(self, frr: Daemons, prefixes: Mapping[str, Sequence[str]]) -> None:
        self._vty = frr.another_vty()
        self._prefixes = {family: frozenset(wanted) for family, wanted in prefixes.items()}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.looks = 0
        self.missing = dict.fromkeys(prefixes, 0)

    def __enter__(self) -> Looks:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()
        self._vty.close()

    def _look(self) -> None:
        while not self._over.is_set():
            for family, wanted in self._prefixes.items():
                self.missing[family] = max(self.missing[family], len(wanted - held(self._vty, family)))
            self.looks += 1
            time.sleep(PAUSE)


class Moments:
    """From ``with`` to its end, which waits: when something came true for each family (``at``, monotonic seconds).

    ``true(family)`` is asked by a thread of its own. Families for which it did not come true have no entry.
    """

    def __init__(self, true: Callable[[str], bool], patience: float = PATIENCE) -> None:
        self._true = true
        self._patience = patience
        self._failed = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.at: dict[str, float] = {}

    def __enter__(self) -> Moments:
        self._thread.start()
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        if kind is not None:
            self._failed.set()
        self._thread.join()

    def since(self, begun: float) -> dict[str, float]:
        """Milliseconds from ``begun`` on."""
        return {family: (at - begun) * 1000 for family, at in self.at.items()}

    def _look(self) -> None:
        deadline = time.monotonic() + self._patience
        while len(self.at) < len(FAMILIES) and time.monotonic() < deadline and not self._failed.is_set():
            for family in FAMILIES:
                if family not in self.at and self._true(family):
                    self.at[family] = time.monotonic()
            time.sleep(PAUSE)


def held(vty: Vty, family: str) -> set[str]:
    """The prefixes of a family of which bgpd has a path."""
    return {prefix for prefix, paths in vty.show(f"show bgp {family} unicast").get("routes", {}).items() if paths}


def senders(vty: Vty, family: str, prefix: str) -> set[str]:
    """The neighbours from which bgpd has a path of a prefix."""
    found = vty.show(f"show bgp {family} unicast {prefix}").get("paths", [])
    return {path["peer"]["peerId"] for path in found if path.get("valid") and not path.get("removed")}


def neighbour(vty: Vty, host: Host, family: str) -> dict[str, Any]:
    """What bgpd tells of a host."""
    address = host.address(family)
    found: dict[str, Any] = vty.show(f"show bgp neighbors {address}")[address]
    return found


def flaps(frr: Daemons, host: Host) -> dict[str, int]:
    """How often sessions of BGP and of BFD went down, in the router's counters."""
    found = {family: int(neighbour(frr.vty, host, family)["connectionsDropped"]) for family in FAMILIES}
    if frr.bfd is not None:
        downs = {entry["peer"]: entry["session-down"] for entry in frr.bfd.show("show bfd peers counters")}
        for family in FAMILIES:
            found[family] += downs.get(host.address(family), 0)
    return found
