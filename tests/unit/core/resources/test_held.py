# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services as the allocator reads them."""

from __future__ import annotations

from typing import Any

import pytest

from dualstack.findings import Finding
from dualstack.resources.held import held_wish
from dualstack.resources.wishes import ServicePort, ServiceWish

Object = dict[str, Any]
NOTE, OLD_NOTE = "metallb.io/ip-allocated-from-pool", "metallb.universe.tf/ip-allocated-from-pool"


def service(annotations: Object | None = None, ingress: list[Object] | None = None, **spec: Any) -> Object:
    given = {"type": "LoadBalancer", "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1", "fd00::1"], **spec}
    metadata = {"name": "shop", "namespace": "default", "annotations": annotations or {}}
    status = {"loadBalancer": {"ingress": ingress or []}}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": given, "status": status}


def read(given: Object) -> tuple[ServiceWish, list[Finding]]:
    findings: list[Finding] = []
    wish = held_wish(given, findings.append)
    assert wish is not None
    return wish, findings


@pytest.mark.parametrize(
    ("spec", "families"),
    [
        ({}, ("ipv4", "ipv6")),
        ({"clusterIPs": ["fd00::1", "10.0.0.1"], "clusterIP": "fd00::1"}, ("ipv6", "ipv4")),
        ({"clusterIPs": None}, ("ipv4",)),
        ({"clusterIPs": None, "clusterIP": "fd00::1"}, ("ipv6",)),
        ({"clusterIPs": ["None"], "clusterIP": "None"}, ()),
        ({"clusterIPs": [], "clusterIP": ""}, ()),
        ({"clusterIPs": [7], "clusterIP": 7}, ()),
    ],
)
def test_families_of_the_cluster_ips(spec: Object, families: tuple[str, ...]) -> None:
    assert read(service(**spec))[0].cluster_families == families


@pytest.mark.parametrize(
    ("modes", "held"), [([], "VIP"), (["VIP", None], "VIP"), (["Proxy"], "Proxy"), (["VIP", "Proxy"], "")]
)
def test_modes_of_the_status(modes: list[str | None], held: str) -> None:
    ips = ["192.0.2.1", "2001:db8::1"]
    ingress = [{"ip": ip, **({"ipMode": mode} if mode else {})} for ip, mode in zip(ips, modes)]
    assert read(service(ingress=ingress))[0].held_mode == held


def test_mode_that_is_asked_for() -> None:
    assert read(service({"baremetal.dualstack/ip-mode": "Proxy"}))[0].ip_mode == "Proxy"
    wish, [finding] = read(service({"baremetal.dualstack/ip-mode": "proxy"}))
    assert wish.ip_mode == "VIP" and not wish.problem and finding.id == "ip-mode"


@pytest.mark.parametrize(("own", "other"), [("192.0.2.7", "2001:db8::7"), ("2001:db8::7", "192.0.2.7")])
def test_an_address_of_a_family_that_the_service_has_not(own: str, other: str) -> None:
    """MetalLB 4.2: refuses all of them. Here the one that fits counts, and the other is told."""
    cluster = {"192.0.2.7": "10.96.0.1", "2001:db8::7": "fd00::1"}
    asked = {"metallb.io/loadBalancerIPs": f"{own},{other}"}
    wish, [finding] = read(service(asked, clusterIPs=[cluster[own]]))
    assert not wish.problem and set(wish.addresses) == {own, other}
    assert (finding.id, finding.severity, finding.value) == ("address-family", "warning", other)
    assert read(service(asked, clusterIPs=list(cluster.values())))[1] == []
    assert read(service(asked, clusterIPs=[], clusterIP=""))[1] == [], "no ClusterIP is known yet"


def test_names_in_the_status_are_somebody_elses() -> None:
    wish, _findings = read(service(ingress=[{"hostname": "lb.example.com"}, {"ip": "192.0.2.1"}]))
    assert wish.hostnames and wish.assigned == ("192.0.2.1",)


def test_other_types() -> None:
    """None where nothing is ours; else what is to be taken away."""
    report: list[Finding] = []
    assert held_wish(service(type="ClusterIP"), report.append) is None
    for note, old in ((NOTE, ()), (OLD_NOTE, (OLD_NOTE,))):
        wish, findings = read(service({note: "a"}, type="NodePort"))
        assert not wish.load_balancer and wish.allocated_from == "a" and wish.old_annotations == old
        assert not findings and not report


@pytest.mark.parametrize(
    ("annotations", "spec", "words"),
    [
        ({"metallb.io/loadBalancerIPs": "192.0.2.300"}, {}, "192.0.2.300"),
        ({"metallb.io/loadBalancerIPs": "192.0.2.1"}, {"loadBalancerIP": "192.0.2.1"}, "MetalLB refuses both"),
        ({"metallb.io/loadBalancerIPs": "192.0.2.1,192.0.2.2"}, {}, "a second IPv4 address"),
    ],
)
def test_addresses_that_can_not_be_read(annotations: Object, spec: Object, words: str) -> None:
    """Everything else is read, so that what the Service has is kept on its terms."""
    given = service(
        {**annotations, NOTE: "a", "metallb.io/allow-shared-ip": "x"},
        ingress=[{"ip": "192.0.2.9"}],
        ports=[{"port": 80}],
        **spec,
    )
    wish, findings = read(given)
    assert words in wish.problem and "default/shop" not in wish.problem and findings
    assert wish.assigned == ("192.0.2.9",) and wish.addresses == ()
    assert (wish.sharing_key, wish.ports) == ("x", (ServicePort(80),))


@pytest.mark.parametrize("spec", [{"ports": "80"}, {"ipFamilyPolicy": "Both"}, {"externalTrafficPolicy": 7}])
def test_spec_that_can_not_be_read(spec: Object) -> None:
    """MetalLB 2 nolbIPsIPFamily, InternalError: families of the status that can't be told, broken invariants."""
    wish, _findings = read(service({NOTE: "a"}, ingress=[{"ip": "192.0.2.9"}, {"ip": "x"}], **spec))
    assert wish.problem and wish.assigned == ("192.0.2.9",) and wish.allocated_from == "a"
    assert wish.cluster_families == ("ipv4", "ipv6") and wish.load_balancer
