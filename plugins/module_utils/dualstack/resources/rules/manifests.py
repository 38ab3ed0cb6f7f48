# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules over what stands beside: other objects of the set, and manifests that do not do what they are written for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ...findings import ERROR, WARNING, nearest
from .. import modes
from ..collection import METALLB
from ..foreign import Endpoint
from ..model import Key, Labels
from ..selectors import Selector
from .rule import Case, Problem, rule

# How pods are labelled by MetalLB's manifests and by its Helm chart.
_SPEAKERS: tuple[Labels, ...] = (
    {"app": "metallb", "component": "speaker"},
    {"app.kubernetes.io/name": "metallb", "app.kubernetes.io/component": "speaker"},
)
_METALLB_LABELS = {"app": "metallb", "app.kubernetes.io/name": "metallb"}
OLD_PORT = "7472"

_EVERYWHERE = {
    *(
        f"metallb_allocator_{name}"
        for name in ("addresses_total", "addresses_in_use_total", "services_allocated_total")
    ),
    *(
        f"metallb_allocator_{family}_addresses_{name}"
        for family in ("ipv4", "ipv6")
        for name in ("total", "in_use_total")
    ),
    *(f"metallb_k8s_client_{name}" for name in ("updates_total", "update_errors_total")),
    *(f"metallb_k8s_client_{name}" for name in ("config_loaded_bool", "config_stale_bool")),
    "metallb_speaker_announced",
    *(f"metallb_layer2_{name}" for name in ("requests_received", "responses_sent", "gratuitous_sent")),
}
_BGP = (
    *("session_up", "announced_prefixes_total", "opens_sent", "opens_received", "notifications_sent", "updates_total"),
    *("updates_total_received", "keepalives_sent", "keepalives_received", "route_refresh_sent", "total_sent"),
    "total_received",
)
_BFD = (
    *("session_up", "control_packet_input", "control_packet_output", "echo_packet_input", "echo_packet_output"),
    *("session_up_events", "session_down_events", "zebra_notifications"),
)
METRICS: dict[str, frozenset[str]] = {
    modes.NATIVE: frozenset(
        _EVERYWHERE
        | {
            f"metallb_bgp_{name}"
            for name in ("session_up", "announced_prefixes_total", "pending_prefixes_total", "updates_total")
        }
    ),
    modes.FRR: frozenset(
        _EVERYWHERE | {f"metallb_bgp_{name}" for name in _BGP} | {f"metallb_bfd_{name}" for name in _BFD}
    ),
    modes.FRR_K8S: frozenset(
        _EVERYWHERE
        | {f"frrk8s_bgp_{name}" for name in (*_BGP, "received_prefixes_total")}
        | {f"frrk8s_bfd_{name}" for name in _BFD}
    ),
    modes.SPEAKER: frozenset(
        _EVERYWHERE - {"metallb_allocator_services_allocated_total"}
        | {
            *(f"metallb_bgp_{name}" for name in (*_BGP, "pending_prefixes_total")),
            *("metallb_bfd_session_up", "metallb_bfd_session_up_events", "metallb_bfd_session_down_events"),
            *("metallb_bfd_control_packet_input", "metallb_bfd_control_packet_output"),
        }
    ),
}
_METRIC = re.compile(r"\b(?:metallb|frrk8s)_[a-z0-9_]+")


@rule("object-twice", ERROR)
def object_twice(case: Case) -> Iterator[Problem]:
    """Each object stands once.

    Source: of two objects with one name the later replaces the earlier when they are applied.
    """
    seen: set[Key] = set()
    told: set[Key] = set()
    for key, _unused in case.objects:
        if key in seen and key not in told:
            told.add(key)
            yield Problem(str(key), "", "stands twice: the later one replaces the earlier", "Rename or remove one.")
        seen.add(key)


@rule("namespace", ERROR, speaker=WARNING)
def namespace(case: Case) -> Iterator[Problem]:
    """All metallb.io objects are in one namespace, that of MetalLB.

    Source: MetalLB's webhooks refuse them elsewhere, and its caches see only its own namespace.
    """
    for key, given in case.objects:
        if given["apiVersion"].partition("/")[0] == METALLB and key.namespace != case.namespace:
            reason = f"the others are in {case.namespace}: MetalLB does not see this one"
            yield Problem(f"{key}: metadata.namespace", key.namespace, reason, f"Write namespace: {case.namespace}.")


@rule("configuration-map", ERROR)
def configuration_map(case: Case) -> Iterator[Problem]:
    """MetalLB is configured with objects, not with the ConfigMap of old.

    Source: MetalLB reads the ConfigMap ``config`` no more since 0.13.
    """
    for key, data in case.foreign.config_maps.items():
        if "address-pools" in str(data.get("config", "")):
            reason = "MetalLB reads this ConfigMap no more (since 0.13)"
            fix = "Write IPAddressPools, BGPPeers and advertisements instead."
            yield Problem(f"{key}: data.config", "", reason, fix)


@rule("raw-frr", ERROR, only=(modes.SPEAKER, modes.NATIVE, modes.FRR_K8S), speaker=WARNING)
def raw_frr(case: Case) -> Iterator[Problem]:
    """The ConfigMap bgpextras is for the FRR mode alone.

    Source: MetalLB `config.go`: raw FRR configuration is an error with native and frr-k8s.
    """
    for key, data in case.foreign.config_maps.items():
        if key.name == "bgpextras" and key.namespace == case.namespace and data.get("extras"):
            reason = "raw FRR configuration is not read in this mode"
            yield Problem(f"{key}: data.extras", "", reason, "Remove it; with frr-k8s write an FRRConfiguration.")


@rule("policy-on-speakers", WARNING)
def policy_on_speakers(case: Case) -> Iterator[Problem]:
    """No NetworkPolicy is meant to guard the speakers.

    Source: Kubernetes: a NetworkPolicy has no defined effect on pods that use the host's network, as speakers do.
    """
    for key, selector in case.foreign.policies.items():
        if key.namespace == case.namespace and _selects_speakers(selector):
            reason = "selects the speakers, which use the host's network: it protects nothing"
            fix = "Guard TCP port 179 with the firewall of the nodes, and sessions with passwordSecret."
            yield Problem(f"{key}: spec.podSelector", "", reason, fix)


def _selects_speakers(selector: Selector) -> bool:
    """Whether the labels that are known of speakers match; other labels of theirs may be anything."""
    if not selector.requirements:
        return True
    for labels in _SPEAKERS:
        known = [requirement for requirement in selector.requirements if requirement.key in labels]
        if known and all(requirement.matches(labels) for requirement in known):
            return True
    return False


@rule("plain-metrics", WARNING, only=modes.METALLB)
def plain_metrics(case: Case) -> Iterator[Problem]:
    """MetalLB's metrics are scraped over HTTPS.

    Source: MetalLB 0.16: port 9120, TLS and a token; plain HTTP and the port 7472 are gone.
    """
    for key, (selector, endpoints) in case.foreign.monitors.items():
        if not _for_metallb(key, selector, case):
            continue
        for endpoint in endpoints:
            problem = _problem(endpoint)
            if problem:
                fix = "Write scheme: https, the port 9120 (or its name), and a token that may read the metrics."
                yield Problem(f"{key}: {endpoint.path}", endpoint.port, problem, fix)


def _for_metallb(key: Key, selector: Selector, case: Case) -> bool:
    named = any(
        _METALLB_LABELS.get(requirement.key) in requirement.values
        for requirement in selector.requirements
        if requirement.key in _METALLB_LABELS
    )
    return named or (key.namespace == case.namespace and not selector.requirements)


def _problem(endpoint: Endpoint) -> str:
    if endpoint.port == OLD_PORT:
        return f"nothing listens on port {OLD_PORT} any more"
    return "metrics are not served over plain HTTP any more" if endpoint.scheme != "https" else ""


@rule("unknown-metric", WARNING)
def unknown_metric(case: Case) -> Iterator[Problem]:
    """Rules of Prometheus use metrics that exist in this mode.

    Source: MetalLB 0.16 and frr-k8s 0.0.25: with frr-k8s the sessions are in metrics of frr-k8s, and a rule on the old
    names never fires.
    """
    known = METRICS[case.mode]
    for key, expressions in case.foreign.expressions.items():
        for expression in expressions:
            for name in sorted(set(_METRIC.findall(expression.text)) - known):
                reason = "no such metric in this mode: the rule never fires"
                yield Problem(f"{key}: {expression.path}", name, reason, _instead(name, known))


def _instead(name: str, known: Any) -> str:
    other = name.replace("metallb_", "frrk8s_", 1)
    if other in known:
        return f"Write {other}; its label peer has no port."
    return f"Correct it: {nearest(name, known)}"


RULES = (
    object_twice,
    namespace,
    configuration_map,
    raw_frr,
    policy_on_speakers,
    plain_metrics,
    unknown_metric,
)
