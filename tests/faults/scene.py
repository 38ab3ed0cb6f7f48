# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scene of a round: a theatre whose speakers are all of one kind, before anything happens to them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from faults.looks import neighbour, senders
from faults.speakers import MakeSpeaker, Speaker
from faults.theatre import FAMILIES, Terms, Theatre
from interop.stage import Host
from processes import until


class Scene:
    """One node, or two that share the VIPs; the router has all their routes, and BFD is up where it is used."""

    def __init__(
        self, root: Path, folder: Path, stack: ExitStack, make: MakeSpeaker, terms: Terms, nodes: int = 1
    ) -> None:
        self.stack = stack
        self.theatre = Theatre(root, folder, stack, terms)
        self.prefixes = terms.prefixes()
        self.hosts = [self.theatre.node() for _unused in range(nodes)]
        peers = self.peers()
        self.speakers = [make(self.theatre, host, peers, stack) for host in self.hosts]
        for speaker in self.speakers:
            speaker.announce(self.prefixes)
        self.settle()

    def peers(self) -> Mapping[str, Host]:
        """With whom the speakers have sessions; the router is ``tor``."""
        return {"tor": self.theatre.router}

    @property
    def host(self) -> Host:
        """The node that the fault meets."""
        return self.hosts[0]

    @property
    def speaker(self) -> Speaker:
        """Its speaker."""
        return self.speakers[0]

    @property
    def vip_prefix(self) -> dict[str, str]:
        """The prefix that is probed, by family."""
        return {family: self.prefixes[family][0] for family in FAMILIES}

    def settle(self) -> None:
        """Waits until nothing is missing any more."""
        for host in self.hosts:
            for family in FAMILIES:
                until(lambda host=host, family=family: self.complete(host, family), f"{family} of {host.namespace}")

    def complete(self, host: Host, family: str) -> bool:
        """Whether the router has all routes of a node in a family and may use them, and BFD is up at its own pace."""
        vty = self.theatre.frr.vty
        info = neighbour(vty, host, family).get("addressFamilyInfo", {}).get(f"{family}Unicast", {})
        if info.get("acceptedPrefixCounter", 0) < self.theatre.terms.routes:
            return False
        return self.sends(host, family) and (not self.theatre.terms.bfd or self._watched(host, family))

    def sends(self, host: Host, family: str) -> bool:
        """Whether the router has the VIP's route from a node."""
        return host.address(family) in senders(self.theatre.frr.vty, family, self.vip_prefix[family])

    def _watched(self, host: Host, family: str) -> bool:
        assert self.theatre.frr.bfd is not None
        found: list[dict[str, Any]] = self.theatre.frr.bfd.show("show bfd peers")
        mine = (entry for entry in found if entry["peer"] == host.address(family))
        return any(entry["status"] == "up" and entry["remote-transmit-interval"] < 1000 for entry in mine)
