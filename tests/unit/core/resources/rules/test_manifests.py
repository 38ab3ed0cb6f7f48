# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules over what stands beside: both outcomes, both families."""

from __future__ import annotations

from typing import Any

from manifests import Object, bgp, peer, pool, thing
from ruling import K8S, Example, Family, complete, each, hold

from dualstack.resources.rules import manifests


def moved(given: Object, namespace: str) -> Object:
    return {**given, "metadata": {**given["metadata"], "namespace": namespace}}


def policy(family: Family, **labels: str) -> Object:
    rules = [{"from": [{"ipBlock": {"cidr": family.pool}}], "ports": [{"port": 179}]}]
    spec = {"podSelector": {"matchLabels": labels}, "ingress": rules}
    return thing("NetworkPolicy", "n", spec, "networking.k8s.io/v1")


def monitor(**endpoint: Any) -> Object:
    selector = {"matchLabels": {"app.kubernetes.io/name": "metallb"}}
    spec = {"selector": selector, "endpoints": [endpoint]}
    return thing("ServiceMonitor", "m", spec, "monitoring.coreos.com/v1")


def alert(text: str) -> Object:
    spec = {"groups": [{"name": "g", "rules": [{"alert": "a", "expr": text}]}]}
    return thing("PrometheusRule", "r", spec, "monitoring.coreos.com/v1")


EXAMPLES = [
    Example(
        "object-twice", K8S, "IPAddressPool metallb-system/p", lambda f: ([pool("p", f.pool)] * 2, [pool("p", f.pool)])
    ),
    Example(
        "namespace",
        K8S,
        "BGPPeer default/t: metadata.namespace",
        lambda f: (
            [pool("p", f.pool), bgp(), moved(peer("t", f.router), "default")],
            [pool("p", f.pool), bgp(), peer("t", f.router)],
        ),
    ),
    Example(
        "configuration-map",
        K8S,
        "ConfigMap metallb-system/config: data.config",
        lambda f: (
            [thing("ConfigMap", "config", data={"config": f"address-pools:\n- addresses: [{f.pool}]"})],
            [thing("ConfigMap", "config", data={"config": f.pool})],
        ),
    ),
    Example(
        "raw-frr",
        K8S,
        "ConfigMap metallb-system/bgpextras: data.extras",
        lambda f: (
            [thing("ConfigMap", "bgpextras", data={"extras": f"neighbor {f.router} ttl-security hops 1"})],
            [thing("ConfigMap", "bgpextras", data={"extras": ""})],
        ),
    ),
    Example(
        "policy-on-speakers",
        K8S,
        "NetworkPolicy metallb-system/n: spec.podSelector",
        lambda f: ([policy(f, component="speaker")], [policy(f, component="controller")]),
    ),
    Example(
        "plain-metrics",
        K8S,
        "ServiceMonitor metallb-system/m: spec.endpoints[0]",
        lambda f: ([monitor(port="monitoring")], [monitor(port="metricshttps", scheme="https")]),
    ),
    Example(
        "unknown-metric",
        K8S,
        "PrometheusRule metallb-system/r: spec.groups[0].rules[0].expr",
        lambda f: ([alert("metallb_bgp_session_up == 0")], [alert("frrk8s_bgp_session_up == 0")]),
    ),
]


@each(EXAMPLES)
def test_both_outcomes(example: Example, family: Family) -> None:
    """MetalLB 3.4.32: bgpextras: raw FRR text."""
    hold(example, family)


def test_every_rule_has_an_example_and_a_source() -> None:
    complete(EXAMPLES, manifests.RULES)
