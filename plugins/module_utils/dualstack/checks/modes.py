# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modes: what the load balancer of each cluster refuses, or passes over in silence.

The rules look at the metallb.io resources that the plan is rendered to, so that what MetalLB and our speaker accept is
known in one place (``resources``). Left out on purpose: what other rules say in the words of the intent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ..findings import ERROR, WARNING, Finding
from ..intent.load import Intent
from ..plan.clusters import every
from ..plan.segments import REMOTE
from ..plan.selecting import HOSTNAME
from ..render.resources import PeerNames, configuration
from ..resources import modes, write
from ..resources.collection import parse
from ..resources.model import Node, Resources
from ..resources.rules import advertisements, peers
from ..resources.rules.rule import Case
from .places import advertised, among, segments, term
from .rule import Plan, Problem, rule

ALSO = (
    peers.router_ids_differ,
    peers.asns_differ,
    peers.peer_twice,
    peers.bfd_echo_ipv6,
    advertisements.local_preference_zero,
)
_TERMS = {
    "bfdProfile": "bfd",
    "enableGracefulRestart": "graceful_restart",
    "connectTime": "timers.connect",
    "keepaliveTime": "timers.keepalive",
    "holdTime": "timers.hold",
    "passwordSecret": "password",
    "dynamicASN": "dynamic_asn",
    "dualStackAddressFamily": "sessions",
}
_OF_PEER = {
    "dynamicASN": "dynamic_asn",
    "dualStackAddressFamily": "both_families",
    "interface": "interface",
    "localASN": "local_asn",
    "vrf": "vrf",
    "ebgpMultiHop": "multihop",
    "sourceAddress": "source_address",
    "routerID": "router_id",
    "peerPort": "port",
    "peerAddress": "addresses",
}
_OF_PROFILE = {
    "echoMode": "echo",
    "minimumTtl": "minimum_ttl",
    "echoInterval": "echo_interval",
    "receiveInterval": "receive_interval",
    "transmitInterval": "transmit_interval",
}
_OF_ADVERTISEMENT = {
    "localPref": "bgp.local_preference",
    "communities": "bgp.communities",
    "preferredNodeSelectors": "layer2.preferred_nodes",
}
_PLACE = re.compile(r"(?P<kind>\w+) ([^\s:/]+/)?(?P<name>[^\s:/]+)(: spec\.(?P<field>\w+))?")


@rule("mode-refuses", ERROR)
def refuses(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The load balancer of the cluster takes everything that the plan asks of it.

    Source: MetalLB `internal/config/validation.go` and the schema of its kinds; what our speaker does not do.
    """
    yield from _found(intent, plan, ERROR)


@rule("mode-ignores", WARNING)
def ignores(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Nothing is asked of the load balancer of the cluster that has no effect there.

    Source: MetalLB `internal/bgp/native`, `internal/bgp/frrk8s` (what is not handed on); what our speaker does not do.
    """
    yield from _found(intent, plan, WARNING)


RULES = (refuses, ignores)


def _found(intent: Intent, plan: Plan, severity: str) -> Iterator[Problem]:
    places = _Places(intent, plan)
    for cluster in every(plan):
        names = PeerNames(plan, cluster["name"])
        found: dict[tuple[str, str, str, str], list[str]] = {}
        for finding in _judged(plan, cluster):
            if finding.severity == severity:
                told = (places.of(finding.path, names), finding.value, finding.reason, finding.fix)
                found.setdefault(told, []).append(finding.path)
        for (path, value, reason, fix), objects in found.items():
            yield Problem(path, value, f"{reason} ({_named(objects)})", fix)


def _judged(plan: Plan, cluster: Mapping[str, Any]) -> list[Finding]:
    """What is wrong with the resources of a cluster: their form, what its mode says, and the rules of ``ALSO``."""
    mode = cluster["load_balancer"]
    rendered = configuration(plan, cluster["name"])
    findings = modes.check(rendered, mode)
    if mode == modes.SPEAKER:
        return findings
    findings += [found for found in parse(write.objects(rendered))[1] if found.severity == ERROR]
    case = Case(mode, resources=_with_nodes(plan, cluster["name"], rendered))
    return findings + [found for each in ALSO for found in each(case)]


def _named(paths: list[str]) -> str:
    """``spec.field of Kind a, b``; the paths differ in nothing but the name."""
    match = _PLACE.match(paths[0])
    names = among(found["name"] for found in map(_PLACE.match, paths) if found)
    return f"spec.{match['field']} of {match['kind']} {names}" if match and match["field"] else paths[0]


def _with_nodes(plan: Plan, cluster: str, rendered: Resources) -> Resources:
    nodes = {
        name: Node(name, {HOSTNAME: name, **facts["labels"]}, False)
        for name, facts in plan["nodes"].items()
        if facts["cluster"] == cluster
    }
    return replace(rendered, nodes=nodes)


class _Places:
    """Where in the intent a field of a resource comes from."""

    def __init__(self, intent: Intent, plan: Plan) -> None:
        self._intent = intent
        self._plan = plan
        self._adverts = advertised(intent, plan)
        self._pools = {pool["name"]: str(pool["at"]) for pool in intent.pools}
        self._peers = {peer["name"]: peer for peer in intent.fabric["peers"]}

    def of(self, path: str, names: PeerNames) -> str:
        """The path in the intent; ``path`` is ``Kind name: spec.field``."""
        match = _PLACE.match(path)
        if match is None:
            raise AssertionError(f"{path} is no place in a resource")
        kind, name, field = match["kind"], match["name"], match["field"] or ""
        if kind == "BGPPeer":
            return self._of_peer(names.sessions[name][0], field)
        if kind == "BFDProfile":
            key = _OF_PROFILE.get(field)
            return f"dualstack.bfd_profiles.{name}" + (f".{key}" if key else "")
        if kind == "IPAddressPool":
            return self._pools[name]
        if kind == "Community":
            return "dualstack.communities"
        key = _OF_ADVERTISEMENT.get(field)
        return str(self._adverts[name]["at"]) + (f".{key}" if key else "")

    def _of_peer(self, session: Mapping[str, Any], field: str) -> str:
        segment, router = session["segment"], session["ends"][1]["host"]
        peer = self._peers.get(router)
        if field == "routerID":  # of two peers that differ, the one for which the intent states it
            peer = next((each for each in self._peers.values() if each["router_id"]), peer)
            return f"{peer['at']}.router_id" if peer else segments(self._intent)[segment]
        if self._plan["segments"][segment]["kind"] == REMOTE and peer is not None:
            key = _OF_PEER.get(field)
            if key and peer[key]:
                return f"{peer['at']}.{key}"
            return term(self._intent, session, _TERMS[field]) if field in _TERMS else str(peer["at"])
        if field in _TERMS:
            return term(self._intent, session, _TERMS[field])
        return segments(self._intent)[segment]
