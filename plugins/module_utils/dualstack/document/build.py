# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fabric document: a plan and its findings in the order in which a network team reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..components.reading import with_port
from ..findings import Finding
from ..plan.clusters import every
from ..report.grouping import summary as weighed
from . import flow, glossary, hosts, pools, prefixes, sessions, vips
from .parts import Code, Inline, Link, Paragraph, Part, Picture, Report, Section, commas, span
from .words import count, families

_ANNOUNCING = {
    "speaker": "the speaker of this tool",
    "metallb-native": "MetalLB",
    "metallb-frr": "MetalLB with FRR",
    "metallb-frr-k8s": "MetalLB with frr-k8s",
}

Plan = Mapping[str, Any]


def title(plan: Plan) -> str:
    """The title of the document."""
    names = [plan["cluster"]["name"], *plan["clusters"]]
    return f"The network of cluster{'s' if len(names) > 1 else ''} {', '.join(names)}"


def sections(plan: Plan, findings: Sequence[Finding]) -> list[Section]:
    """All sections of the document."""
    return [
        Section("The fabric", "fabric", [Picture()]),
        flow.section(plan),
        hosts.section(plan),
        hosts.segments(plan),
        sessions.section(plan),
        pools.section(plan),
        vips.section(plan),
        prefixes.section(plan),
        Section("Findings", "findings", _findings(findings)),
        glossary.section(),
    ]


def summary(plan: Plan, findings: Sequence[Finding]) -> list[Inline]:
    """What there is, in a few lines."""
    everything = [
        count(len(plan["routers"]), "router"),
        count(len(plan["nodes"]), "node"),
        count(len(plan["sessions"]), "BGP session"),
        count(len(plan["pools"]), "address pool"),
        count(len({vip["vip"] for vip in plan["vips"]}), "VIP"),
    ]
    return [
        span("Families: ", families(plan["cluster"]["families"]), "; the first is the primary one."),
        span("There are ", commas(everything), "."),
        *_inside(plan),
        *_running(plan),
        span("Findings: ", Link(weighed(findings), "findings")),
    ]


def _inside(plan: Plan) -> list[Inline]:
    """What the clusters use inside, so that nobody else takes it."""
    return [
        span(
            f"Cluster {cluster['name']} uses inside: pods ",
            commas([Code(text) for text in cluster["pods"].values()] or ["none stated"]),
            ", services ",
            commas([Code(text) for text in cluster["services"].values()] or ["none stated"]),
            f". Its VIPs are announced by {_ANNOUNCING[cluster['load_balancer']]}.",
        )
        for cluster in every(plan)
    ]


def _running(plan: Plan) -> list[Inline]:
    """The Kubernetes that we run, and where it is reached."""
    return [
        span(
            f"Kubernetes {own['version']} of cluster {cluster['name']} is reached at ",
            Code(with_port(own["endpoint"]["host"], own["endpoint"]["port"])),
            f" (TCP); kube-proxy: {own['proxy']['mode']}, pod network: {own['cni']['plugin']}.",
        )
        for cluster in every(plan)
        for own in [cluster["kubernetes"]]
        if own
    ]


def _findings(findings: Sequence[Finding]) -> list[Part]:
    if not findings:
        return [Paragraph("There are none.")]
    return [Report(findings)]
