# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MetalLB 2, 3.1, 4.2: which pools and addresses a Service gets, where the rules are MetalLB's."""

from __future__ import annotations

import pytest
from allocating import DUAL, PREFER, REQUIRE, Cluster, pool, service, serving

FAMILIES = ("ipv4", "ipv6")
V4, V6 = "192.0.2.0/28", "2001:db8::/124"
BLOCK = {"ipv4": V4, "ipv6": V6}
FIRST = {"ipv4": "192.0.2.1", "ipv6": "2001:db8::1"}
SECOND = {"ipv4": "192.0.2.2", "ipv6": "2001:db8::2"}


def one(family: str, name: str = "web", **fields: object) -> object:
    return service(name, (family,), **fields)


@pytest.mark.parametrize("family", FAMILIES)
def test_first_free_address_in_the_order_of_the_entries(family: str) -> None:
    """MetalLB 4.2: entries as written, each ascending; what is free again comes first again (rest 0).

    MetalLB 4.1.13: without any address: allocated.
    """
    late, early = {
        "ipv4": ("192.0.2.8-192.0.2.9", "192.0.2.2-192.0.2.3"),
        "ipv6": ("2001:db8::8-2001:db8::9", "2001:db8::2-2001:db8::3"),
    }[family]
    cluster = Cluster(pool("a", late, early))
    cluster.put(*(one(family, name) for name in "klm"))
    start = early[: early.index("-")]
    assert [cluster.held(name)[0][-1] for name in "klm"] == ["8", "9", "2"]
    cluster.drop("k")
    cluster.put(one(family, "n"))
    assert cluster.held("n") == [late[: late.index("-")]] and cluster.held("m") == [start]


@pytest.mark.parametrize("family", FAMILIES)
def test_auto_assign_off_is_only_for_who_asks(family: str) -> None:
    """MetalLB 4.2: a pool without autoAssign serves only who asks for it, by name or by address."""
    cluster = Cluster(pool("a", BLOCK[family], auto_assign=False))
    cluster.put(one(family), one(family, "named", pool="a"), one(family, "asked", addresses=(SECOND[family],)))
    assert cluster.held("web") == []
    assert cluster.held("named") == [FIRST[family]]
    assert cluster.held("asked") == [SECOND[family]]
    assert "metallb.io/address-pool: a" in cluster.message("web")


@pytest.mark.parametrize("family", FAMILIES)
def test_auto_assign_turned_off_keeps_addresses(family: str) -> None:
    """MetalLB 4.4: autoAssign set to false later, existing assignments stay."""
    cluster = Cluster(pool("a", BLOCK[family]))
    cluster.put(one(family))
    cluster.configure(pool("a", BLOCK[family], auto_assign=False))
    cluster.restart()
    assert cluster.held("web") == [FIRST[family]]


def test_pinned_pools_come_first_by_priority_and_zero_is_last() -> None:
    """MetalLB 1.1, 4.2: pools that are meant for the Service come first; lower numbers first, 0 behind them."""
    cluster = Cluster(
        pool("a", "192.0.2.1/32"),
        pool("b", "192.0.2.2/32", allocation=serving("default")),
        pool("c", "192.0.2.3/32", allocation=serving("default", priority=9)),
        pool("d", "192.0.2.4/32", allocation=serving("default", priority=2)),
        pool("e", "192.0.2.5/32", allocation=serving("other", priority=1)),
    )
    for name in "klmno":
        cluster.put(one("ipv4", name))
    assert [cluster.note(name) for name in "klmno"] == ["d", "c", "b", "a", None]


@pytest.mark.parametrize("family", FAMILIES)
def test_priority_alone_serves_everybody(family: str) -> None:
    """MetalLB 3.1 rule 8: a serviceAllocation that names nothing serves every Service."""
    cluster = Cluster(
        pool("a", BLOCK[family]),
        pool("b", BLOCK[family].replace("::", ":1::").replace(".2.", ".3."), allocation=serving(priority=5)),
    )
    cluster.put(one(family))
    assert cluster.note("web") == "b"


def test_namespaces_and_their_labels_are_a_union_and_services_an_and() -> None:
    """MetalLB 1.1: namespaces or namespaceSelectors, and serviceSelectors."""
    wanted = pool("a", V4, allocation=serving("one", by="team=x", services="app=web"))
    cluster = Cluster(wanted, namespaces={"one": {}, "two": {"team": "x"}, "three": {"team": "y"}})
    for namespace in ("one", "two", "three"):
        cluster.put(
            service(f"{namespace}/web", ("ipv4",), labels={"app": "web"}), service(f"{namespace}/db", ("ipv4",))
        )
    assert [bool(cluster.held(key)) for key in sorted(cluster.wishes)] == [False, True, False, False, False, True]


def test_pinned_pool_refuses_also_who_asks() -> None:
    """MetalLB 4.2: serviceAllocation counts also for a requested pool and a requested address; the event says so."""
    cluster = Cluster(pool("a", V4, allocation=serving("other")))
    cluster.put(one("ipv4", pool="a"), one("ipv4", "asked", addresses=("192.0.2.5",)))
    assert cluster.held("web") == cluster.held("asked") == []
    for name in ("web", "asked"):
        assert (
            "serviceAllocation" in cluster.message(name)
            and "add the namespace default" in cluster.message(name).lower()
        )


@pytest.mark.parametrize("family", FAMILIES)
def test_labels_of_a_namespace_count_when_they_change(family: str) -> None:
    """MetalLB 4.4: selectors tightened: the address is lost at once, and ClearAssignment says so."""
    cluster = Cluster(pool("a", BLOCK[family], allocation=serving(by="team=x")), namespaces={"default": {"team": "x"}})
    cluster.put(one(family))
    assert cluster.held("web") == [FIRST[family]]
    cluster.configure(*cluster.pools, namespaces={"default": {}})
    assert cluster.held("web") == [] and cluster.note("web") is None
    assert cluster.reasons("web")[-2:] == ["ClearAssignment", "AllocationFailed"]
    cluster.configure(*cluster.pools, namespaces={"default": {"team": "x"}})
    assert cluster.held("web") == [FIRST[family]]


def test_dual_stack_out_of_one_pool() -> None:
    """MetalLB 4.2: the first pool that has both families gives both, also when a pool with one stands before it."""
    cluster = Cluster(pool("a", V4), pool("b", "192.0.3.0/28", "2001:db8:1::/124"))
    cluster.put(service("prefer"), service("require", policy=REQUIRE))
    assert cluster.held("prefer") == ["192.0.3.1", "2001:db8:1::1"] and cluster.note("prefer") == "b"
    assert cluster.held("require") == ["192.0.3.2", "2001:db8:1::2"]


@pytest.mark.parametrize(("family", "text"), [("ipv4", V4), ("ipv6", V6)])
def test_prefer_takes_one_family_where_there_is_one(family: str, text: str) -> None:
    """MetalLB 4.2, 2: PreferDualStack is content with one; AdditionalAssignFailed tells of the other one.

    MetalLB tells it again at every reconcile; here it is told once.
    """
    cluster = Cluster(pool("a", text))
    cluster.put(service("web"))
    for label in "xyz":
        cluster.change("web", labels={"edit": label})
    assert cluster.held("web") == [FIRST[family]]
    assert cluster.reasons("web") == ["IPAllocated", "AdditionalAssignFailed"]


def test_require_takes_nothing_where_there_is_one_family() -> None:
    """MetalLB 4.2: RequireDualStack: nothing, AllocationFailed."""
    cluster = Cluster(pool("a", V4))
    cluster.put(service("web", policy=REQUIRE))
    assert cluster.held("web") == [] and cluster.reasons("web") == ["AllocationFailed"]
    assert "pool a has no IPv6" in cluster.message("web")
    assert cluster.allocator.counts()["a"]["ipv4"].assigned == 0


@pytest.mark.parametrize("order", [("ipv4", "ipv6"), ("ipv6", "ipv4")])
def test_requested_addresses(order: tuple[str, ...]) -> None:
    """MetalLB 2: one or two addresses by annotation; the note says out of which pool."""
    cluster = Cluster(pool("a", V4, V6))
    cluster.put(service("web", order, addresses=("192.0.2.7", "2001:db8::7")))
    assert set(cluster.held("web")) == {"192.0.2.7", "2001:db8::7"} and cluster.note("web") == "a"


@pytest.mark.parametrize("family", FAMILIES)
def test_requested_address_by_field(family: str) -> None:
    """MetalLB 2: spec.loadBalancerIP asks for one address."""
    cluster = Cluster(pool("a", BLOCK[family]))
    cluster.put(one(family, addresses=(SECOND[family],), by_field=True))
    assert cluster.held("web") == [SECOND[family]]


@pytest.mark.parametrize("family", FAMILIES)
def test_requested_address_of_no_pool(family: str) -> None:
    """MetalLB 4.2: an address that no pool has: AllocationFailed; the event names a pool that would do."""
    cluster = Cluster(pool("a", BLOCK[family]))
    cluster.put(one(family, addresses=({"ipv4": "203.0.113.1", "ipv6": "2001:db8:9::1"}[family],)))
    assert cluster.held("web") == [] and cluster.reasons("web") == ["AllocationFailed"]
    assert "is in no pool. Ask for an address of the pool a." in cluster.message("web")


@pytest.mark.parametrize("family", FAMILIES)
def test_requested_address_in_use(family: str) -> None:
    """MetalLB 4.2: in use by another one: AllocationFailed, and it is given once it is free, also by request only."""
    cluster = Cluster(pool("a", BLOCK[family]))
    cluster.put(one(family, "first"), one(family, addresses=(FIRST[family],)))
    assert cluster.held("web") == [FIRST[family]], "who asks for an address comes before who asks for none"
    cluster.put(one(family, "other", addresses=(FIRST[family],)))
    assert cluster.held("other") == [] and f"{FIRST[family]} is in use by default/web" in cluster.message("other")
    cluster.drop("web")
    assert cluster.held("other") == [FIRST[family]]


@pytest.mark.parametrize("family", FAMILIES)
def test_requested_address_outside_the_requested_pool(family: str) -> None:
    """MetalLB 4.2: a requested pool beside a requested address must be its pool."""
    cluster = Cluster(pool("a", BLOCK[family]), pool("b", "192.0.3.0/28", "2001:db8:3::/124"))
    cluster.put(one(family, pool="b", addresses=(SECOND[family],)))
    assert cluster.held("web") == []
    assert f"{SECOND[family]} is in the pool a, and the Service asks for the pool b" in cluster.message("web")
    cluster.change("web", pool="a")
    assert cluster.held("web") == [SECOND[family]]


@pytest.mark.parametrize("family", FAMILIES)
def test_requested_address_of_the_other_family(family: str) -> None:
    """MetalLB 4.2: an address of a family that the Service does not have: AllocationFailed."""
    other = "ipv6" if family == "ipv4" else "ipv4"
    cluster = Cluster(pool("a", V4, V6))
    cluster.put(one(family, addresses=(SECOND[other],)))
    assert cluster.held("web") == []
    assert f"{SECOND[other]} is asked for, but the Service has" in cluster.message("web")


@pytest.mark.parametrize("family", FAMILIES)
def test_requested_pool_that_is_unknown(family: str) -> None:
    """MetalLB 4.2: AllocationFailed; the event knows the name that was meant."""
    cluster = Cluster(pool("production", BLOCK[family]))
    cluster.put(one(family, pool="producton"))
    assert cluster.held("web") == []
    assert "did you mean 'production'?" in cluster.message("web")
    cluster.change("web", pool="production")
    assert cluster.held("web") == [FIRST[family]]


def test_avoid_buggy_ips() -> None:
    """MetalLB 1.1, 4.4: no IPv4 address that ends in .0 or .255, not even by request; IPv6 is not concerned."""
    texts = ("192.0.2.254-192.0.3.1", "2001:db8::-2001:db8::ff")
    cluster = Cluster(pool("a", *texts, avoid_buggy_ips=True))
    cluster.put(service("k"), service("l"), one("ipv4", "asked", addresses=("192.0.3.0",)))
    assert [cluster.held(name) for name in "kl"] == [["192.0.2.254", "2001:db8::"], ["192.0.3.1", "2001:db8::1"]]
    assert cluster.held("asked") == [] and "avoidBuggyIPs" in cluster.message("asked")


def test_avoid_buggy_ips_turned_on_takes_such_addresses_away() -> None:
    """MetalLB 4.4: the address is lost and another one given; the IPv6 address stays (MetalLB: both go)."""
    texts = ("192.0.3.0-192.0.3.9", "2001:db8::8-2001:db8::9")
    cluster = Cluster(pool("a", *texts))
    cluster.put(service("web"))
    assert cluster.held("web") == ["192.0.3.0", "2001:db8::8"]
    cluster.configure(pool("a", *texts, avoid_buggy_ips=True))
    assert cluster.held("web") == ["192.0.3.1", "2001:db8::8"]
    assert cluster.reasons("web") == ["IPAllocated", "ClearAssignment", "IPAllocated"]


def test_missing_policy_counts_as_single_stack() -> None:
    """MetalLB 4.2: two ClusterIPs without PreferDualStack: both or nothing."""
    cluster = Cluster(pool("a", V4))
    cluster.put(service("web", DUAL, policy=None))
    assert cluster.held("web") == []
    cluster.change("web", policy=PREFER)
    assert cluster.held("web") == ["192.0.2.1"]
