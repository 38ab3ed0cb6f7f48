# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The BGP sessions of one node: which peers, from which address, with which next hops, carrying which families."""

from __future__ import annotations

from typing import Any

from ..addresses.blocks import FAMILIES, FAMILY_NAME, IPV4, IPV6, Block, address_text, parse_address
from ..findings import ERROR, WARNING, Finding, has_errors, nearest
from ..resources import modes
from ..resources.model import Labels, Peer, Resources
from ..resources.selectors import selected
from .facts import Address, NodeFacts, addresses, router_id

Session = dict[str, Any]
RESTART_TIME = 120  # seconds that a router keeps our routes: what FRR asks for by itself
BFD_INTERVAL, BFD_MULTIPLIER = 300, 3  # milliseconds, packets: what FRR takes where MetalLB's profile says nothing


def sessions(resources: Resources, labels: Labels, facts: NodeFacts) -> tuple[dict[str, Session], list[Finding]]:
    """The peers of the desired state by name; shape: docs/architecture.md, "speaker and wire".

    A session carries the family of its transport; both with dualStackAddressFamily, and where the peer is known by an
    interface (MetalLB since 0.15). A peer that can't be spoken to is left out, with a finding; the others are not
    concerned.
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
        session = _session(peer, resources, facts, findings)
        if session is not None:
            result[name] = session
    return result, findings


def _session(peer: Peer, resources: Resources, facts: NodeFacts, findings: list[Finding]) -> Session | None:
    password = peer.password
    if peer.password_secret is not None:
        secret = resources.secrets.get(peer.password_secret)
        if secret is None:
            reason = "no Secret of this name and the type kubernetes.io/basic-auth: the session stays down"
            fix = f"Add the Secret; {nearest(peer.password_secret, resources.secrets)}"
            findings.append(
                Finding("no-secret", ERROR, _path(peer, "passwordSecret.name"), peer.password_secret, reason, fix)
            )
            return None
        password = secret.password
    target = None if peer.address is None else parse_address(peer.address)
    source = None if target is None else _source(peer, target, facts)
    hops = _global_next_hop(peer, facts) if target is None else _next_hops(peer, target, source, facts)
    families = list(FAMILIES) if target is None else _carried(peer, target.family, hops, findings)
    if not families:
        return None
    near = target is None or (source is not None and source.network.contains(target))
    watched, bfd = _bfd(peer, resources, near, findings)
    if not watched:
        return None
    timers = peer.timers
    return {
        "local_asn": peer.local_asn or peer.my_asn,
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


def _bfd(peer: Peer, resources: Resources, near: bool, findings: list[Finding]) -> tuple[bool, dict[str, Any] | None]:
    """Whether the session is watched as asked for, and how; ``near``: the peer is on a link of the node.

    FRR's bgpd watches over one hop (RFC 5881) when the peer is on the link and eBGP has neither multihop nor TTL
    security; else over several (RFC 5883), with 256 less the hops as the lowest TTL. Both ends must do alike.
    """
    if peer.bfd_profile is None:
        return True, None
    profile = resources.bfd_profiles.get(peer.bfd_profile)
    if profile is None:
        reason = "no BFDProfile of this name: the session stays down"
        fix = f"Add the BFDProfile; {nearest(peer.bfd_profile, resources.bfd_profiles)}"
        findings.append(Finding("no-bfd-profile", ERROR, _path(peer, "bfdProfile"), peer.bfd_profile, reason, fix))
        return False, None
    far = not near or (peer.address and not peer.internal and (peer.multihop or peer.ttl_security is not None))
    lowest = profile.minimum_ttl or 256 - (peer.ttl_security or peer.ttl or 255)
    return True, {
        "receive_ms": profile.receive_interval or BFD_INTERVAL,
        "transmit_ms": profile.transmit_interval or BFD_INTERVAL,
        "multiplier": profile.detect_multiplier or BFD_MULTIPLIER,
        "passive": profile.passive_mode,
        "minimum_ttl": lowest if far else None,
    }


def _path(peer: Peer, field: str) -> str:
    return f"BGPPeer {peer.name}: spec.{field}"


def _source(peer: Peer, target: Block, facts: NodeFacts) -> Address | None:
    """The node's end: the stated address, else the one on the peer's link; None when the node has neither."""
    own = list(addresses(facts))
    if peer.source_address is not None:
        stated = parse_address(peer.source_address)
        return next((address for address in own if address.block == stated), None)
    on_link = [address for address in own if address.network.contains(target) and address.block != target]
    return min(on_link, key=lambda address: address.network.size, default=None)


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
