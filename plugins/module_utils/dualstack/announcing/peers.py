# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The BGP sessions of one node: which peers, from which address, with which next hops, carrying which families."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..addresses.blocks import (
    FAMILIES,
    FAMILY_NAME,
    IPV4,
    IPV6,
    Block,
    address_text,
    family_of,
    parse_address,
    parse_network,
)
from ..findings import ERROR, WARNING, Finding, has_errors, nearest
from ..resources import modes
from ..resources.extensions import SOURCE
from ..resources.model import Labels, Peer, Resources
from ..resources.selectors import selected
from . import reasons
from .facts import Address, NodeFacts, addresses, router_id

Session = dict[str, Any]
RESTART_TIME = 120  # seconds that a router keeps our routes: what FRR asks for by itself
BFD_INTERVAL, BFD_MULTIPLIER = 300, 3  # milliseconds, packets: what FRR takes where MetalLB's profile says nothing


class Missing(Exception):
    """A peer names an object that is not there: kind, field, name, and the names that there are."""

    def __init__(self, kind: str, field: str, name: str, known: Iterable[str]) -> None:
        super().__init__(name)
        self.kind, self.field, self.name, self.known = kind, field, name, known


_MISSING = {  # kind → id of the finding, what is missing, what to do
    "Secret": (
        "no-secret",
        "the speaker sees no Secret of this name and the type kubernetes.io/basic-auth",
        "Add the Secret, or let the speaker read it (role resources: resources_secret_names)",
    ),
    "BFDProfile": ("no-bfd-profile", "no BFDProfile of this name", "Add the BFDProfile"),
}


def sessions(
    resources: Resources, labels: Labels, facts: NodeFacts, last: Mapping[str, Session]
) -> tuple[dict[str, Session], list[Finding]]:
    """The peers of the desired state by name; shape: docs/architecture.md, "speaker and wire".

    A session carries the family of its transport; both with dualStackAddressFamily, and where the peer is known by an
    interface (MetalLB since 0.15). A peer that can't be spoken to is left out, with a finding; the others are not
    concerned. One that names a Secret or a BFDProfile that is not there keeps the session that it had (``last``).
    """
    result: dict[str, Session] = {}
    findings: list[Finding] = []
    for name in sorted(resources.peers):
        peer = resources.peers[name]
        if not selected(peer.node_selectors, labels):
            continue
        unsupported = modes.peer(peer, modes.SPEAKER)
        if has_errors(unsupported):
            findings += unsupported
            continue
        try:
            session = _session(peer, resources, facts, findings)
        except Missing as missing:
            session = last.get(name)
            findings.append(_missing(peer, missing, session is not None))
        if session is not None:
            result[name] = session
    findings += _twice(resources, result)
    return result, findings


def _twice(resources: Resources, found: Mapping[str, Session]) -> Iterator[Finding]:
    """Peers that are one neighbour: it keeps one session (RFC 4271 section 6.8). MetalLB refuses it with FRR."""
    first: dict[tuple[Any, ...], str] = {}
    for name, session in found.items():
        place = session["address"], session["interface"], session["port"]
        other = first.setdefault(place, name)
        if other != name:
            field = "peerAddress" if session["address"] else "interface"
            reason = f"BGPPeer {other} is the same neighbour, which keeps one of the two sessions"
            fix = "Remove one, or separate their nodeSelectors."
            value = str(session[field if field == "interface" else "address"])
            yield Finding("peer-twice", WARNING, _path(resources.peers[name], field), value, reason, fix)


def _session(peer: Peer, resources: Resources, facts: NodeFacts, findings: list[Finding]) -> Session | None:
    password = peer.password
    if peer.password_secret is not None:
        secret = resources.secrets.get(peer.password_secret)
        if secret is None:
            raise Missing("Secret", "passwordSecret.name", peer.password_secret, resources.secrets)
        password = secret.password
    target = None if peer.address is None else parse_address(peer.address)
    source = None if target is None else _source(peer, target, facts)
    if peer.source is not None and source is None:
        findings.append(_no_source(peer))
        return None
    hops = _global_next_hop(peer, facts) if target is None else _next_hops(peer, target, source, facts)
    families = list(FAMILIES) if target is None else _carried(peer, target.family, hops, findings)
    if not families:
        return None
    near = target is None or (source is not None and source.network.contains(target))
    bfd = _bfd(peer, resources, near)
    timers = peer.timers
    return {
        "local_asn": peer.shown_asn,
        "peer_asn": peer.peer_asn,
        "dynamic_asn": peer.dynamic_asn,
        "graceful_restart": {"time": RESTART_TIME} if peer.graceful_restart else None,
        "address": peer.address,
        "interface": peer.interface,
        "port": peer.port,
        "source_address": source.text if source else peer.source_address if target else None,
        "router_id": peer.router_id or router_id(facts, source),
        "hold_time": timers.hold,
        "keepalive_time": max(1, timers.keepalive),
        "connect_retry": timers.connect,
        "password": password,
        "families": families,
        "next_hop": {family: hops[family] for family in families if family in hops},
        "multihop": peer.multihop,
        "ttl": peer.ttl,
        "ttl_security": peer.ttl_security,
        "passive": peer.passive,
        "bfd": bfd,
    }


def _carried(peer: Peer, transport: str, hops: dict[str, str], findings: list[Finding]) -> list[str]:
    """The families of a session between addresses: those that there is a next hop for."""
    families = [family for family in FAMILIES if peer.both_families or family == transport]
    if transport == IPV6 and IPV6 in hops and peer.both_families:
        hops.setdefault(IPV4, hops[IPV6])  # RFC 8950, where the node has nothing else to give
    for family in [family for family in families if family not in hops]:
        families.remove(family)
        severity = ERROR if family == transport else WARNING
        reason = f"the node has no {FAMILY_NAME[family]} address to give as next hop: the session does not carry it"
        fix = f"Put an {FAMILY_NAME[family]} address on the interface that leads to the peer."
        findings.append(Finding("no-next-hop", severity, _path(peer, "peerAddress"), str(peer.address), reason, fix))
    return families


def _bfd(peer: Peer, resources: Resources, near: bool) -> dict[str, Any] | None:
    """How the session is watched, or None; ``near``: the peer is on a link of the node. Raises Missing.

    FRR's bgpd watches over one hop (RFC 5881) when the peer is on the link and eBGP has neither multihop nor TTL
    security; else over several (RFC 5883), with 256 less the hops as the lowest TTL. Both ends must do alike.
    """
    if peer.bfd_profile is None:
        return None
    profile = resources.bfd_profiles.get(peer.bfd_profile)
    if profile is None:
        raise Missing("BFDProfile", "bfdProfile", peer.bfd_profile, resources.bfd_profiles)
    far = not near or (peer.address and not peer.internal and (peer.multihop or peer.ttl_security is not None))
    lowest = profile.minimum_ttl or 256 - (peer.ttl_security or peer.ttl or 255)
    return {
        "receive_ms": max(profile.receive_interval or BFD_INTERVAL, modes.LEAST_INTERVAL),
        "transmit_ms": max(profile.transmit_interval or BFD_INTERVAL, modes.LEAST_INTERVAL),
        "multiplier": profile.detect_multiplier or BFD_MULTIPLIER,
        "passive": profile.passive_mode,
        "minimum_ttl": lowest if far else None,
    }


def _missing(peer: Peer, missing: Missing, kept: bool) -> Finding:
    rule, what, fix = _MISSING[missing.kind]
    reason = f"the session {reasons.KEPT if kept else 'stays down'}: {what}"
    fix = f"{fix}; {nearest(missing.name, missing.known)}"
    return Finding(rule, ERROR, _path(peer, missing.field), missing.name, reason, fix)


def _path(peer: Peer, field: str) -> str:
    return f"BGPPeer {peer.name}: spec.{field}"


def _source(peer: Peer, target: Block, facts: NodeFacts) -> Address | None:
    """The node's end: what is stated, else the address on the peer's link; None when the node has no such address.

    Of an interface or a network that is stated: the node's first address in it of the peer's family, never a link-local
    one nor the peer's own.
    """
    own = list(addresses(facts))
    if peer.source is not None:
        return next((address for address in own if _within(address, peer.source, target)), None)
    if peer.source_address is not None:
        stated = parse_address(peer.source_address)
        return next((address for address in own if address.block == stated), None)
    on_link = [address for address in own if address.network.contains(target) and address.block != target]
    return min(on_link, key=lambda address: address.network.size, default=None)


def _within(address: Address, source: str, target: Block) -> bool:
    if address.block.family != target.family or address.block == target or not address.routable:
        return False
    return parse_network(source).contains(address.block) if "/" in source else address.interface == source


def _no_source(peer: Peer) -> Finding:
    source, family = str(peer.source), FAMILY_NAME[family_of(str(peer.address))]
    where = f"in {source}" if "/" in source else f"on the interface {source}"
    reason = f"the node has no {family} address {where}: there is no session"
    fix = "Give it one, correct the annotation, or keep the peer off this node by nodeSelectors."
    place = f"BGPPeer {peer.name}: metadata.annotations.{SOURCE}"
    return Finding("no-source", ERROR, place, source, reason, fix)


def _next_hops(peer: Peer, target: Block, source: Address | None, facts: NodeFacts) -> dict[str, str]:
    """The next hop of each family: the session's own end, its interface's address, else the node's first.

    Never the peer's own address (RFC 4271 section 5.1.3), which is the node's where the peer is a program beside us.
    """
    hops: dict[str, str] = {}
    stated = parse_address(peer.source_address) if peer.source_address else None
    if stated is not None and stated != target:
        hops[stated.family] = address_text(stated.family, stated.first)
    if source is not None and source.routable and source.block != target:
        hops[source.block.family] = source.text
    usable = [address for address in addresses(facts) if address.routable and address.block != target]
    near = [address for address in usable if source and address.interface == source.interface]
    for address in near if source else usable:
        hops.setdefault(address.block.family, address.text)
    return hops


def _global_next_hop(peer: Peer, facts: NodeFacts) -> dict[str, str]:
    """The global address on the interface of an unnumbered peer, if it has one.

    The link-local one, behind it and for both families (RFC 2545 section 3, RFC 8950), is known where the session runs.
    """
    own = (each for each in addresses(facts) if each.interface == peer.interface and each.block.family == IPV6)
    usable = next((each for each in own if each.routable), None)
    return {} if usable is None else {IPV6: usable.text}
