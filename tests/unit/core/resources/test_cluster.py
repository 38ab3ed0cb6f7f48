# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of Services, Nodes, Namespaces and EndpointSlices."""

from __future__ import annotations

from typing import Any

import pytest

from dualstack.resources.collection import key_of, parse
from dualstack.resources.model import EndpointSlice, Namespace, Node

Object = dict[str, Any]


def node(annotations: Object | None = None, **status: Any) -> Object:
    metadata: Object = {"name": "node1", "labels": {"rack": "1"}, "annotations": annotations or {}, "uid": "n-1"}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "status": status}


def endpoints(family: str, *entries: Object, service: str | None = "shop") -> Object:
    labels = {"kubernetes.io/service-name": service} if service else {}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "shop-x1", "namespace": "default", "labels": labels},
        "addressType": family,
        "endpoints": list(entries),
    }


def test_a_node_with_addresses_of_both_families() -> None:
    addresses = [
        {"type": "Hostname", "address": "node1"},
        {"type": "InternalIP", "address": "10.0.1.11"},
        {"type": "InternalIP", "address": "2001:DB8:dc:1::0011"},
        {"type": "ExternalIP", "address": "192.0.2.1"},
        {"type": "InternalIP", "address": "not yet"},
    ]
    conditions = [{"type": "Ready", "status": "True"}, {"type": "NetworkUnavailable", "status": "False"}]
    resources, findings = parse([node(addresses=addresses, conditions=conditions)])
    assert resources.nodes == {
        "node1": Node("node1", {"rack": "1"}, False, ("10.0.1.11", "2001:db8:dc:1::11"), True, None, "n-1")
    }
    assert not findings


@pytest.mark.parametrize(("status", "ready"), [("True", True), ("False", False), ("Unknown", False)])
def test_readiness_of_a_node(status: str, ready: bool) -> None:
    resources, _unused = parse([node(conditions=[{"type": "Ready", "status": status}])])
    assert resources.nodes["node1"].ready is ready


def test_a_node_without_conditions_is_ready() -> None:
    assert parse([node()])[0].nodes["node1"].ready


@pytest.mark.parametrize(("text", "seconds"), [("0", 0), ("60", 60), ("86400", 86400)])
def test_a_node_is_drained_by_annotation(text: str, seconds: int) -> None:
    resources, findings = parse([node({"baremetal.dualstack/drain": text})])
    assert (resources.nodes["node1"].drain, findings) == (seconds, [])


@pytest.mark.parametrize("text", ["", "soon", "-1", "86401", "1.5", "\u0663"])
def test_a_drain_that_is_no_number_drains_nothing_and_is_told(text: str) -> None:
    resources, findings = parse([node({"baremetal.dualstack/drain": text})])
    assert resources.nodes["node1"].drain is None
    assert [finding.path for finding in findings] == ["Node node1: metadata.annotations.baremetal.dualstack/drain"]


def test_namespaces_are_cluster_wide() -> None:
    given = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shops", "labels": {"team": "a"}}}
    assert key_of(given).namespace == ""
    assert parse([given])[0].namespaces == {"shops": Namespace("shops", {"team": "a"})}


@pytest.mark.parametrize(("words", "family"), [("IPv4", "ipv4"), ("IPv6", "ipv6")])
def test_endpoints_that_serve(words: str, family: str) -> None:
    """MetalLB 5.1: ready nil or true, or else serving; terminating endpoints that serve count."""
    given = endpoints(
        words,
        {"nodeName": "node3"},
        {"nodeName": "node1", "conditions": {"ready": True}},
        {"nodeName": "node1", "conditions": {"ready": None}},
        {"nodeName": "node2", "conditions": {"ready": False, "serving": True, "terminating": True}},
        {"nodeName": "node4", "conditions": {"ready": False, "serving": False}},
        {"nodeName": "node5", "conditions": {"ready": False}},
    )
    read = parse([given])[0].endpoint_slices
    nodes = ("node1", "node2", "node3")
    assert read == {"default/shop-x1": EndpointSlice("default", "shop-x1", "default/shop", family, nodes, True)}


@pytest.mark.parametrize(("ready", "serving"), [(True, True), (False, False)])
def test_endpoints_without_a_node(ready: bool, serving: bool) -> None:
    (read,) = parse([endpoints("IPv6", {"conditions": {"ready": ready}})])[0].endpoint_slices.values()
    assert (read.nodes, read.serving) == ((), serving)


def test_slices_of_names_or_without_a_service_do_not_count() -> None:
    resources, findings = parse([endpoints("FQDN", {})])
    assert (resources.endpoint_slices, findings) == ({}, [])
    resources, findings = parse([endpoints("IPv4", {}, service=None)])
    assert (resources.endpoint_slices, findings) == ({}, [])


@pytest.mark.parametrize(
    ("words", "families"),
    [
        ([], ()),
        (["IPv4"], ("ipv4",)),
        (["IPv6"], ("ipv6",)),
        (["IPv4", "IPv6"], ("ipv4", "ipv6")),
        (["IPv6", "IPv4"], ("ipv6", "ipv4")),
    ],
)
@pytest.mark.parametrize("policy", ["Local", "Cluster"])
def test_families_and_policy_of_a_service(words: list[str], families: tuple[str, ...], policy: str) -> None:
    spec = {"type": "LoadBalancer", "ipFamilies": words, "externalTrafficPolicy": policy}
    metadata = {"name": "shop", "namespace": "default", "uid": "s-1"}
    (read,) = parse([{"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}])[0].services.values()
    assert (read.families, read.local, read.uid) == (families, policy == "Local", "s-1")
