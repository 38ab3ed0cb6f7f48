# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of the metallb.io kinds: a spec in, frozen data out. Rules: MetalLB `internal/config/config.go` (0.16)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..addresses.blocks import IPV4, IPV6, family_of
from ..findings import WARNING, Finding
from ..intent.shapes import INVALID, MISSING, Report, error
from . import schema
from .model import (
    BFDProfile,
    BGPAdvertisement,
    Communities,
    L2Advertisement,
    Labels,
    Peer,
    Pool,
    Preference,
)

DEFAULT_HOLD, DEFAULT_CONNECT = 90, 5  # seconds; MetalLB's native mode: 90, and a back-off instead of an interval
UNSUPPORTED = ("dynamicASN", "localASN", "interface", "vrf")
UNUSED = ("bfdProfile", "enableGracefulRestart")


def pool(name: str, labels: Labels, given: Any, path: str, report: Report) -> Pool | None:
    """An IPAddressPool."""
    spec = schema.POOL.read(given, path, report)
    if spec is INVALID:
        return None
    return Pool(name, labels, tuple(spec["addresses"]), spec["autoAssign"], spec["avoidBuggyIPs"])


def l2_advertisement(name: str, labels: Labels, given: Any, path: str, report: Report) -> L2Advertisement | None:
    """An L2Advertisement."""
    del labels
    spec = schema.L2_ADVERTISEMENT.read(given, path, report)
    if spec is INVALID:
        return None
    preferences = tuple(Preference(entry["weight"], entry["preference"]) for entry in spec["preferredNodeSelectors"])
    return L2Advertisement(name, *_selection(spec), tuple(sorted(set(spec["interfaces"]))), preferences)


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
        lengths,
        spec["localPref"],
        tuple(sorted(set(spec["communities"]))),
        tuple(sorted(set(spec["peers"]))),
    )


def peer(name: str, labels: Labels, given: Any, path: str, report: Report) -> Peer | None:
    """A BGPPeer."""
    del labels
    spec = schema.PEER.read(given, path, report)
    if spec is INVALID or not _peer_is_sound(spec, path, report):
        return None
    hold, keepalive = _timers(spec["holdTime"], spec["keepaliveTime"])
    if hold in (1, 2) or keepalive > hold:
        reason = f"a hold time of {hold}s does not go with keepalives every {keepalive}s"
        fix = "Choose a hold time of at least 3s and three times the keepalive time, or 0s for both."
        error(report, "timers", f"{path}.holdTime", MISSING, reason, fix)
        return None
    secret = spec["passwordSecret"]
    return Peer(
        name=name,
        my_asn=spec["myASN"],
        peer_asn=spec["peerASN"],
        address=spec["peerAddress"],
        source_address=spec["sourceAddress"],
        port=spec["peerPort"],
        hold_time=hold,
        keepalive_time=keepalive,
        connect_time=DEFAULT_CONNECT if spec["connectTime"] is None else int(spec["connectTime"]),
        router_id=spec["routerID"],
        node_selectors=tuple(spec["nodeSelectors"]),
        password=spec["password"],
        password_secret=secret["name"] if secret else None,
        multihop=spec["ebgpMultiHop"],
        both_families=spec["dualStackAddressFamily"],
    )


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
    return None if schema.BFD_PROFILE.read(given, path, report) is INVALID else BFDProfile(name)


def _selection(spec: Mapping[str, Any]) -> tuple[Any, Any, Any, Any]:
    return (
        tuple(sorted(set(spec["ipAddressPools"]))),
        tuple(spec["ipAddressPoolSelectors"]),
        tuple(spec["nodeSelectors"]),
        tuple(spec["serviceSelectors"]),
    )


def _timers(hold: float | None, keepalive: float | None) -> tuple[int, int]:
    """Hold and keepalive in seconds: the missing one follows from the other, a third of the hold time."""
    if hold is None:
        hold = DEFAULT_HOLD if keepalive is None else 3 * keepalive
    return int(hold), int(hold / 3 if keepalive is None else keepalive)


def _peer_is_sound(spec: Mapping[str, Any], path: str, report: Report) -> bool:
    findings: list[Finding] = []

    def wrong(rule: str, key: str, reason: str, fix: str) -> None:
        error(findings.append, rule, f"{path}.{key}", MISSING, reason, fix)

    for key in UNSUPPORTED:
        if spec[key] is not None:
            wrong("unsupported", key, "is not supported by this speaker", "Remove it; give peerASN and peerAddress.")
    for key in UNUSED:
        if spec[key]:
            report(Finding("unused", WARNING, f"{path}.{key}", "", "has no effect in this version", "Remove it."))
    if not any(spec[key] for key in UNSUPPORTED):
        for key in ("peerASN", "peerAddress"):
            if spec[key] is None:
                wrong("missing-key", key, "is missing", "Add it.")
    address, source, router_id = spec["peerAddress"], spec["sourceAddress"], spec["routerID"]
    if address and source and family_of(address) != family_of(source):
        wrong("family", "sourceAddress", f"is not of the family of {address}", "Give an address of the same family.")
    if router_id and (family_of(router_id) != IPV4 or router_id == "0.0.0.0"):
        wrong("router-id", "routerID", f"{router_id} can't be one", "Give an IPv4 address (RFC 4271 section 4.2).")
    if spec["ebgpMultiHop"] and spec["peerASN"] == spec["myASN"]:
        wrong("multihop", "ebgpMultiHop", "has no meaning for an iBGP peer", "Remove it.")
    if spec["password"] is not None and spec["passwordSecret"] is not None:
        wrong("password", "password", "stands beside passwordSecret", "Keep passwordSecret.")
    for finding in findings:
        report(finding)
    return not findings
