# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one node knows about itself, and its addresses as pairs of address and network."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ..addresses.blocks import IPV4, Block, address_text, parse_interface, parse_network

UNKNOWN, OF_LOCAL, OF_ALL = "unknown", "local", "all"
_LOCAL = tuple(map(parse_network, ("127.0.0.0/8", "169.254.0.0/16", "::1/128", "fe80::/10")))


class Speaker(NamedTuple):
    """Another node that runs ``wire``: the interfaces on which it could answer, and whether one need not be named."""

    interfaces: frozenset[str]
    is_open: bool

    def able(self, named: Collection[str]) -> bool:
        """Whether it could answer on one of these interfaces; none: on any."""
        return not self.interfaces.isdisjoint(named) if named else self.is_open


@dataclass(frozen=True)
class NodeFacts:
    """The facts of a node.

    ``interfaces``: name → ``address/length`` texts, the preferred ones first; addresses that can't be used (tentative,
    deprecated) are left out by the caller. ``router_id``: an IPv4 address, or None to derive one. ``endpoints``: of
    which Services the EndpointSlices are known: none (UNKNOWN), those with the traffic policy Local, or all.
    ``speakers``: other nodes of which ``wire`` has heard; None: it has heard of nobody.
    """

    name: str
    interfaces: Mapping[str, Sequence[str]] = field(default_factory=dict)
    router_id: str | None = None
    load_balancer_class: str | None = None
    ignore_exclude_label: bool = False
    endpoints: str = UNKNOWN
    speakers: Mapping[str, Speaker] | None = None


@dataclass(frozen=True)
class Address:
    """An address of the node on an interface."""

    interface: str
    block: Block
    network: Block

    @property
    def text(self) -> str:
        """The address alone."""
        return address_text(self.block.family, self.block.first)

    @property
    def routable(self) -> bool:
        """Whether others can use it as a next hop: neither loopback nor link-local."""
        return not any(local.contains(self.block) for local in _LOCAL)


def addresses(facts: NodeFacts) -> Iterator[Address]:
    """All addresses of the node, in the order of ``interfaces``."""
    for name, texts in facts.interfaces.items():
        for text in texts:
            yield Address(name, *parse_interface(text))


def router_id(facts: NodeFacts, chosen: Address | None) -> str:
    """The router ID where a peer states none: the node's, else an IPv4 address near the session, else from the name.

    The last two steps are MetalLB's (`internal/bgp/native`): CRC-32 of the node's name in little-endian octets.
    """
    if facts.router_id:
        return facts.router_id
    own = [entry for entry in addresses(facts) if entry.block.family == IPV4 and entry.routable]
    near = [entry for entry in own if chosen and entry.interface == chosen.interface]
    if chosen and chosen.block.family == IPV4:
        near.insert(0, chosen)
    if near or own:
        return (near or own)[0].text
    value = zlib.crc32(facts.name.encode())
    return address_text(IPV4, int.from_bytes(value.to_bytes(4, "little"), "big"))
