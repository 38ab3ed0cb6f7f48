# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Capabilities in OPEN (RFC 5492): what we offer, what the peer offers, what is left to offer when it refuses one.

Ours: multiprotocol IPv4 and IPv6 unicast (RFC 4760), route refresh (RFC 2918, 7313), 4-octet ASN (RFC 6793), graceful
restart as the side that restarts (RFC 4724, 8538), IPv4 with an IPv6 next hop (RFC 8950).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..base.codec import Reader, Short
from ..base.model import Peer
from . import iana
from .errors import SessionError

Capability = tuple[int, bytes]
IPV4_OVER_IPV6 = b"\0\1\0\1\0\2"  # IPv4 unicast with an IPv6 next hop (RFC 8950 section 4)
IPV4_UNICAST: Capability = (iana.CAP_MULTIPROTOCOL, b"\0\1\0\1")


class Capabilities(NamedTuple):
    """Capabilities of one side; ``families`` is None when it offers no multiprotocol capability at all.

    ``restart``: flags and time of graceful restart, None without it.
    """

    families: tuple[str, ...] | None
    asn: int | None
    route_refresh: bool
    enhanced_refresh: bool
    restart: int | None
    extended_next_hop: bool


def offer(peer: Peer, restarted: bool = False) -> tuple[Capability, ...]:
    """Everything that we have for a peer; ``restarted``: it may still keep routes of the process before (RFC 4724).

    What carries the traffic of VIPs is the kernel's and stays in place, so forwarding is kept in every family.
    """
    items = []
    for name in peer.families:
        afi, safi = iana.AFI_SAFI[name]
        items.append((iana.CAP_MULTIPROTOCOL, bytes((0, afi, 0, safi))))
    items.append((iana.CAP_ROUTE_REFRESH, b""))
    items.append((iana.CAP_ENHANCED_REFRESH, b""))
    if peer.extended_next_hop:
        items.append((iana.CAP_EXTENDED_NEXT_HOP, IPV4_OVER_IPV6))
    if peer.restart_time is not None:
        head = peer.restart_time | iana.NOTIFICATION_KEEPS | (iana.RESTARTED if restarted else 0)
        kept = (bytes((0, *iana.AFI_SAFI[name], iana.FORWARDING)) for name in peer.families)
        items.append((iana.CAP_GRACEFUL_RESTART, head.to_bytes(2, "big") + b"".join(kept)))
    items.append((iana.CAP_FOUR_OCTET_ASN, peer.local_asn.to_bytes(4, "big")))
    return tuple(items)


def key(item: Capability) -> Capability:
    """What tells a capability from others: its code, and the family of a multiprotocol one."""
    return item if item[0] == iana.CAP_MULTIPROTOCOL else (item[0], b"")


def refused(offered: Iterable[Capability], subcode: int, data: bytes) -> frozenset[Capability]:
    """The keys of what the peer does not take, by the subcode and data of its NOTIFICATION (RFC 5492 sections 3, 5).

    All of them when it knows no capabilities at all; nothing when it names none of ours, or when no family would be
    left to carry.
    """
    ours = {key(item) for item in offered}
    if subcode == iana.BAD_PARAMETER:
        gone = ours
    else:
        try:
            gone = ours & {key(item) for item in _items(Reader(data))}
        except Short:
            return frozenset()
    families = {item for item in ours if item[0] == iana.CAP_MULTIPROTOCOL}
    # without any multiprotocol capability, a session carries IPv4 (RFC 4760 section 8)
    return frozenset() if families <= gone and IPV4_UNICAST not in families else frozenset(gone)


def families_of(items: Iterable[Capability]) -> bytes:
    """The multiprotocol capabilities alone, encoded."""
    return encode(item for item in items if item[0] == iana.CAP_MULTIPROTOCOL)


def encode(items: Iterable[Capability]) -> bytes:
    """Capabilities without the header of the optional parameter."""
    return b"".join(bytes((code, len(value))) + value for code, value in items)


def decode(parameters: Reader, wide: bool) -> Capabilities:
    """Reads all optional parameters; ``wide`` when they have lengths of two octets (RFC 9072).

    SessionError: a parameter that is no capability (2/4) or a broken one (2/0).
    """
    items: list[Capability] = []
    try:
        while parameters.left:
            if parameters.number(1) != iana.PARAMETER_CAPABILITIES:
                raise SessionError(iana.OPEN_ERROR, iana.BAD_PARAMETER, "peer's OPEN has an unknown optional parameter")
            items += _items(parameters.block(2 if wide else 1))
        return read(items)
    except Short:
        raise SessionError(iana.OPEN_ERROR, 0, "peer's OPEN has broken optional parameters") from None


def read(items: Iterable[Capability]) -> Capabilities:
    """What capabilities say; those that we do not know are passed over (RFC 5492 section 4). Short: a broken one."""
    families: list[str] = []
    codes = set()
    asn = restart = None
    extended = False
    for code, data in items:
        codes.add(code)
        value = Reader(data)
        if code == iana.CAP_MULTIPROTOCOL:
            name = iana.FAMILY_OF.get((value.number(2), value.number(2) & 0xFF))
            if name and name not in families:
                families.append(name)
        elif code == iana.CAP_FOUR_OCTET_ASN:
            asn = value.number(4)
        elif code == iana.CAP_GRACEFUL_RESTART:
            restart = value.number(2)
        elif code == iana.CAP_EXTENDED_NEXT_HOP:
            while value.left:
                extended |= value.take(6) == IPV4_OVER_IPV6
    return Capabilities(
        tuple(families) if iana.CAP_MULTIPROTOCOL in codes else None,
        asn,
        iana.CAP_ROUTE_REFRESH in codes,
        iana.CAP_ENHANCED_REFRESH in codes,
        restart,
        extended,
    )


def _items(block: Reader) -> list[Capability]:
    items = []
    while block.left:
        code = block.number(1)
        items.append((code, block.block(1).rest()))
    return items
