# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Path attributes of what we originate (RFC 4271 section 5, 4760, 1997, 4360, 8092, 6793).

Order: MP_REACH_NLRI first (RFC 7606 section 5.1), then by type code.
Left out on purpose: MED, aggregator, AS sets; nothing is decoded, because received routes are dropped unread.
"""

from __future__ import annotations

from ..base.model import Attributes, Peer
from . import iana

_OPTIONAL, _TRANSITIVE, _EXTENDED = 0x80, 0x40, 0x10
DEFAULT_LOCAL_PREFERENCE = 100  # what routers assume themselves (RFC 4271 leaves it to the operator)


def attribute(flags: int, code: int, value: bytes) -> bytes:
    """One attribute with its header; the length takes two octets where it must."""
    if len(value) > 255:
        return bytes((flags | _EXTENDED, code)) + len(value).to_bytes(2, "big") + value
    return bytes((flags, code, len(value))) + value


def mp_reach(family: str, next_hop: bytes, nlri: bytes) -> bytes:
    """MP_REACH_NLRI (RFC 4760 section 3)."""
    afi, safi = iana.AFI_SAFI[family]
    head = bytes((0, afi, safi, len(next_hop))) + next_hop + bytes(1)
    return attribute(_OPTIONAL, iana.MP_REACH_NLRI, head + nlri)


def mp_unreach(family: str, nlri: bytes = b"") -> bytes:
    """MP_UNREACH_NLRI (RFC 4760 section 4); without NLRI the End-of-RIB of a family (RFC 4724 section 2)."""
    afi, safi = iana.AFI_SAFI[family]
    return attribute(_OPTIONAL, iana.MP_UNREACH_NLRI, bytes((0, afi, safi)) + nlri)


def about_to_go(values: Attributes) -> Attributes:
    """The same as routers should avoid it while they have anything else (RFC 8326 section 4.1, 4.2)."""
    communities = tuple(sorted({*values.communities, iana.GRACEFUL_SHUTDOWN}))
    return values._replace(communities=communities, local_preference=0)


def encode(peer: Peer, values: Attributes, next_hop: bytes | None, four_octet_asn: bool) -> bytes:
    """All attributes but MP_REACH_NLRI, in order; ``next_hop`` for NLRI in the classic field, else None.

    AS_PATH is empty towards iBGP, else one AS_SEQUENCE with our ASN; LOCAL_PREF only towards iBGP (RFC 4271 section
    5.1.5).
    """
    out = attribute(_TRANSITIVE, iana.ORIGIN, bytes(1))
    out += attribute(_TRANSITIVE, iana.AS_PATH, _as_path(peer, four_octet_asn))
    if next_hop is not None:
        out += attribute(_TRANSITIVE, iana.NEXT_HOP, next_hop)
    if peer.internal:
        preference = values.local_preference
        value = DEFAULT_LOCAL_PREFERENCE if preference is None else preference
        out += attribute(_TRANSITIVE, iana.LOCAL_PREF, value.to_bytes(4, "big"))
    if values.communities:
        block = b"".join(number.to_bytes(4, "big") for number in values.communities)
        out += attribute(_OPTIONAL | _TRANSITIVE, iana.COMMUNITIES, block)
    extended = values.extended_communities and _extended(peer, values)  # a call less for most prefixes
    if extended:
        block = b"".join(number.to_bytes(8, "big") for number in extended)
        out += attribute(_OPTIONAL | _TRANSITIVE, iana.EXTENDED_COMMUNITIES, block)
    if not (peer.internal or four_octet_asn) and peer.local_asn > 65535:
        path = bytes((iana.AS_SEQUENCE, 1)) + peer.local_asn.to_bytes(4, "big")
        out += attribute(_OPTIONAL | _TRANSITIVE, iana.AS4_PATH, path)
    if values.large_communities:
        block = b"".join(part.to_bytes(4, "big") for triple in values.large_communities for part in triple)
        out += attribute(_OPTIONAL | _TRANSITIVE, iana.LARGE_COMMUNITIES, block)
    return out


def _extended(peer: Peer, values: Attributes) -> tuple[int, ...]:
    """Without those that are not transitive where the peer is of another AS (RFC 4360 section 6)."""
    if peer.internal:
        return values.extended_communities
    return tuple(number for number in values.extended_communities if not number & iana.NON_TRANSITIVE)


def _as_path(peer: Peer, four_octet_asn: bool) -> bytes:
    if peer.internal:
        return b""
    if four_octet_asn:
        return bytes((iana.AS_SEQUENCE, 1)) + peer.local_asn.to_bytes(4, "big")
    asn = peer.local_asn if peer.local_asn < 65536 else iana.AS_TRANS
    return bytes((iana.AS_SEQUENCE, 1)) + asn.to_bytes(2, "big")
