# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The router of the BGP measurements, FRR, and the node with the speaker that is measured: two namespaces on a switch.

Sessions are eBGP over IPv4 and carry both families. There are as many as there are pairs of addresses. A prefix counts
once the router's bgpd shows it as accepted from everybody; it is asked every half millisecond, and for a single prefix
again and again, about every tenth of one.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

from interop.peers.frr import Frr
from interop.peers.shape import FAMILIES, Neighbour
from interop.stage import Host, Stage
from machine import wait

ROUTER_ASN, NODE_ASN = 64500, 64512
HOLD_TIME = 9  # seconds; a keepalive every three


def prefixes(count: int, first: int = 0) -> list[str]:
    """Host prefixes, the families in turn."""
    numbers = range(first, first + count // 2)
    pairs = ((f"100.{64 + (n >> 16)}.{n >> 8 & 255}.{n & 255}/32", f"2001:db8:1::{n:x}/128") for n in numbers)
    return list(chain.from_iterable(pairs))


class BgpStage:
    """Both hosts with ``pairs`` sessions; the router listens."""

    def __init__(self, root: Path, folder: Path, stack: ExitStack, pairs: int = 1) -> None:
        stage = Stage()
        stack.callback(stage.end)
        self.router, self.node = stage.host("router"), stage.host("node")
        self.next_hop = {"ipv4": self.node.ipv4, "ipv6": self.node.ipv6}
        numbers = range(1, pairs + 1)
        self.pairs = [(f"10.1.0.{number}", f"10.1.1.{number}") for number in numbers]  # node, router
        self._address(self.node, [ours for ours, _theirs in self.pairs])
        self._address(self.router, [theirs for _ours, theirs in self.pairs])
        neighbours = [Neighbour(ours, NODE_ASN, theirs, hold_time=HOLD_TIME) for ours, theirs in self.pairs]
        self.frr = Frr(root, self.router.namespace, folder / "router", ROUTER_ASN, self.router.ipv4, neighbours)
        stack.callback(self.frr.end)

    @staticmethod
    def _address(host: Host, addresses: Sequence[str]) -> None:
        lines = "\n".join(f"address add {address}/16 dev rack1" for address in addresses)
        subprocess.run(["ip", "-n", host.namespace, "-batch", "-"], input=lines, text=True, check=True)

    def neighbours(self) -> list[Neighbour]:
        """The router as a speaker of others is told."""
        return [
            Neighbour(theirs, ROUTER_ASN, ours, passive=False, hold_time=HOLD_TIME, next_hop=self.next_hop)
            for ours, theirs in self.pairs
        ]

    def peers(self) -> dict[str, dict[str, object]]:
        """The router as ``wire`` is told."""
        return {
            f"router{number}": {
                "local_asn": NODE_ASN,
                "peer_asn": ROUTER_ASN,
                "address": theirs,
                "source_address": ours,
                "router_id": self.node.ipv4,
                "hold_time": HOLD_TIME,
                "keepalive_time": HOLD_TIME // 3,
                "connect_retry": 1,
                "families": list(FAMILIES),
                "next_hop": self.next_hop,
            }
            for number, (ours, theirs) in enumerate(self.pairs)
        }

    def states(self) -> list[str]:
        """The states of all sessions in the router's words."""
        shown = self.frr.vty.show("show bgp neighbors")
        return [shown[ours]["bgpState"] for ours, _theirs in self.pairs]

    def wait_for_state(self, state: str) -> None:
        """Waits until all sessions have a state."""
        wait(lambda: self.states() == [state] * len(self.pairs), f"sessions that are {state}")

    def accepted(self) -> set[int]:
        """How many prefixes of both families the router holds: the different counts of the sessions."""
        return {sum(self.frr.accepted(ours).values()) for ours, _theirs in self.pairs}

    def wait_for(self, count: int, last: str | None = None) -> None:
        """Waits until so many are accepted; asks for the ``last`` alone at first, which keeps bgpd less busy."""
        if last is not None:
            self.wait_for_route(last, count > 0)
        wait(lambda: self.accepted() == {count}, f"{count} prefixes")

    def wait_for_route(self, prefix: str, there: bool = True, pause: float = 0.0005) -> None:
        """Waits until one prefix is there, or gone; asks after each ``pause`` (seconds)."""
        command = f"show bgp {'ipv6' if ':' in prefix else 'ipv4'} unicast {prefix} json"
        wait(lambda: ('"paths"' in self.frr.vty.run(command)) is there, prefix, pause)
