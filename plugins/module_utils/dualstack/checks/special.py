# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Special-purpose address space, by what it is reserved for (IANA's special-purpose registries, RFC 6890, RFC 8190)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..addresses.blocks import IPV4, IPV6, Block, address_text, parse_network
from ..addresses.sets import subtract
from ..intent.load import Intent
from .owners import stated
from .rule import Plan, Problem


class Special(NamedTuple):
    """A block of special space, what it is, and the document that says so."""

    block: Block
    name: str
    source: str


def _special(text: str, name: str, source: str) -> Special:
    return Special(parse_network(text), name, source)


MULTICAST = (
    _special("224.0.0.0/4", "multicast", "RFC 5771"),
    _special("ff00::/8", "multicast", "RFC 4291 section 2.7"),
)
LINK_LOCAL = (
    _special("169.254.0.0/16", "link-local space", "RFC 3927"),
    _special("fe80::/10", "link-local space", "RFC 4291 section 2.5.6"),
)
LOOPBACK = (
    _special("127.0.0.0/8", "loopback space of a host", "RFC 1122 section 3.2.1.3"),
    _special("::1/128", "the loopback address of a host", "RFC 4291 section 2.5.3"),
)
UNSPECIFIED = (
    _special("0.0.0.0/8", '"this network"', "RFC 1122 section 3.2.1.3"),
    _special("::/128", "the unspecified address", "RFC 4291 section 2.5.2"),
)
WITHDRAWN = (
    _special("192.88.99.0/24", "the withdrawn 6to4 relay anycast", "RFC 7526"),
    _special("fec0::/10", "withdrawn site-local space", "RFC 3879"),
    _special("3ffe::/16", "the withdrawn 6bone", "RFC 3701"),
    _special("2001:10::/28", "withdrawn ORCHID identifiers", "RFC 4843"),
)
PROTOCOLS = (
    _special("192.0.0.0/24", "space of IETF protocols", "RFC 6890"),
    _special("192.31.196.0/24", "AS112 anycast", "RFC 7535"),
    _special("192.52.193.0/24", "AMT anycast", "RFC 7450"),
    _special("192.175.48.0/24", "AS112 anycast", "RFC 7534"),
    _special("64:ff9b::/96", "the NAT64 prefix", "RFC 6052"),
    _special("64:ff9b:1::/48", "local NAT64 space", "RFC 8215"),
    _special("100::/64", "the discard prefix", "RFC 6666"),
    _special("2001:3::/32", "AMT anycast", "RFC 7450"),
    _special("2001:4:112::/48", "AS112 anycast", "RFC 7535"),
    _special("2001:20::/28", "ORCHIDv2 identifiers", "RFC 7343"),
    _special("2001:30::/28", "drone identifiers", "RFC 9374"),
    _special("2620:4f:8000::/48", "AS112 anycast", "RFC 7534"),
    _special("5f00::/16", "SRv6 segment identifiers", "RFC 9602"),
)
TRANSITION = (
    _special("2001::/32", "Teredo space", "RFC 4380"),
    _special("2002::/16", "6to4 space", "RFC 7526"),
)
BENCHMARKING = (
    _special("198.18.0.0/15", "benchmarking space", "RFC 2544"),
    _special("2001:2::/48", "benchmarking space", "RFC 5180"),
)
DOCUMENTATION = (
    _special("192.0.2.0/24", "documentation space", "RFC 5737"),
    _special("198.51.100.0/24", "documentation space", "RFC 5737"),
    _special("203.0.113.0/24", "documentation space", "RFC 5737"),
    _special("2001:db8::/32", "documentation space", "RFC 3849"),
    _special("3fff::/20", "documentation space", "RFC 9637"),
)
_ASSIGNED = ("2000::/3", "fc00::/7")
UNASSIGNED = (
    _special("240.0.0.0/4", "reserved space (class E)", "RFC 1112 section 4"),
    *(
        Special(block, "space that IANA has assigned to nobody", "RFC 4291 section 2.4, IANA ipv6-address-space")
        for block in subtract(
            Block(IPV6, 0, (1 << 128) - 1),
            [
                *map(parse_network, _ASSIGNED),
                *(
                    special.block
                    for group in (MULTICAST, LINK_LOCAL, LOOPBACK, UNSPECIFIED, WITHDRAWN, PROTOCOLS)
                    for special in group
                ),
            ],
        )
    ),
)
EVERY = (
    *(MULTICAST + LINK_LOCAL + LOOPBACK + UNSPECIFIED + WITHDRAWN + PROTOCOLS + TRANSITION + BENCHMARKING),
    *(DOCUMENTATION + UNASSIGNED),
)
INSTEAD = {
    IPV4: "10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 (RFC 1918)",
    IPV6: "your own fdxx:xxxx:xxxx::/48 (RFC 4193)",
}


def shown(block: Block) -> str:
    """The block as text, one address as an address."""
    return str(block) if block.size > 1 else address_text(block.family, block.first)


def inside(intent: Intent, plan: Plan, specials: Sequence[Special]) -> Iterator[Problem]:
    """What the intent states of these blocks."""
    for path, block in stated(intent, plan):
        for special in specials:
            shared = block.overlap(special.block)
            if shared is not None:
                reason = f"is {special.name} ({special.source})"
                if shared != block:
                    reason = f"{shown(shared)} of it {reason}"
                fix = f"Take it from space that was assigned to you, or from {INSTEAD[block.family]}."
                yield Problem(path, shown(block), reason, fix)
