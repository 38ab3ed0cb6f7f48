# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of the metallb.io kinds: a spec in, frozen data out. Rules: MetalLB `internal/config/config.go` (0.16)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..addresses.blocks import IPV4, IPV6, Block, family_of, unmapped
from ..findings import ERROR, WARNING, Finding
from ..intent.shapes import INVALID, MISSING, Report, error
from . import schema
from .model import (
    BGP_PORT,
    Allocation,
    BFDProfile,
    BGPAdvertisement,
    Communities,
    L2Advertisement,
    Labels,
    Peer,
    Pool,
    Preference,
)


def pool(name: str, labels: Labels, given: Any, path: str, report: Report) -> Pool | None:
    """An IPAddressPool. IPv4-mapped entries are read as IPv4, as Go's net package does."""
    given = _unmapped(given, path, report)
    spec = schema.POOL.read(given, path, report)
    if spec is INVALID:
        return None
    given_allocation = spec["serviceAllocation"]
    blocks = tuple(spec["addresses"])
    return Pool(
        name=name,
        labels=labels,
        blocks=blocks,
        auto_assign=spec["autoAssign"],
        avoid_buggy_ips=spec["avoidBuggyIPs"],
        allocation=None if given_allocation is None else _allocation(given_allocation),
        ranges=ranges_of(given["addresses"], blocks),
    )


def _unmapped(given: Any, path: str, report: Report) -> Any:
    if not isinstance(given, Mapping) or not isinstance(given.get("addresses"), list):
        return given
    texts = list(given["addresses"])
    for index, text in enumerate(texts):
        plain = unmapped(text) if isinstance(text, str) else None
        if plain is not None:
            texts[index] = plain
            place, reason = f"{path}.addresses[{index}]", "is IPv4 in the notation of IPv6: it is read as IPv4"
            report(Finding("mapped", WARNING, place, text, reason, f"Write {plain}."))
    return {**given, "addresses": texts}


def ranges_of(texts: Iterable[str], blocks: Iterable[Block]) -> frozenset[Block]:
    """The blocks that were written first-last though they could be CIDRs of more than two addresses."""
    return frozenset(
        block
        for text, block in zip(texts, blocks)
        if "/" not in text and block.size > 2 and block.prefix_length is not None
    )


def l2_advertisement(name: str, labels: Labels, given: Any, path: str, report: Report) -> L2Advertisement | None:
    """An L2Advertisement."""
    del labels
    spec = schema.L2_ADVERTISEMENT.read(given, path, report)
    if spec is INVALID:
        return None
    preferences = tuple(Preference(entry["weight"], entry["preference"]) for entry in spec["preferredNodeSelectors"])
    return L2Advertisement(name, *_selection(spec), interfaces=tuple(spec["interfaces"]), preferences=preferences)


def bgp_advertisement(name: str, labels: Labels, given: Any, path: str, report: Report) -> BGPAdvertisement | None:
    """A BGPAdvertisement."""
    del labels
    spec = schema.BGP_ADVERTISEMENT.read(given, path, report)
    if spec is INVALID:
        return None
    lengths = {IPV4: spec["aggregationLength"], IPV6: spec["aggregationLengthV6"]}
    if spec["serviceSelectors"] and lengths != {IPV4: 32, IPV6: 128}:
        reason = "an aggregate can't belong to a selection of Services"
        error(report, "aggregation", f"{path}.serviceSelectors", MISSING, reason, "Leave out the aggregation lengths.")
        return None
    return BGPAdvertisement(
        name,
        *_selection(spec),
        lengths=lengths,
        local_preference=spec["localPref"],
        communities=tuple(spec["communities"]),
        peers=tuple(spec["peers"]),
    )


def peer(name: str, labels: Labels, given: Any, path: str, report: Report) -> Peer | None:
    """A BGPPeer of the version v1beta2."""
    del labels
    spec = schema.PEER.read(given, path, report)
    return None if spec is INVALID else _peer(name, spec, path, report)


def peer_v1beta1(name: str, labels: Labels, given: Any, path: str, report: Report) -> Peer | None:
    """A BGPPeer of the version v1beta1, as MetalLB's webhook converts it.

    Fields that only v1beta2 has are pruned by the API server, and timers that are not stated become 0 s: off
    (MetalLB `api/v1beta1/bgppeer_conversion.go`). Both are findings.
    """
    del labels
    fix = "Write apiVersion: metallb.io/v1beta2."
    if isinstance(given, Mapping):
        newer = {key.name for key in schema.PEER.keys} - {key.name for key in schema.PEER_V1BETA1.keys}
        for key in sorted(newer & set(given)):
            report(Finding("pruned", WARNING, f"{path}.{key}", "", "does not exist in v1beta1: it is dropped", fix))
        given = {key: value for key, value in given.items() if key not in newer}
    spec = schema.PEER_V1BETA1.read(given, path, report)
    if spec is INVALID:
        return None
    report(Finding("old-version", WARNING, path, "v1beta1", "is deprecated", fix))
    for key in ("holdTime", "keepaliveTime"):
        if spec[key] is None:
            reason, fix_timer = "not stated in v1beta1 means 0s: the timer is off", f"{fix} Or state it."
            report(Finding("timer-off", WARNING, f"{path}.{key}", "", reason, fix_timer))
            spec[key] = 0
    spec["peerPort"] = spec["peerPort"] or BGP_PORT
    later = {key.name: key.default for key in schema.PEER.keys if key.name not in spec}
    return _peer(name, {**spec, **later}, path, report)


def communities(name: str, labels: Labels, given: Any, path: str, report: Report) -> Communities | None:
    """A Community."""
    del labels
    spec = schema.COMMUNITY.read(given, path, report)
    if spec is INVALID:
        return None
    return Communities(name, tuple((entry["name"], entry["value"]) for entry in spec["communities"]))


def bfd_profile(name: str, labels: Labels, given: Any, path: str, report: Report) -> BFDProfile | None:
    """A BFDProfile."""
    del labels
    spec = schema.BFD_PROFILE.read(given, path, report)
    if spec is INVALID:
        return None
    return BFDProfile(
        name,
        receive_interval=spec["receiveInterval"],
        transmit_interval=spec["transmitInterval"],
        echo_interval=spec["echoInterval"],
        detect_multiplier=spec["detectMultiplier"],
        minimum_ttl=spec["minimumTtl"],
        echo_mode=spec["echoMode"],
        passive_mode=spec["passiveMode"],
    )


def _allocation(spec: Mapping[str, Any]) -> Allocation:
    return Allocation(
        spec["priority"],
        tuple(spec["namespaces"]),
        tuple(spec["namespaceSelectors"]),
        tuple(spec["serviceSelectors"]),
    )


def _selection(spec: Mapping[str, Any]) -> tuple[Any, Any, Any, Any]:
    return (
        tuple(spec["ipAddressPools"]),
        tuple(spec["ipAddressPoolSelectors"]),
        tuple(spec["nodeSelectors"]),
        tuple(spec["serviceSelectors"]),
    )


def _peer(name: str, spec: Mapping[str, Any], path: str, report: Report) -> Peer | None:
    secret = spec["passwordSecret"] or {"name": None, "namespace": None}
    result = Peer(
        name=name,
        my_asn=spec["myASN"],
        peer_asn=spec["peerASN"],
        dynamic_asn=spec["dynamicASN"],
        local_asn=spec["localASN"],
        address=spec["peerAddress"],
        interface=spec["interface"] or None,
        source_address=spec["sourceAddress"],
        port=spec["peerPort"],
        hold_time=spec["holdTime"],
        keepalive_time=spec["keepaliveTime"],
        connect_time=spec["connectTime"],
        router_id=spec["routerID"],
        node_selectors=tuple(spec["nodeSelectors"]),
        password=spec["password"],
        password_secret=secret["name"],
        password_secret_namespace=secret["namespace"] or None,
        bfd_profile=spec["bfdProfile"] or None,
        graceful_restart=spec["enableGracefulRestart"],
        multihop=spec["ebgpMultiHop"],
        vrf=spec["vrf"] or None,
        disable_mp=spec["disableMP"],
        both_families=spec["dualStackAddressFamily"],
    )
    findings = list(_unsound(result, path))
    for finding in findings:
        report(finding)
    return None if findings else result


def _unsound(peer: Peer, path: str) -> Iterator[Finding]:
    """What no mode of MetalLB accepts, or what no BGP speaker can do."""

    def wrong(rule: str, key: str, reason: str, fix: str) -> Finding:
        return Finding(rule, ERROR, f"{path}.{key}", "", reason, fix)

    for key, one, other, word in (
        ("peerASN", peer.peer_asn, peer.dynamic_asn, "dynamicASN"),
        ("peerAddress", peer.address, peer.interface, "interface"),
    ):
        if one is None and other is None:
            yield wrong("missing-key", key, "is missing", f"Add it, or {word}.")
        elif one is not None and other is not None:
            yield wrong("exactly-one", key, f"stands beside {word}", "Keep one of the two.")
    address, source, router_id = peer.address, peer.source_address, peer.router_id
    if address and source and family_of(address) != family_of(source):
        yield wrong("family", "sourceAddress", f"is not of the family of {address}", "Give one of the same family.")
    if router_id and (family_of(router_id) != IPV4 or router_id == "0.0.0.0"):
        yield wrong(
            "router-id", "routerID", f"{router_id} can't be one", "Give an IPv4 address (RFC 4271 section 4.2)."
        )
    if peer.multihop and peer.peer_asn == peer.my_asn:
        yield wrong("multihop", "ebgpMultiHop", "is refused by MetalLB where peerASN is myASN", "Remove it.")
    if peer.password is not None and peer.password_secret is not None:
        yield wrong("password", "password", "stands beside passwordSecret", "Keep passwordSecret.")
    timers = peer.timers
    if timers.hold in (1, 2) or timers.keepalive > timers.hold:
        reason = f"a hold time of {timers.hold}s does not go with keepalives every {timers.keepalive}s"
        fix = "Choose a hold time of at least 3s and three times the keepalive time, or 0s for both."
        yield wrong("timers", "holdTime", reason, fix)
