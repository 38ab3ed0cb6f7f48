# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MetalLB 4.1, 4.4: what becomes of a Service when it, its pools or the controller change."""

from __future__ import annotations

from dataclasses import replace

import pytest
from allocating import DUAL, PREFER, REQUIRE, Cluster, pool, service

from dualstack.allocation.allocator import Allocator

FAMILIES = ("ipv4", "ipv6")
V4, V6 = "192.0.2.0/29", "2001:db8::/125"
BLOCK = {"ipv4": V4, "ipv6": V6}
FIRST = {"ipv4": "192.0.2.1", "ipv6": "2001:db8::1"}
SECOND = {"ipv4": "192.0.2.2", "ipv6": "2001:db8::2"}


def test_nothing_happens_before_the_pools_are_known() -> None:
    """MetalLB 4.1 step 3: no configuration yet: nothing is touched."""
    allocator = Allocator()
    allocator.put(service("web", assigned=("192.0.2.3",), allocated_from="a"))
    assert allocator.settle(0) == [] and allocator.due is None
    allocator.configure({"a": pool("a", V4)}, {})
    assert [verdict.addresses for verdict in allocator.settle(0)] == [("192.0.2.3",)]


@pytest.mark.parametrize("family", FAMILIES)
def test_classes(family: str) -> None:
    """MetalLB 2, 4.1 step 1: without a class of our own only Services without one, with it only those of it."""
    for own, served in ((None, "plain"), ("example.com/lb", "ours")):
        cluster = Cluster(pool("a", BLOCK[family]), load_balancer_class=own)
        held = {"assigned": ("203.0.113.9",), "allocated_from": "gone"}
        cluster.put(service("plain", (family,)), service("ours", (family,), load_balancer_class="example.com/lb"))
        cluster.put(service("other", (family,), load_balancer_class="example.com/other", **held))
        assert [name for name in ("plain", "ours") if cluster.held(name)] == [served]
        assert cluster.held("other") == ["203.0.113.9"] and cluster.reasons("other") == []


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("keeps_type", [True, False])
def test_other_type(family: str, keeps_type: bool) -> None:
    """MetalLB 4.1 step 2, step 4, 4.4: a Service that is no LoadBalancer any more is cleared; who waits is served."""
    single = {"ipv4": "192.0.2.1/32", "ipv6": "2001:db8::1/128"}[family]
    cluster = Cluster(pool("a", single))
    cluster.put(service("k", (family,)))
    cluster.put(service("l", (family,)))
    if not keeps_type:
        cluster.change("k", load_balancer=False)
        assert cluster.held("k") == [] and cluster.note("k") is None
    else:
        cluster.drop("k")
    assert cluster.held("l") == [FIRST[family]]


def test_no_cluster_ip() -> None:
    """MetalLB 4.1 step 6, 2: without ClusterIPs there is no family: cleared, with an event."""
    cluster = Cluster(pool("a", V4, V6))
    cluster.put(service("web"))
    cluster.change("web", cluster_families=())
    assert cluster.held("web") == [] and cluster.reasons("web")[-1] == "noclusterIPsIPFamily"


def test_require_with_one_cluster_ip() -> None:
    """MetalLB 4.1 step 7: the event "not enough clusterips", and cleared; told once.

    MetalLB 2 not enough clusterips: RequireDualStack with one ClusterIP; cleared.
    """
    cluster = Cluster(pool("a", V4, V6))
    cluster.put(service("web", policy=REQUIRE))
    cluster.change("web", cluster_families=("ipv4",), families=("ipv4",))
    cluster.change("web", labels={"edit": "1"})
    assert cluster.held("web") == [] and cluster.reasons("web") == ["IPAllocated", "not enough clusterips"]


@pytest.mark.parametrize("family", FAMILIES)
def test_pool_deleted(family: str) -> None:
    """MetalLB 4.4: the address is lost at once, another one is given if there is one."""
    cluster = Cluster(pool("a", BLOCK[family]))
    cluster.put(service("web", (family,)))
    cluster.configure(pool("b", *{"ipv4": ("192.0.3.0/29",), "ipv6": ("2001:db8:3::/125",)}[family]))
    assert cluster.note("web") == "b" and cluster.reasons("web") == ["IPAllocated", "ClearAssignment", "IPAllocated"]
    cluster.configure(pool("c", {"ipv4": "2001:db8:3::/125", "ipv6": "192.0.3.0/29"}[family]))
    assert cluster.held("web") == [] and cluster.note("web") is None


@pytest.mark.parametrize("family", FAMILIES)
def test_pool_shrunk(family: str) -> None:
    """MetalLB 4.4: who is outside loses its address at once and gets another one, who is inside keeps its own."""
    cluster = Cluster(pool("a", BLOCK[family]))
    cluster.put(service("k", (family,)), service("l", (family,)))
    cluster.configure(pool("a", {"ipv4": "192.0.2.2-192.0.2.4", "ipv6": "2001:db8::2-2001:db8::4"}[family]))
    assert cluster.held("l") == [SECOND[family]] and cluster.held("k")[0].endswith("3")


@pytest.mark.parametrize("family", FAMILIES)
def test_pool_grown(family: str) -> None:
    """MetalLB 4.4: who waits is served when pools change."""
    single = {"ipv4": "192.0.2.1/32", "ipv6": "2001:db8::1/128"}[family]
    cluster = Cluster(pool("a", single))
    cluster.put(service("k", (family,)), service("l", (family,)))
    assert cluster.held("l") == [] and "pool a is full (1 in use)" in cluster.message("l")
    cluster.configure(pool("a", single, SECOND[family] + {"ipv4": "/32", "ipv6": "/128"}[family]))
    assert cluster.held("k") == [FIRST[family]] and cluster.held("l") == [SECOND[family]]


@pytest.mark.parametrize("family", FAMILIES)
def test_pool_renamed_and_split(family: str) -> None:
    """MetalLB 4.4: the same addresses under other names: kept, the bookkeeping moves."""
    cluster = Cluster(pool("a", BLOCK[family]))
    cluster.put(service("k", (family,)), service("l", (family,)))
    halves = {
        "ipv4": ("192.0.2.0-192.0.2.1", "192.0.2.2-192.0.2.7"),
        "ipv6": ("2001:db8::-2001:db8::1", "2001:db8::2-2001:db8::7"),
    }[family]
    cluster.configure(pool("x", halves[0]), pool("y", halves[1]))
    assert (cluster.held("k"), cluster.held("l")) == ([FIRST[family]], [SECOND[family]])
    assert (cluster.note("k"), cluster.note("l")) == ("x", "y")
    assert [cluster.allocator.counts()[name][family].assigned for name in "xy"] == [1, 1]
    assert cluster.reasons("k") == ["IPAllocated"]


def test_restart_keeps_everything() -> None:
    """MetalLB 4.4: after a restart the Services hold what they held; nothing is written, nothing told.

    MetalLB 4.1.9: what the status holds is taken over.
    """
    cluster = Cluster(pool("a", V4, V6), pool("b", "192.0.3.0/29"))
    cluster.put(service("k"), service("l", ("ipv6",)), service("m", pool="b"), service("n", policy=REQUIRE))
    cluster.put(service("o", ("ipv4",), sharing_key="x"), service("p", ("ipv4",), sharing_key="x", ports=(81,)))
    held, cluster.writes, cluster.events = {name: cluster.held(name) for name in "klmnop"}, 0, []
    cluster.restart()
    assert {name: cluster.held(name) for name in "klmnop"} == held
    assert cluster.writes == 0 and [event[1] for event in cluster.events] == ["AdditionalAssignFailed"]  # of m


@pytest.mark.parametrize("family", FAMILIES)
def test_restart_takes_nothing_from_those_who_come_later(family: str) -> None:
    """MetalLB 4.4: who has addresses is taken over first, so that a new Service does not get one of them."""
    cluster = Cluster(pool("a", BLOCK[family]))
    cluster.put(service("z", (family,)))
    cluster.wishes["default/a"] = service("a", (family,))
    cluster.restart()
    assert cluster.held("z") == [FIRST[family]] and cluster.held("a") == [SECOND[family]]


def test_restart_with_one_address_held_twice() -> None:
    """MetalLB 4.4: most addresses first, then by name: the first one keeps it, the other one gets another."""
    cluster = Cluster(pool("a", V4, V6))
    cluster.wishes = {
        wish.key: wish
        for wish in (
            service("k", ("ipv4",), assigned=("192.0.2.5",), allocated_from="a"),
            service("l", DUAL, assigned=("192.0.2.5", "2001:db8::5"), allocated_from="a"),
            service("m", ("ipv6",), assigned=("2001:db8::6",), allocated_from="a"),
            service("n", ("ipv6",), assigned=("2001:db8::6",), allocated_from="a"),
        )
    }
    cluster.restart()
    assert cluster.held("l") == ["192.0.2.5", "2001:db8::5"] and cluster.held("k") == ["192.0.2.1"]
    assert cluster.held("m") == ["2001:db8::6"] and cluster.held("n") == ["2001:db8::1"]
    assert cluster.reasons("k") == ["ClearAssignment", "IPAllocated"] and cluster.reasons("m") == []


@pytest.mark.parametrize(("first", "second"), [(V4, V6), (V6, V4)])
def test_pool_becomes_dual(first: str, second: str) -> None:
    """MetalLB 4.1 step 12, 4.4: PreferDualStack: the second family is added, the first stays; told as IPAllocated."""
    cluster = Cluster(pool("a", first))
    cluster.put(service("web"))
    had = cluster.held("web")
    cluster.configure(pool("a", first, second))
    assert len(cluster.held("web")) == 2 and set(had) < set(cluster.held("web"))
    assert cluster.reasons("web") == ["IPAllocated", "AdditionalAssignFailed", "IPAllocated"]


def test_better_pool_appears() -> None:
    """MetalLB 4.4: the Service stays where it is; here the missing family comes out of the new pool."""
    cluster = Cluster(pool("z", V4))
    cluster.put(service("single", ("ipv4",)), service("web"))
    cluster.configure(pool("z", V4), pool("a", "192.0.3.0/29", "2001:db8:3::/125"))
    assert cluster.held("single") == ["192.0.2.1"]
    assert cluster.held("web") == ["192.0.2.2", "2001:db8:3::1"] and cluster.note("web") == "z,a"


@pytest.mark.parametrize("family", FAMILIES)
def test_other_requested_address_and_pool(family: str) -> None:
    """MetalLB 4.1 steps 10, 11: who asks for something else by now moves there.

    MetalLB 4.1.10, 11: another pool or other addresses are asked for: cleared, then tried.
    """
    other = {"ipv4": "192.0.3.0/29", "ipv6": "2001:db8:3::/125"}[family]
    cluster = Cluster(pool("a", BLOCK[family]), pool("b", other))
    cluster.put(service("web", (family,)))
    cluster.change("web", addresses=(SECOND[family],))
    assert cluster.held("web") == [SECOND[family]]
    cluster.change("web", addresses=())
    assert cluster.held("web") == [SECOND[family]], "who asks for nothing any more stays"
    cluster.change("web", pool="b")
    assert cluster.note("web") == "b"
    assert cluster.reasons("web") == ["IPAllocated"] * 3


def test_old_prefix_is_told_when_something_is_written() -> None:
    """MetalLB 2: annotations with the old prefix count; deprecatedAnnotation, only with a write."""
    cluster = Cluster(pool("a", V4))
    cluster.put(service("web", ("ipv4",), pool="a", old_annotations=("metallb.universe.tf/address-pool",)))
    cluster.change("web", labels={"edit": "1"})
    assert cluster.held("web") == ["192.0.2.1"] and cluster.reasons("web") == ["IPAllocated", "deprecatedAnnotation"]
    assert "metallb.universe.tf/address-pool" in cluster.message("web")


def test_unreadable_wish_keeps_its_addresses() -> None:
    """MetalLB 2: LoadBalancerFailed, the state stays; without addresses AllocationFailed. Told once."""
    cluster = Cluster(pool("a", V4, V6))
    cluster.put(service("web"))
    for name in ("web", "new"):
        cluster.put(replace(service(name), problem="metadata.annotations[x]: bad"))
        cluster.change(name, labels={"edit": "1"})
    cluster.restart()
    assert cluster.held("web") == ["192.0.2.1", "2001:db8::1"] and cluster.held("new") == []
    assert cluster.reasons("web") == ["IPAllocated", "LoadBalancerFailed", "LoadBalancerFailed"]
    assert cluster.reasons("new") == ["AllocationFailed", "AllocationFailed"]
    cluster.put(service("other"))
    assert cluster.held("other") == ["192.0.2.2", "2001:db8::2"], "what it has is not given to others"


def test_policy_from_single_to_dual_and_back() -> None:
    """MetalLB 4.4: dual to single and back; here the family that stays keeps its address (see test_beyond_metallb)."""
    cluster = Cluster(pool("a", V4, V6))
    cluster.put(service("web", ("ipv6",)))
    cluster.change("web", policy=PREFER, families=("ipv6", "ipv4"), cluster_families=("ipv6", "ipv4"))
    assert cluster.held("web") == ["2001:db8::1", "192.0.2.1"]
    cluster.change("web", policy="SingleStack", families=("ipv6",), cluster_families=("ipv6",))
    assert cluster.held("web") == ["2001:db8::1"]
