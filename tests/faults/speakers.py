# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two speakers that meet the same faults: ``wire``, and FRR's bgpd with bfdd."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Callable

from bench.machine import PRIORITY
from faults.daemons import Daemons
from faults.theatre import (
    BFD_LINES,
    BFD_MS,
    CONNECT,
    FAMILIES,
    GRACEFUL_RESTART,
    NODE_ASN,
    RESTART,
    ROUTER_ASN,
    Theatre,
)
from interop.stage import Host
from processes import Link, Wire

Prefixes = Mapping[str, Iterable[str]]


class Speaker:
    """What a fault wants of a speaker on a host, and the hosts with which it has a session over each family."""

    name = ""

    def __init__(self, theatre: Theatre, host: Host, peers: Mapping[str, Host], stack: ExitStack) -> None:
        self.terms, self.host, self.peers = theatre.terms, host, dict(peers)

    def announce(self, prefixes: Prefixes) -> None:
        """These more."""
        raise NotImplementedError

    def established(self, peer: str, family: str) -> bool:
        """Whether the session stands, in the speaker's own words."""
        raise NotImplementedError

    def kill(self) -> None:
        """``kill -9`` of what speaks BGP."""
        raise NotImplementedError

    def again(self) -> None:
        """Starts it again, as a service manager does."""
        raise NotImplementedError

    def upgrade(self) -> None:
        """Another version of it takes over, the way that its makers mean it."""
        raise NotImplementedError


class WireSpeaker(Speaker):
    """``wire``, and this program in the role of the process ``speaker``."""

    name = "wire"

    def __init__(self, theatre: Theatre, host: Host, peers: Mapping[str, Host], stack: ExitStack) -> None:
        super().__init__(theatre, host, peers, stack)
        folder = theatre.folder / f"wire-{host.namespace}"
        self.wire = Wire(folder, self.prefix(folder), realtime_priority=PRIORITY)
        stack.callback(self.wire.end)
        self.wire.start()
        self._link: Link = self.wire.link()
        self._routes: dict[str, Any] = {}
        self._hand_over()

    def prefix(self, folder: Path) -> list[str]:
        """What starts it on the host."""
        return self.host.prefix

    def announce(self, prefixes: Prefixes) -> None:
        added: dict[str, Any] = {}
        for family in FAMILIES:
            names = [session_name(peer, family) for peer in self.peers]
            added.update({prefix: [{"peers": names}] for prefix in prefixes.get(family, ())})
        self._routes.update(added)
        self._link.delta(routes=added)

    def established(self, peer: str, family: str) -> bool:
        state: str = self._link.session(session_name(peer, family))["state"]
        return state == "Established"

    def kill(self) -> None:
        self.wire.stop(signal.SIGKILL)

    def again(self) -> None:
        self.wire.start()
        self._link = self.wire.link()
        self._hand_over()

    def upgrade(self) -> None:
        self.wire.upgrade()
        self._link = self.wire.link()

    def _hand_over(self) -> None:
        peers = {
            session_name(name, family): self._peer(other, family)
            for name, other in self.peers.items()
            for family in FAMILIES
        }
        self._link.full(peers=peers, routes=self._routes)

    def _peer(self, other: Host, family: str) -> dict[str, Any]:
        bfd = {"receive_ms": BFD_MS, "transmit_ms": BFD_MS, "multiplier": 3, "passive": False, "minimum_ttl": None}
        return {
            "local_asn": NODE_ASN,
            "peer_asn": ROUTER_ASN,
            "address": other.address(family),
            "source_address": self.host.address(family),
            "router_id": self.host.ipv4,
            "hold_time": self.terms.hold,
            "keepalive_time": self.terms.keepalive,
            "connect_retry": CONNECT,
            "families": [family],
            "next_hop": {family: self.host.address(family)},
            "bfd": bfd if self.terms.bfd else None,
            "graceful_restart": {"time": RESTART} if self.terms.graceful_restart else None,
        }


class FrrSpeaker(Speaker):
    """bgpd with ``network`` statements, and bfdd where there is BFD."""

    name = "FRR"

    def __init__(self, theatre: Theatre, host: Host, peers: Mapping[str, Host], stack: ExitStack) -> None:
        super().__init__(theatre, host, peers, stack)
        folder = theatre.folder / f"frr-{host.namespace}"
        self.frr = Daemons(theatre.root, host.namespace, folder, bfd=self.terms.bfd)
        stack.callback(self.frr.end)
        if self.frr.bfd is not None:
            self.frr.bfd.configure(f"bfd\nprofile fast\n{BFD_LINES}")
        self.frr.vty.configure(
            "\n".join(
                [
                    f"router bgp {NODE_ASN}",
                    f"bgp router-id {host.ipv4}",
                    "no bgp ebgp-requires-policy",
                    "no bgp default ipv4-unicast",
                    "no bgp network import-check",
                    *(self._graceful_restart() if self.terms.graceful_restart else []),
                    *(line for other in peers.values() for family in FAMILIES for line in self._peer(other, family)),
                ]
            )
        )

    def announce(self, prefixes: Prefixes) -> None:
        vty = self.frr.vty
        vty.run("configure terminal")
        vty.run(f"router bgp {NODE_ASN}")
        for family in FAMILIES:
            vty.run(f"address-family {family} unicast")
            for prefix in prefixes.get(family, ()):
                vty.run(f"network {prefix}")
            vty.run("exit-address-family")
        vty.run("end")

    def established(self, peer: str, family: str) -> bool:
        state: str = self.frr.neighbour(self.peers[peer].address(family))["bgpState"]
        return state == "Established"

    def kill(self) -> None:
        self.frr.save()
        self.frr.finish(signal.SIGKILL, "bgpd")

    def again(self) -> None:
        self.frr.again("bgpd")

    def upgrade(self) -> None:
        self.frr.save()
        self.frr.finish(signal.SIGTERM, *self.frr.names)
        self.frr.again(*self.frr.names)

    def _graceful_restart(self) -> list[str]:
        return ["bgp graceful-restart", GRACEFUL_RESTART, f"bgp graceful-restart restart-time {RESTART}"]

    def _peer(self, other: Host, family: str) -> list[str]:
        start = f"neighbor {other.address(family)}"
        return [
            f"{start} remote-as {ROUTER_ASN}",
            f"{start} timers {self.terms.keepalive} {self.terms.hold}",
            f"{start} timers connect {CONNECT}",
            *([f"{start} bfd", f"{start} bfd profile fast"] if self.terms.bfd else []),
            f"address-family {family} unicast",
            f"{start} activate",
            "exit-address-family",
        ]


MakeSpeaker = Callable[[Theatre, Host, Mapping[str, Host], ExitStack], Speaker]


def session_name(peer: str, family: str) -> str:
    """The name of a session in wire."""
    return f"{peer}-{family}"
