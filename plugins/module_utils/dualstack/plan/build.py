# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan from an intent, and its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ..checks import references, run
from ..findings import Finding, has_errors
from ..intent.load import Intent, load
from ..intent.stated import stated
from . import advertisements, clusters, hosts, pools, routes, segments, services, sessions, vips

VERSION = 2
# What building misses where a part of the intent could not be read; it may well be there.
ABSENCES = ("layer2-off-link", "nobody-announces", "node-asn", "router-alone", "unknown-interface", "link-network")


def make(
    data: Mapping[str, Any], inventory: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, Any] | None, list[Finding]]:
    """The plan of an intent.

    ``data`` is the variable ``dualstack``; ``inventory`` is ``{routers|nodes|clients: {host: its dualstack_host}}``.
    Returns (plan, findings); the plan is None when a finding is an error.
    """
    intent, findings = load(data, inventory)
    if intent is None:
        return None, findings
    plan = _build(intent, findings)
    followable = not has_errors(findings) and references(intent, plan)
    plan["routes"] = routes.build(plan) if followable else {}
    plan["vips"] = vips.build(plan) if followable else []
    findings += run(intent, plan)
    if has_errors(findings):
        return None, findings
    return {"version": VERSION, "hash": digest(plan), **plan, "stated": stated(data, inventory)}, findings


def digest(plan: Mapping[str, Any]) -> str:
    """The SHA-256 of the canonical JSON of what the plan decides: without its version, its hash and what was stated."""
    body = {key: value for key, value in plan.items() if key not in ("version", "hash", "stated")}
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _build(intent: Intent, findings: list[Finding]) -> dict[str, Any]:
    def report(finding: Finding) -> None:
        if not (intent.torn and finding.id in ABSENCES):
            findings.append(finding)

    families = intent.families
    planned_segments = segments.build(intent, report)
    planned_routers = hosts.routers(intent, planned_segments, report)
    planned_nodes = hosts.nodes(intent, report)
    planned_pools = pools.pools(intent, report)
    pairs = pools.pairs(intent)
    planned_sessions = sessions.build(intent, planned_segments, planned_routers, planned_nodes)
    return {
        "cluster": clusters.first(intent),
        "clusters": clusters.further(intent),
        "segments": planned_segments,
        "nodes": planned_nodes,
        "routers": planned_routers,
        "clients": {
            name: {"families": [family for family in families if family in facts["addresses"]]}
            for name, facts in intent.clients.items()
        },
        "bfd_profiles": {
            name: dict(profile)
            for name, profile in intent.bfd_profiles.items()
            if any(session["bfd"] == name for session in planned_sessions)
        },
        "communities": dict(intent.communities),
        "sessions": planned_sessions,
        "pools": planned_pools,
        "pairs": pairs,
        "advertisements": advertisements.advertisements(intent, planned_pools, planned_segments, planned_nodes, report),
        "services": services.build(intent, planned_pools, pairs, report),
    }
