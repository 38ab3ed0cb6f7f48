# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects and a node that tests of what is announced share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from dualstack.announcing.decide import Announcement, Decision, decide
from dualstack.announcing.facts import NodeFacts
from dualstack.resources.collection import parse

Object = dict[str, Any]

POOL = {"ipv4": "192.0.2.0/24", "ipv6": "2001:db8:1::/64"}
VIP = {"ipv4": "192.0.2.1", "ipv6": "2001:db8:1::1"}
FULL = {"ipv4": "192.0.2.1/32", "ipv6": "2001:db8:1::1/128"}
FAMILIES = ("ipv4", "ipv6")
FACTS = NodeFacts(
    "node1",
    {"eth0": ("198.51.100.9/24",), "eth1": ("10.0.1.11/24", "2001:db8:dc:1::11/64", "fe80::11/64")},
    "10.0.1.11",
)
both = pytest.mark.parametrize("family", FAMILIES)


def metallb(kind: str, name: str, labels: Object | None = None, **spec: Any) -> Object:
    version = "v1beta2" if kind == "BGPPeer" else "v1beta1"
    metadata = {"name": name, "namespace": "metallb-system", "labels": labels or {}}
    return {"apiVersion": f"metallb.io/{version}", "kind": kind, "metadata": metadata, "spec": spec}


def node(name: str, labels: Object | None = None, **status: Any) -> Object:
    metadata = {"name": name, "labels": {"kubernetes.io/hostname": name, **(labels or {})}}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "status": status}


def on(*names: str) -> list[Object]:
    return [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": list(names)}]}]


def service(
    name: str, *addresses: str, labels: Object | None = None, annotations: Object | None = None, **spec: Any
) -> Object:
    metadata = {"name": name, "namespace": "default", "labels": labels or {}, "annotations": annotations or {}}
    ingress = [{"ip": address} for address in addresses]
    status = {"loadBalancer": {"ingress": ingress}}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"type": "LoadBalancer", **spec},
        "status": status,
    }


def endpoints(name: str, family: str, nodes: Mapping[str | None, bool | Object | None], suffix: str = "x") -> Object:
    """An EndpointSlice of a Service: one endpoint per node, ready as stated, or with the conditions given."""
    words = {"ipv4": "IPv4", "ipv6": "IPv6"}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{name}-{family}-{suffix}",
            "namespace": "default",
            "labels": {"kubernetes.io/service-name": name},
        },
        "addressType": words[family],
        "endpoints": [
            {
                "addresses": ["10.244.0.1" if family == "ipv4" else "fd00:10:244::1"],
                **({} if node is None else {"nodeName": node}),
                "conditions": state if isinstance(state, dict) else {"ready": state},
            }
            for node, state in nodes.items()
        ],
    }


PEER4 = metallb("BGPPeer", "tor1-ipv4", myASN=64512, peerASN=64500, peerAddress="10.0.1.1")
PEER6 = metallb("BGPPeer", "tor1-ipv6", myASN=64512, peerASN=64500, peerAddress="2001:db8:dc:1::1")
POOLS = metallb("IPAddressPool", "prod", {"tier": "gold"}, addresses=[POOL["ipv4"], POOL["ipv6"]])
NODES = [node("node1"), node("node2"), node("node3")]
BASE = [POOLS, PEER4, PEER6, *NODES]
SHOP = service("shop", VIP["ipv4"], VIP["ipv6"])


def run(*objects: Object, facts: NodeFacts = FACTS) -> Decision:
    resources, findings = parse(objects)
    assert not [str(finding) for finding in findings if finding.severity == "error"]
    return decide(resources, facts)


def one(decision: Decision, vip: str) -> Announcement:
    (entry,) = [entry for entry in decision.announcements if entry.vip == vip]
    return entry


def bgp(*extra: Object, **spec: Any) -> Decision:
    return run(*BASE, SHOP, metallb("BGPAdvertisement", "prod", **spec), *extra)
