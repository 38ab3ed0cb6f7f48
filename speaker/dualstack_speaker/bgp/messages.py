# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OPEN, NOTIFICATION, KEEPALIVE and ROUTE-REFRESH (RFC 4271 section 4, RFC 2918, RFC 9003)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..base.addresses import IPV4, show
from ..base.codec import Reader, Short
from ..base.model import Peer
from . import capabilities, iana
from .errors import SessionError
from .framing import message

KEEPALIVE = message(iana.KEEPALIVE)


class Open(NamedTuple):
    """A received OPEN; ``asn`` is the 4-octet one where the peer has it."""

    asn: int
    hold_time: int
    identifier: bytes
    capabilities: capabilities.Capabilities


class Negotiated(NamedTuple):
    """What both sides agreed on. Times in seconds; a hold time of 0 means no keepalives (RFC 4271 section 4.2).

    ``restart``: the peer keeps our routes when the connection is lost, with ``notification_keeps`` also after any
    NOTIFICATION but a hard reset (RFC 8538). ``identifier``: the peer's.
    """

    families: tuple[str, ...]
    hold_time: int
    four_octet_asn: bool
    peer_asn: int = 0
    enhanced_refresh: bool = False
    restart: bool = False
    notification_keeps: bool = False
    identifier: bytes = bytes(4)


def encode_open(peer: Peer, offered: Iterable[capabilities.Capability]) -> bytes:
    """Our OPEN for a peer; one without capabilities has no optional parameters at all."""
    asn = peer.local_asn if peer.local_asn < 65536 else iana.AS_TRANS
    block = capabilities.encode(offered)
    options = bytes((iana.PARAMETER_CAPABILITIES, len(block))) + block if block else b""
    head = bytes((iana.VERSION,)) + asn.to_bytes(2, "big") + peer.hold_time.to_bytes(2, "big") + peer.router_id
    return message(iana.OPEN, head + bytes((len(options),)) + options)


def decode_open(body: bytes) -> Open:
    """Reads an OPEN's body (at least 10 octets, as framing checked); SessionError as RFC 4271 section 6.2 says."""
    reader = Reader(body)
    version, asn, hold_time = reader.number(1), reader.number(2), reader.number(2)
    if version != iana.VERSION:
        text = f"peer speaks BGP version {version}, not 4"
        raise SessionError(iana.OPEN_ERROR, iana.BAD_VERSION, text, bytes((0, iana.VERSION)))
    identifier = reader.take(4)
    try:
        length = reader.number(1)
        wide = length == iana.PARAMETER_EXTENDED and body[10:11] == bytes((iana.PARAMETER_EXTENDED,))
        if wide:
            reader.take(1)
            length = reader.number(2)
        options = Reader(reader.take(length))
        reader.end()
    except Short:
        raise SessionError(iana.OPEN_ERROR, 0, "peer's OPEN has a wrong length of its optional parameters") from None
    offered = capabilities.decode(options, wide)
    return Open(asn if offered.asn is None else offered.asn, hold_time, identifier, offered)


def negotiate(peer: Peer, offered: Iterable[capabilities.Capability], theirs: Open) -> Negotiated:
    """What a session uses after we offered this and got that OPEN.

    SessionError when there can be none (RFC 4271 section 6.2, RFC 5492, RFC 6286, RFC 7607).
    """
    problem = _wrong_asn(peer, theirs.asn)
    if problem:
        raise SessionError(iana.OPEN_ERROR, iana.BAD_PEER_AS, f"peer AS {theirs.asn} refused: {problem}")
    if theirs.identifier == bytes(4) or (peer.internal and theirs.identifier == peer.router_id):
        text = f"peer's router ID {show(theirs.identifier)} refused: it is 0 or our own"
        raise SessionError(iana.OPEN_ERROR, iana.BAD_IDENTIFIER, text)
    if theirs.hold_time in (1, 2):
        text = f"peer's hold time of {theirs.hold_time} s refused: it must be 0 or at least 3 s"
        raise SessionError(iana.OPEN_ERROR, iana.BAD_HOLD_TIME, text)
    ours, others = capabilities.read(offered), theirs.capabilities
    carried, accepted = (("ipv4",) if side.families is None else side.families for side in (ours, others))
    families = tuple(name for name in carried if name in accepted)
    if peer.extended_next_hop and not (ours.extended_next_hop and others.extended_next_hop):
        families = tuple(name for name in families if name != IPV4)
    if not families:
        text = f"peer carries none of {', '.join(carried)}: activate them for us on {peer.where}"
        text += " (IPv4 with an IPv6 next hop: RFC 8950)" if peer.extended_next_hop else ""
        raise SessionError(iana.OPEN_ERROR, iana.BAD_CAPABILITY, text, capabilities.families_of(offered))
    return Negotiated(
        families,
        min(peer.hold_time, theirs.hold_time),
        None not in (ours.asn, others.asn),
        theirs.asn,
        ours.enhanced_refresh and others.enhanced_refresh,
        None not in (ours.restart, others.restart),
        bool((ours.restart or 0) & (others.restart or 0) & iana.NOTIFICATION_KEEPS),
        theirs.identifier,
    )


def _wrong_asn(peer: Peer, asn: int) -> str:
    """Why a peer of this ASN is refused; empty when it is not."""
    if asn == 0:
        return "nobody has this ASN (RFC 7607)"
    if peer.peer_asn is not None:
        return "" if asn == peer.peer_asn else f"{peer.peer_asn} is configured for {peer.where}"
    if (asn == peer.local_asn) == peer.internal:
        return ""
    return f"{peer.where} must be {'in our AS' if peer.internal else 'in another AS than'} {peer.local_asn}"


def encode_notification(code: int, subcode: int, data: bytes = b"") -> bytes:
    """A NOTIFICATION."""
    return message(iana.NOTIFICATION, bytes((code, subcode)) + data)


def shutdown_text(reason: str) -> bytes:
    """The data of a Cease that carries a reason (RFC 9003): at most 255 octets of UTF-8."""
    text = reason.encode()[:255].decode("utf-8", "ignore").encode()
    return bytes((len(text),)) + text


def decode_route_refresh(body: bytes, enhanced: bool) -> str | None:
    """The family that a ROUTE-REFRESH asks for.

    None when it is none of ours (RFC 2918: ignored) or no request: the peer then marks where the routes that it
    repeats begin and end. SessionError for such a mark of a wrong length (RFC 7313 section 5).
    """
    reader = Reader(body)
    afi, subtype, safi = reader.number(2), reader.number(1), reader.number(1)
    if enhanced and subtype in (iana.REFRESH_BEGINS, iana.REFRESH_ENDS) and reader.left:
        text = f"received a ROUTE-REFRESH of {len(body)} octets instead of 4"
        data = message(iana.ROUTE_REFRESH, body)
        raise SessionError(iana.REFRESH_ERROR, iana.INVALID_REFRESH_LENGTH, text, data)
    return iana.FAMILY_OF.get((afi, safi)) if subtype == iana.REFRESH else None


def encode_route_refresh(family: str, subtype: int) -> bytes:
    """A mark around routes that are repeated (RFC 7313 section 3.2)."""
    afi, safi = iana.AFI_SAFI[family]
    return message(iana.ROUTE_REFRESH, bytes((0, afi, subtype, safi)))
