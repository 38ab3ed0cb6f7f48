# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A peer as JSON: checked reading and writing."""

from __future__ import annotations

from typing import Any

from ..base.addresses import FAMILIES, IPV4, IPV6, family, link_local, show
from ..base.model import EXTERNAL, INTERNAL, UNKNOWN, Peer
from . import bfd
from .errors import LinkError
from .fields import Fields, fits

MAX_INTERFACE = 15  # octets: IFNAMSIZ of Linux without its final zero
MAX_PASSWORD = 80  # octets: TCP_MD5SIG_MAXKEYLEN of Linux


def decode(where: str, value: Any) -> Peer:
    """A peer; LinkError names the bad field."""
    fields = Fields(where, value)
    interface = _interface(fields)
    address = _address(fields, interface)
    between_links = address == UNKNOWN or link_local(address)
    source = fields.address("source_address", None)
    if source is not None and len(source) != len(address):
        raise LinkError(f"{where}.source_address: {show(source)} is not of the family of the peer's address")
    if source is not None and link_local(source) != between_links:
        raise LinkError(f"{where}.source_address: of {show(source)} and the peer's address one alone is link-local")
    router_id = fields.address("router_id")
    if router_id is None or len(router_id) != 4 or not any(router_id):
        raise LinkError(f"{where}.router_id: an IPv4 address other than 0.0.0.0 is expected")
    hold_time = fields.number("hold_time", 0, 65535)
    if hold_time in (1, 2):
        raise LinkError(f"{where}.hold_time: {hold_time} is neither 0 nor at least 3 (RFC 4271 section 4.2)")
    families = fields.texts("families")
    if not families or len(set(families)) != len(families) or not set(families) <= set(FAMILIES):
        raise LinkError(f"{where}.families: one or both of {', '.join(FAMILIES)} are expected")
    hops = Fields(f"{where}.next_hop", fields.take("next_hop"))
    next_hop = {name: _next_hop(hops, name, name in families and not between_links, address) for name in FAMILIES}
    hops.end()
    dynamic = fields.take("dynamic_asn", None)
    if dynamic not in (None, INTERNAL, EXTERNAL):
        raise LinkError(f"{where}.dynamic_asn: {dynamic!r} is neither {INTERNAL}, {EXTERNAL} nor null")
    peer_asn = fields.take("peer_asn", None) if dynamic else fields.number("peer_asn", 1, 0xFFFFFFFF)
    if dynamic and peer_asn is not None:
        raise LinkError(f"{where}.peer_asn: {peer_asn} stands beside dynamic_asn")
    ttl, ttl_security = fields.optional_number("ttl", 1, 255), fields.optional_number("ttl_security", 1, 254)
    if ttl is not None and ttl_security is not None:
        raise LinkError(f"{where}.ttl: {ttl} stands beside ttl_security, which sends 255 (RFC 5082)")
    peer = Peer(
        local_asn=fields.number("local_asn", 1, 0xFFFFFFFF),
        peer_asn=peer_asn,
        address=address,
        port=fields.number("port", 1, 65535, 179),
        source_address=source,
        router_id=router_id,
        hold_time=hold_time,
        keepalive_time=fields.seconds("keepalive_time", 1, 65535),
        connect_retry=fields.seconds("connect_retry", 0.1, 65535),
        password=_password(fields),
        families=tuple(name for name in FAMILIES if name in families),
        next_hop_ipv4=next_hop["ipv4"],
        next_hop_ipv6=next_hop["ipv6"],
        multihop=fields.flag("multihop", False),
        bfd=bfd.decode(f"{where}.bfd", fields.take("bfd", None)),
        dynamic_asn=dynamic,
        restart_time=_restart_time(fields),
        ttl=ttl,
        ttl_security=ttl_security,
        interface=interface,
        passive=fields.flag("passive", False),
    )
    fields.end()
    return peer


def encode(peer: Peer) -> dict[str, Any]:
    """The JSON object of a peer, its password included."""
    hops = {"ipv4": peer.next_hop_ipv4, "ipv6": peer.next_hop_ipv6}
    return {
        "local_asn": peer.local_asn,
        "peer_asn": peer.peer_asn,
        "address": None if peer.address == UNKNOWN else show(peer.address),
        "interface": peer.interface,
        "port": peer.port,
        "source_address": None if peer.source_address is None else show(peer.source_address),
        "router_id": show(peer.router_id),
        "hold_time": peer.hold_time,
        "keepalive_time": peer.keepalive_time,
        "connect_retry": peer.connect_retry,
        "password": peer.password,
        "families": list(peer.families),
        "next_hop": {name: show(hop) for name, hop in hops.items() if hop is not None},
        "multihop": peer.multihop,
        "dynamic_asn": peer.dynamic_asn,
        "graceful_restart": None if peer.restart_time is None else {"time": peer.restart_time},
        "bfd": bfd.encode(peer.bfd),
        "ttl": peer.ttl,
        "ttl_security": peer.ttl_security,
        "passive": peer.passive,
    }


def _interface(fields: Fields) -> str | None:
    value = fields.take("interface", None)
    if value is not None and not fits(value, MAX_INTERFACE):
        raise LinkError(f"{fields.where}.interface: a name of 1 to {MAX_INTERFACE} octets is expected, or null")
    return value  # type: ignore[no-any-return]


def _address(fields: Fields, interface: str | None) -> bytes:
    address = fields.address("address", *(() if interface is None else (None,)))
    if address is None and interface is not None:
        return UNKNOWN
    if address is None or not any(address):
        raise LinkError(f"{fields.where}.address: the peer's address is expected, or the interface behind which it is")
    if link_local(address) and interface is None:
        text = f"{show(address)} is link-local: the interface is expected as well"
        raise LinkError(f"{fields.where}.address: {text}")
    return address


def _next_hop(hops: Fields, name: str, needed: bool, peer: bytes) -> bytes | None:
    hop = hops.address(name, None)
    if hop is None:
        if needed:
            raise LinkError(f"{hops.where}.{name}: is missing, but the peer carries {name}")
        return None
    extended = name == IPV4 and family(hop) == IPV6  # RFC 8950
    if not (family(hop) == name or extended) or not any(hop) or link_local(hop):
        raise LinkError(f"{hops.where}.{name}: {show(hop)} cannot be an {name} next hop")
    if hop == peer:
        raise LinkError(f"{hops.where}.{name}: {show(hop)} is the peer's own address (RFC 4271 section 5.1.3)")
    return hop


def _restart_time(fields: Fields) -> int | None:
    value = fields.take("graceful_restart", None)
    if value is None:
        return None
    restart = Fields(f"{fields.where}.graceful_restart", value)
    seconds = restart.number("time", 1, 4095)  # RFC 4724 section 3: 12 bits
    restart.end()
    return seconds


def _password(fields: Fields) -> str | None:
    value = fields.take("password", None)
    if value is None:
        return None
    if not fits(value, MAX_PASSWORD):
        raise LinkError(f"{fields.where}.password: a text of 1 to {MAX_PASSWORD} octets is expected, or null")
    return value  # type: ignore[no-any-return]
