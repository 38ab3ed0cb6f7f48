# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Services ask for: annotations with both prefixes, and the fields of the spec."""

from __future__ import annotations

from typing import Any

import pytest

from dualstack.findings import Finding
from dualstack.resources.wishes import ServicePort, ServiceWish, service_wish

Object = dict[str, Any]


def service(annotations: Object | None = None, **spec: Any) -> Object:
    metadata = {"name": "shop", "namespace": "default", "annotations": annotations or {}}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"type": "LoadBalancer", **spec}}


def read(given: Object) -> tuple[ServiceWish | None, list[Finding]]:
    findings: list[Finding] = []
    return service_wish(given, findings.append), findings


def sound(given: Object) -> ServiceWish:
    wish, findings = read(given)
    assert not findings and wish is not None
    return wish


def test_all_fields() -> None:
    given = service(
        {
            "metallb.io/address-pool": "prod",
            "metallb.io/loadBalancerIPs": " 2001:DB8::7 , 192.0.2.7",
            "metallb.io/allow-shared-ip": "web",
            "metallb.io/ip-allocated-from-pool": "prod",
            "metallb.io/something-else": "x",
            "kubectl.kubernetes.io/last-applied-configuration": "{}",
            "external-dns.alpha.kubernetes.io/hostname": "shop.example.com",
        },
        ipFamilyPolicy="RequireDualStack",
        ipFamilies=["IPv6", "IPv4"],
        externalTrafficPolicy="Local",
        loadBalancerClass="example.com/lb",
        selector={"app": "shop"},
        ports=[
            {"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP", "nodePort": 30080},
            {"name": "dns", "port": 53, "targetPort": "dns", "protocol": "UDP"},
            {"port": 443},
        ],
    )
    given["metadata"]["labels"] = {"team": "a"}
    given["status"] = {"loadBalancer": {"ingress": [{"ip": "2001:db8::7"}, {"ip": "192.0.2.7"}]}}
    assert sound(given) == ServiceWish(
        "default",
        "shop",
        labels={"team": "a"},
        pool="prod",
        addresses=("2001:db8::7", "192.0.2.7"),
        sharing_key="web",
        load_balancer_class="example.com/lb",
        traffic_policy="Local",
        policy="RequireDualStack",
        families=("ipv6", "ipv4"),
        ports=(
            ServicePort(80, "TCP", "http", 8080),
            ServicePort(53, "UDP", "dns", "dns"),
            ServicePort(443),
        ),
        selector={"app": "shop"},
        assigned=("2001:db8::7", "192.0.2.7"),
        allocated_from="prod",
        annotations={"external-dns.alpha.kubernetes.io/hostname": "shop.example.com"},
    )


def test_defaults() -> None:
    assert sound(service()) == ServiceWish("default", "shop")


def test_other_types_ask_for_nothing() -> None:
    assert read(service(type="ClusterIP")) == (None, [])


def test_the_old_prefix_counts_and_the_stable_one_wins() -> None:
    old = {"metallb.universe.tf/address-pool": "old", "metallb.universe.tf/allow-shared-ip": ""}
    wish = sound(service({**old, "metallb.io/address-pool": "new"}))
    assert (wish.pool, wish.sharing_key) == ("new", "")
    assert wish.old_annotations == ("metallb.universe.tf/allow-shared-ip",)
    wish = sound(service(old))
    assert wish.pool == "old"
    assert wish.old_annotations == tuple(old)


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::7"])
def test_the_field_of_the_spec(address: str) -> None:
    wish = sound(service(loadBalancerIP=address))
    assert (wish.addresses, wish.by_field) == ((address,), True)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("192.0.2.7,192.0.2.8", "family-twice"),
        ("2001:db8::7,2001:db8::8", "family-twice"),
        ("192.0.2.7,2001:db8::7,192.0.2.8", "family-twice"),
        ("192.0.2.700", "address-syntax"),
        ("2001:db8:prod::7", "address-syntax"),
        ("192.0.2.0/24", "address-syntax"),
        ("192.0.2.7,", "address-syntax"),
    ],
)
@pytest.mark.parametrize("prefix", ["metallb.io", "metallb.universe.tf"])
def test_bad_addresses(text: str, rule: str, prefix: str) -> None:
    wish, findings = read(service({f"{prefix}/loadBalancerIPs": text}))
    assert wish is None
    assert [finding.id for finding in findings] == [rule]
    assert f"metadata.annotations[{prefix}/loadBalancerIPs]" in findings[0].path


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::7"])
def test_the_field_and_the_annotation_exclude_each_other(address: str) -> None:
    wish, findings = read(service({"metallb.io/loadBalancerIPs": address}, loadBalancerIP=address))
    assert wish is None
    assert [finding.id for finding in findings] == ["addresses-twice"]


@pytest.mark.parametrize("text", ["192.0.2.7,2001:db8::7", "x"])
def test_the_field_holds_one_address(text: str) -> None:
    wish, findings = read(service(loadBalancerIP=text))
    assert wish is None
    assert findings[0].path == "Service default/shop: spec.loadBalancerIP"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ipFamilyPolicy", "DualStack"),
        ("ipFamilies", ["ipv4"]),
        ("ipFamilies", ["IPv4", "IPv6", "IPv4"]),
        ("externalTrafficPolicy", "local"),
        ("ports", [{"port": 0}]),
        ("ports", [{"port": 80, "protocol": "ICMP"}]),
        ("ports", [{"port": 80, "targetPort": 70000}]),
        ("selector", ["app"]),
    ],
)
def test_bad_fields(field: str, value: Any) -> None:
    wish, findings = read(service(**{field: value}))
    assert wish is None
    assert len(findings) == 1
    assert f"spec.{field}" in findings[0].path
