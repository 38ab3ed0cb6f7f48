# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sessions of the matrix: every transport, kind of peer and password, for each thing that is tried on a session."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from interop.peers.shape import FAMILIES, Neighbour

KINDS = ("eBGP", "iBGP", "eBGP multihop")
PASSWORDS = ("none", "MD5", "wrong MD5")
PLAIN, RESTART, EXTENDED, DIALLED = "announce", "restart", "RFC 8950", "they dial"
UNNUMBERED, WATCHED = "unnumbered", "BFD"
CHANGES = "add, withdraw, communities"  # on the sessions of PLAIN, later
COLUMNS = (PLAIN, CHANGES, RESTART, EXTENDED, DIALLED, UNNUMBERED, WATCHED)
OUR_ASN, THEIR_ASN = 64512, 64500
OURS = {"none": None, "MD5": "s3cret", "wrong MD5": "ours"}
THEIRS = {"none": None, "MD5": "s3cret", "wrong MD5": "theirs"}
HOPS = 2  # links between the ends of a multihop session
BFD_MS = 1000  # three of them are more than a busy machine sleeps


@dataclass(frozen=True)
class Case:
    """One session. It has an address pair of its own at both ends, so that any number stands side by side."""

    number: int
    transport: str
    kind: str
    password: str
    tried: str

    @property
    def name(self) -> str:
        """Its name for wire."""
        return f"{self.number}: {self.tried}, {self.kind} over {self.transport}, password: {self.password}"

    @property
    def far(self) -> bool:
        """Whether a router is in between."""
        return self.kind == "eBGP multihop"

    @property
    def internal(self) -> bool:
        """Whether both ends have one ASN."""
        return self.kind == "iBGP"

    @property
    def refused(self) -> bool:
        """Whether there must not be a session."""
        return self.password == "wrong MD5"

    @property
    def interface(self) -> str | None:
        """The link of an unnumbered session, at both ends."""
        return f"link{self.number}" if self.tried == UNNUMBERED else None

    def ours(self, family: str) -> str:
        """The node's address."""
        if self.interface:
            return f"fe80::a:{self.number:x}"
        net = 8 if self.far else 1
        return f"10.0.{net}.{20 + self.number}" if family == "ipv4" else f"2001:db8:dc:{net}::a:{self.number:x}"

    def theirs(self, family: str) -> str:
        """The router's address."""
        if self.interface:
            return f"fe80::b:{self.number:x}"
        net = 9 if self.far else 1
        return f"10.0.{net}.{120 + self.number}" if family == "ipv4" else f"2001:db8:dc:{net}::b:{self.number:x}"

    def next_hop(self, family: str) -> str:
        """What we announce with."""
        return self.ours("ipv6" if self.tried == EXTENDED else family)

    def neighbour(self) -> Neighbour:
        """The session as the stack is told."""
        return Neighbour(
            address=self.ours(self.transport),
            asn=THEIR_ASN if self.internal else OUR_ASN,
            source=self.theirs(self.transport),
            password=THEIRS[self.password],
            ttl=HOPS if self.far else None,
            passive=self.tried
            not in (DIALLED, WATCHED, UNNUMBERED),  # a passive iBGP peer of FRR 10.3 would never watch
            extended_next_hop=self.tried in (EXTENDED, UNNUMBERED),
            hold_time=30,
            bfd_ms=BFD_MS if self.tried == WATCHED else None,
            interface=self.interface,
        )

    def peer(self) -> dict[str, Any]:
        """The session as wire is told."""
        bfd = {
            "receive_ms": BFD_MS,
            "transmit_ms": BFD_MS,
            "multiplier": 3,
            "passive": False,
            "minimum_ttl": 60 if self.far else None,  # BIRD sends with 64
        }
        return {
            "local_asn": THEIR_ASN if self.internal else OUR_ASN,
            "peer_asn": THEIR_ASN,
            "address": None if self.interface else self.theirs(self.transport),
            "interface": self.interface,
            "source_address": None if self.interface else self.ours(self.transport),
            "router_id": "10.0.1.2",
            "hold_time": 30,
            "keepalive_time": 10,
            "connect_retry": 1,
            "password": OURS[self.password],
            "families": list(FAMILIES),
            "next_hop": {} if self.interface else {family: self.next_hop(family) for family in FAMILIES},
            "multihop": self.far,
            "ttl": HOPS if self.far else None,
            "passive": self.tried == DIALLED,
            "graceful_restart": {"time": 120} if self.tried == RESTART else None,
            "bfd": bfd if self.tried == WATCHED else None,
        }


def cases() -> list[Case]:
    """All sessions with a stack: unnumbered ones are on a link and have IPv6 alone, BFD has no password."""
    found = [
        *itertools.product((PLAIN, RESTART, EXTENDED, DIALLED), FAMILIES, KINDS, PASSWORDS),
        *itertools.product((UNNUMBERED,), FAMILIES[1:], KINDS[:2], PASSWORDS),
        *itertools.product((WATCHED,), FAMILIES, KINDS, PASSWORDS[:1]),
    ]
    return [
        Case(number, transport, kind, password, tried)
        for number, (tried, transport, kind, password) in enumerate(found)
    ]
