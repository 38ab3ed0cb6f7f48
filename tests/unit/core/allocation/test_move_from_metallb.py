# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MetalLB 2, 4.4: MetalLB is stopped, we start: every Service keeps every address, in the objects that MetalLB left."""

from __future__ import annotations

from typing import Any

import pytest

from dualstack.allocation.allocator import Allocator
from dualstack.allocation.verdict import Verdict
from dualstack.findings import Finding
from dualstack.resources.collection import parse
from dualstack.resources.held import held_wish

Object = dict[str, Any]
NEW, OLD = "metallb.io/", "metallb.universe.tf/"


def pool(name: str, *addresses: str, **spec: Any) -> Object:
    metadata = {"name": name, "namespace": "metallb-system"}
    return {
        "apiVersion": "metallb.io/v1beta1",
        "kind": "IPAddressPool",
        "metadata": metadata,
        "spec": {"addresses": list(addresses), **spec},
    }


POOLS = [
    pool("dual", "192.0.2.0/28", "2001:db8:6::/124"),
    pool("manual", "192.0.3.0/28", autoAssign=False),
    pool("team", "192.0.4.10-192.0.4.20", serviceAllocation={"priority": 10, "namespaces": ["team"]}),
]


def service(name: str, ips: list[str], note: str | None = "dual", old: bool = False, **fields: Any) -> Object:
    """A Service as MetalLB and the API server leave it; ``fields``: families, policy, annotations, spec, namespace."""
    families = fields.get(
        "families", ["IPv4", "IPv6"] if len(ips) == 2 else ["IPv6" if ":" in "".join(ips) else "IPv4"]
    )
    cluster_ips = [{"IPv4": "10.96.0.7", "IPv6": "fd00:10:96::7"}[family] for family in families]
    annotations = dict(fields.get("annotations", {}))
    if note:
        annotations[(OLD if old else NEW) + "ip-allocated-from-pool"] = note
    metadata = {"name": name, "namespace": fields.get("namespace", "default"), "annotations": annotations, "uid": name}
    spec = {
        "type": "LoadBalancer",
        "clusterIP": cluster_ips[0],
        "clusterIPs": cluster_ips,
        "ipFamilies": families,
        "ipFamilyPolicy": fields.get("policy", "PreferDualStack" if len(families) == 2 else "SingleStack"),
        "externalTrafficPolicy": "Cluster",
        "allocateLoadBalancerNodePorts": True,
        "ports": [{"port": 80, "protocol": "TCP", "targetPort": 8080, "nodePort": 30080}],
        "selector": {"app": name},
        **fields.get("spec", {}),
    }
    ingress = [{"ip": ip, "ipMode": "VIP"} for ip in ips]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": spec,
        "status": {"loadBalancer": {"ingress": ingress} if ingress else {}},
    }


def decided(
    *services: Object, pools: list[Object] | None = None, rest: float = 300
) -> tuple[Allocator, dict[str, Verdict]]:
    """What our first turn says, with no finding on the way."""
    resources, findings = parse(POOLS if pools is None else pools)
    assert not findings
    allocator = Allocator(rest=rest)
    allocator.configure(resources.pools, {"default": {}, "team": {}})
    problems: list[Finding] = []
    for given in services:
        wish = held_wish(given, problems.append)
        assert wish is not None
        allocator.put(wish)
    assert not problems
    verdicts = {verdict.key.partition("/")[2]: verdict for verdict in allocator.settle(0)}
    assert allocator.settle(0) == []
    return allocator, verdicts


def test_nothing_is_written_for_what_is_as_it_should_be() -> None:
    allocator, verdicts = decided(
        service("zero", ["192.0.2.0", "2001:db8:6::"]),
        service("one", ["192.0.2.1"]),
        service("six", ["2001:db8:6::9"]),
        service("last", ["192.0.2.15"]),
        service("manual", ["192.0.3.4"], "manual"),
        service("asked", ["192.0.3.5"], "manual", annotations={NEW + "address-pool": "manual"}),
        service("team", ["192.0.4.10"], "team", namespace="team"),
    )
    assert verdicts == {}
    assert allocator.addresses("default/zero") == ("192.0.2.0", "2001:db8:6::")
    counts = allocator.counts()["dual"]
    assert (counts["ipv4"].assigned, counts["ipv6"].assigned) == (3, 2)


@pytest.mark.parametrize("suffix", ["allow-shared-ip"])
@pytest.mark.parametrize("prefix", [NEW, OLD])
def test_shared(prefix: str, suffix: str) -> None:
    """Services that share an address, with either prefix."""
    shared = {prefix + suffix: "dns"}
    udp = {"ports": [{"port": 80, "protocol": "UDP"}]}
    allocator, verdicts = decided(
        service("tcp", ["192.0.2.3", "2001:db8:6::3"], annotations=shared),
        service("udp", ["192.0.2.3", "2001:db8:6::3"], annotations=shared, spec=udp),
    )
    assert verdicts == {} and allocator.counts()["dual"]["ipv4"].assigned == 1
    assert allocator.addresses("default/tcp") == allocator.addresses("default/udp") == ("192.0.2.3", "2001:db8:6::3")


def test_note_with_the_old_prefix_is_written_anew() -> None:
    """MetalLB before 0.14.9: only the note is written; it is no fault of the Service's author."""
    _allocator, verdicts = decided(service("web", ["192.0.2.5"], old=True))
    verdict = verdicts["web"]
    assert (verdict.addresses, verdict.note, verdict.write, verdict.events) == (("192.0.2.5",), "dual", True, ())


def test_no_note_at_all() -> None:
    """MetalLB before 0.13.10 wrote none: an address of our pools is ours."""
    _allocator, verdicts = decided(service("web", ["192.0.2.5", "2001:db8:6::5"], None))
    assert verdicts["web"].addresses == ("192.0.2.5", "2001:db8:6::5") and verdicts["web"].write


@pytest.mark.parametrize("families", [["IPv4", "IPv6"], ["IPv6", "IPv4"]])
@pytest.mark.parametrize("ips", [["192.0.2.7", "2001:db8:6::7"], ["2001:db8:6::7", "192.0.2.7"]])
def test_order_of_the_status(families: list[str], ips: list[str]) -> None:
    """IPv4 first as always, or as requested at the first write: the addresses stay, the order follows ipFamilies."""
    asked = {NEW + "loadBalancerIPs": "2001:db8:6::7,192.0.2.7"}
    allocator, verdicts = decided(service("web", ips, families=families, annotations=asked))
    wanted = tuple(sorted(ips, key=lambda ip: families.index("IPv6" if ":" in ip else "IPv4")))
    assert allocator.addresses("default/web") == wanted
    assert ("web" in verdicts) == (wanted != tuple(ips))
    assert not verdicts or verdicts["web"].events == ()


def test_flapping_service_comes_to_rest() -> None:
    """MetalLB 4.4: PreferDualStack, one ClusterIP, a dual pool: v4 and v4+v6 by turns. The IPv4 address stays."""
    for ips in (["192.0.2.7"], ["192.0.2.7", "2001:db8:6::7"]):
        given = service("web", ips, families=["IPv4"], policy="PreferDualStack")
        allocator, _verdicts = decided(given)
        assert allocator.addresses("default/web") == ("192.0.2.7",)


def test_pool_changed_while_nobody_looked() -> None:
    """The note names a pool that is gone, and the address stands in another one: kept; nowhere: taken away."""
    _allocator, verdicts = decided(service("kept", ["192.0.2.7"], "gone"), service("lost", ["203.0.113.7"], "gone"))
    assert verdicts["kept"].addresses == ("192.0.2.7",) and verdicts["kept"].note == "dual"
    assert verdicts["lost"].addresses == ("192.0.2.1",)
    assert [event.reason for event in verdicts["lost"].events] == ["ClearAssignment", "IPAllocated"]


def test_second_family_that_metallb_could_not_give() -> None:
    """MetalLB 13.3: separate pools: one address, AdditionalAssignFailed for ever. Here the other one is added."""
    pools = [pool("only4", "192.0.2.0/28"), pool("only6", "2001:db8:6::/124")]
    _allocator, verdicts = decided(service("web", ["192.0.2.0"], "only4", families=["IPv4", "IPv6"]), pools=pools)
    assert verdicts["web"].addresses == ("192.0.2.0", "2001:db8:6::1") and verdicts["web"].note == "only4,only6"


def test_waiting_service_is_served_after_all_others() -> None:
    """A new Service gets none of the addresses that a later one by name holds."""
    holders = [service(f"z{number}", [f"192.0.2.{number}"]) for number in range(14)]
    _allocator, verdicts = decided(service("a", [], None, families=["IPv4"]), *holders)
    assert list(verdicts) == ["a"] and verdicts["a"].addresses == ("192.0.2.14",)


@pytest.mark.parametrize(
    "left",
    [
        {"loadBalancerClass": "example.com/other"},
        {"type": "ClusterIP"},
    ],
)
def test_others_are_not_touched(left: Object) -> None:
    """Another class; another type without a note."""
    given = service("web", ["203.0.113.9"] if "loadBalancerClass" in left else [], None, spec=left)
    problems: list[Finding] = []
    wish = held_wish(given, problems.append)
    if wish is not None:
        _allocator, verdicts = decided(given)
        assert verdicts == {}
    else:
        assert left["type"] == "ClusterIP"
