# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MetalLB 12, 13.3: where the allocator does otherwise. Each test says in its docstring what MetalLB (0.16) does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from allocating import DUAL, PREFER, REQUIRE, Cluster, pool, service, serving

from dualstack.allocation.supply import Count

FAMILIES = ("ipv4", "ipv6")
V4, V6 = "192.0.2.0/28", "2001:db8:6::/124"
BLOCK = {"ipv4": V4, "ipv6": V6}
FIRST = {"ipv4": "192.0.2.1", "ipv6": "2001:db8:6::1"}
SECOND = {"ipv4": "192.0.2.2", "ipv6": "2001:db8:6::2"}
ORDERS = (("ipv4", "ipv6"), ("ipv6", "ipv4"))


def separate(**fields: object) -> Cluster:
    return Cluster(pool("only4", V4), pool("only6", V6), **fields)


# Separate pools


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("policy", [PREFER, REQUIRE])
def test_both_families_out_of_separate_pools(order: tuple[str, ...], policy: str) -> None:
    """MetalLB 12.1: PreferDualStack gets one address, RequireDualStack none ("no available IPs")."""
    cluster = separate()
    cluster.put(service("web", order, policy=policy))
    assert cluster.held("web") == [FIRST[family] for family in order]
    assert cluster.note("web") == ",".join({"ipv4": "only4", "ipv6": "only6"}[family] for family in order)
    assert cluster.reasons("web") == ["IPAllocated"]


@pytest.mark.parametrize("text", ["only4,only6", " only6 , only4 "])
@pytest.mark.parametrize("policy", [PREFER, REQUIRE])
def test_list_of_pools(text: str, policy: str) -> None:
    """MetalLB 12.1: reads ONE pool with a comma in its name: unknown pool, pending."""
    cluster = Cluster(pool("a", "192.0.3.0/28", "2001:db8:3::/124"), pool("only4", V4), pool("only6", V6))
    cluster.put(service("web", pool=text, policy=policy))
    assert cluster.held("web") == [FIRST["ipv4"], FIRST["ipv6"]] and cluster.note("web") == "only4,only6"


def test_list_of_pools_with_an_unknown_one() -> None:
    """MetalLB 12.1: pending. Here the family that can be had is given where one is enough; the name is told."""
    cluster = separate()
    cluster.put(service("web", pool="only4,onyl6"), service("both", pool="only4,onyl6", policy=REQUIRE))
    assert cluster.held("web") == [FIRST["ipv4"]] and cluster.held("both") == []
    assert "unknown pool 'onyl6'" in cluster.message("web")
    assert cluster.message("both").endswith("did you mean 'only6'?")


@pytest.mark.parametrize("order", ORDERS)
def test_requested_addresses_of_two_pools(order: tuple[str, ...]) -> None:
    """MetalLB 13.3: pending: "is not allowed in config"."""
    cluster = separate()
    cluster.put(service("web", order, addresses=("192.0.2.7", "2001:db8:6::7"), policy=REQUIRE))
    assert sorted(cluster.held("web")) == ["192.0.2.7", "2001:db8:6::7"]


@pytest.mark.parametrize("asked", ["192.0.2.7", "2001:db8:6::7"])
@pytest.mark.parametrize("policy", [PREFER, REQUIRE])
def test_one_requested_address_of_a_dual_stack_service(asked: str, policy: str) -> None:
    """MetalLB 11: AllocationFailed: both must be given. Here the other family finds its address by itself."""
    cluster = separate()
    cluster.put(service("web", addresses=(asked,), policy=policy))
    assert asked in cluster.held("web") and len(cluster.held("web")) == 2


def test_requested_addresses_on_a_single_stack_cluster() -> None:
    """MetalLB 4.2: two addresses for one ClusterIP: AllocationFailed. Here the one of its family is given."""
    cluster = separate()
    cluster.put(service("web", ("ipv4",), addresses=("192.0.2.7", "2001:db8:6::7"), policy=PREFER))
    assert cluster.held("web") == ["192.0.2.7"] and cluster.reasons("web") == ["IPAllocated"]


# Pairs


def pairs() -> tuple[object, ...]:
    return (
        pool("a4", "192.0.3.0/30", pair="east"),
        pool("a6", "2001:db8:a::/126", auto_assign=False),
        pool("b6", "2001:db8:b::/126"),
        pool("c6", "2001:db8:c::/126", pair="east"),
    )


def test_partner_comes_first() -> None:
    """MetalLB 12.1: knows no pairs. Here the annotation baremetal.dualstack/pair: both families out of its pools."""
    cluster = Cluster(*pairs())
    cluster.put(*(service(name) for name in "klm"))
    assert [cluster.note(name) for name in "klm"] == ["a4,c6", "a4,c6", "b6"]
    cluster.put(service("n", ("ipv6",)))
    assert cluster.note("n") == "b6", "a pair is nothing to a Service with one family"


def test_partner_of_a_requested_pool_and_of_a_requested_address() -> None:
    """MetalLB 12.1: who asks for a pool with one family gets one family."""
    cluster = Cluster(*pairs())
    cluster.put(service("named", pool="a4", policy=REQUIRE), service("asked", addresses=("2001:db8:c::3",)))
    assert cluster.note("named") == "a4,c6" and cluster.note("asked") == "a4,c6"
    cluster.put(service("other", pool="a6"))
    assert cluster.note("other") == "a6"


def test_other_pools_help_out_where_the_partner_is_full() -> None:
    """MetalLB 12.1: knows no pairs."""
    cluster = Cluster(*pairs())
    cluster.put(*(service(f"x{number}", ("ipv6",), pool="c6") for number in range(3)))
    cluster.put(service("web"))
    assert cluster.note("web") == "a4,b6"


def test_pinned_pool_of_one_family_beside_others() -> None:
    """MetalLB 4.2: a pinned pool with one family beats a dual one: one address. Here each family goes by itself."""
    cluster = Cluster(pool("mine", V4, allocation=serving("default", priority=1)), pool("z", "192.0.9.0/28", V6))
    cluster.put(service("web"))
    assert cluster.held("web") == [FIRST["ipv4"], FIRST["ipv6"]] and cluster.note("web") == "mine,z"


# The order in the status


@pytest.mark.parametrize("order", ORDERS)
def test_status_has_the_order_of_ip_families(order: tuple[str, ...]) -> None:
    """MetalLB 13.3: always IPv4 first; a requested order is written and then flipped by the next reconcile.

    MetalLB 4.1.14, 4.2.
    """
    cluster = Cluster(pool("a", V4, V6))
    wanted = [SECOND[family] for family in order]
    for name, asked in (("plain", ()), ("same", (*wanted,)), ("flipped", (*reversed(wanted),))):
        cluster.put(service(name, order, addresses=asked))
        for edit in "xy":
            cluster.change(name, labels={"edit": edit})
        assert cluster.held(name) == (wanted if asked else [FIRST[family] for family in order])
        cluster.writes = 0
        cluster.restart()
        assert cluster.writes == 0
        if asked:
            cluster.drop(name)


# No flapping, and the family that stays


def test_prefer_on_a_single_stack_cluster_with_a_dual_pool() -> None:
    """MetalLB 4.4: flaps for ever: v4, v4+v6, v4 ... on every reconcile. Here a second family needs a ClusterIP."""
    for family in FAMILIES:
        cluster = Cluster(pool("a", V4, V6))
        cluster.put(service("web", (family,), policy=PREFER))
        for edit in "xyz":
            cluster.change("web", labels={"edit": edit})
        assert cluster.held("web") == [FIRST[family]]
        assert cluster.writes == 1 and cluster.reasons("web") == ["IPAllocated"]


@pytest.mark.parametrize("family", FAMILIES)
def test_family_change_keeps_the_address(family: str) -> None:
    """MetalLB 4.1 step 8, 12.2, 13.3: dual to single: both cleared, then the lowest free: .9 becomes .0."""
    cluster = Cluster(pool("a", V4, V6))
    cluster.put(service("k"), service("web"))
    cluster.drop("k")
    cluster.change("web", families=(family,), cluster_families=(family,), policy="SingleStack")
    assert cluster.held("web") == [SECOND[family]]
    cluster.change("web", families=DUAL, cluster_families=DUAL, policy=PREFER)
    assert SECOND[family] in cluster.held("web") and len(cluster.held("web")) == 2


@pytest.mark.parametrize("gone", FAMILIES)
@pytest.mark.parametrize("policy", [PREFER, REQUIRE])
def test_pool_loses_a_family(gone: str, policy: str) -> None:
    """MetalLB 13.3: both cleared, the IPv4 address changes too. Here the other one stays, also where both are required:

    taking a working address away would help nobody; the event says what is missing.

    MetalLB 4.4 pool loses a family: both are cleared and given anew.
    """
    [stays] = [family for family in FAMILIES if family != gone]
    cluster = Cluster(pool("a", V4, V6))
    cluster.put(service("k"), service("web", policy=policy))
    cluster.drop("k")
    cluster.configure(pool("a", BLOCK[stays]))
    assert cluster.held("web") == [SECOND[stays]]
    assert cluster.reasons("web")[-1] == ("AdditionalAssignFailed" if policy == PREFER else "AllocationFailed")
    if policy == REQUIRE:
        assert f"It keeps {SECOND[stays]}." in cluster.message("web")
    cluster.restart()
    assert cluster.held("web") == [SECOND[stays]]
    cluster.configure(pool("a", V4, V6))
    assert SECOND[stays] in cluster.held("web") and len(cluster.held("web")) == 2


@pytest.mark.parametrize("family", FAMILIES)
def test_policy_to_require_keeps_the_address(family: str) -> None:
    """MetalLB 4.1 step 8: PreferDualStack with one address becomes RequireDualStack: cleared, pending."""
    cluster = Cluster(pool("a", BLOCK[family]))
    cluster.put(service("web"))
    cluster.change("web", policy=REQUIRE)
    assert cluster.held("web") == [FIRST[family]] and cluster.reasons("web")[-1] == "AllocationFailed"


# Make before break


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("wish", [{"pool": "nowhere"}, {"pool": "full"}, {"addresses": "taken"}])
def test_wish_that_can_not_be_met_keeps_what_is_there(family: str, wish: dict[str, object]) -> None:
    """MetalLB 4.1 steps 10, 11, 11: the address is cleared first, then nothing is found. Here it stays until then."""
    single = {"ipv4": "192.0.9.1/32", "ipv6": "2001:db8:9::1/128"}[family]
    cluster = Cluster(pool("a", BLOCK[family]), pool("full", single, auto_assign=False))
    cluster.put(service("user", (family,), pool="full"), service("web", (family,)))
    fields = {"addresses": (single.partition("/")[0],)} if "addresses" in wish else wish
    cluster.change("web", **fields)
    assert cluster.held("web") == [FIRST[family]] and cluster.reasons("web")[-1] == "AllocationFailed"
    assert f"It keeps {FIRST[family]}." in cluster.message("web")
    cluster.restart()
    assert cluster.held("web") == [FIRST[family]]
    if wish.get("pool") != "nowhere":
        cluster.drop("user")
        assert cluster.held("web") == [single.partition("/")[0]]


def test_services_change_places() -> None:
    """MetalLB 4.1 step 11: both are cleared one after the other. Here they move in one turn, or not at all."""
    cluster = Cluster(pool("a", V4, V6), rest=60)
    for name, number in (("k", 1), ("l", 2), ("m", 3)):
        cluster.put(service(name, addresses=(f"192.0.2.{number}", f"2001:db8:6::{number}")))
    asked = {"k": 2, "l": 3, "m": 1}
    wishes = [cluster.wishes[f"default/{name}"] for name in asked]
    moved = [replace(w, addresses=(f"192.0.2.{asked[w.name]}", f"2001:db8:6::{asked[w.name]}")) for w in wishes]
    cluster.put(*moved[:2])
    assert [cluster.held(name)[0] for name in "klm"] == ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
    cluster.put(moved[2])
    assert [cluster.held(name) for name in asked] == [[f"192.0.2.{n}", f"2001:db8:6::{n}"] for n in asked.values()]
    assert cluster.allocator.counts()["a"]["ipv4"].assigned == 3


# Edges


def test_edges_are_not_handed_out() -> None:
    """MetalLB 13.3: the first addresses are 192.0.2.0 and 2001:db8:6::: network and subnet-router anycast address.

    MetalLB 4.2, 12.3.
    """
    cluster = Cluster(pool("a", "192.0.2.0/30", "2001:db8:6::/126"))
    cluster.put(*(service(name) for name in "klm"))
    assert [cluster.held(name) for name in "klm"] == [
        ["192.0.2.1", "2001:db8:6::1"],
        ["192.0.2.2", "2001:db8:6::2"],
        ["2001:db8:6::3"],
    ]


@pytest.mark.parametrize("asked", ["192.0.2.0", "192.0.2.15", "2001:db8:6::"])
def test_edges_are_given_to_who_asks(asked: str) -> None:
    """MetalLB 13.3: gives them to anybody."""
    cluster = Cluster(pool("a", V4, V6))
    family = "ipv6" if ":" in asked else "ipv4"
    cluster.put(service("web", (family,), addresses=(asked,)))
    assert cluster.held("web") == [asked]
    before = cluster.allocator.counts()["a"][family]
    assert before == Count(1, 14 if family == "ipv4" else 15)
    cluster.change("web", addresses=())
    cluster.restart()
    assert cluster.held("web") == [asked]


@pytest.mark.parametrize("entry", ["192.0.2.0-192.0.2.3", "192.0.2.0/31", "192.0.2.0/32", "2001:db8::-2001:db8::3"])
def test_ranges_and_short_blocks_are_used_in_full(entry: str) -> None:
    """MetalLB 4.2: everything is. Here what is stated address by address."""
    family = "ipv6" if ":" in entry else "ipv4"
    cluster = Cluster(pool("a", entry))
    cluster.put(service("web", (family,)))
    assert cluster.held("web") == [entry.replace("/", "-").partition("-")[0]]


def test_use_edges() -> None:
    """MetalLB 13.3: always. Here by the annotation baremetal.dualstack/use-edges of the pool."""
    cluster = Cluster(pool("a", "192.0.2.0/30", "2001:db8:6::/126", use_edges=True))
    cluster.put(*(service(name) for name in "klmn"))
    assert cluster.held("k") == ["192.0.2.0", "2001:db8:6::"] and cluster.held("n") == ["192.0.2.3", "2001:db8:6::3"]
    cluster.configure(pool("a", "192.0.2.0/30", "2001:db8:6::/126"))
    assert cluster.held("k") == ["192.0.2.0", "2001:db8:6::"], "who has one keeps it"


# Fail closed


@pytest.mark.parametrize("services", ["", "app=web"])
def test_namespace_selectors_that_match_nothing(services: str) -> None:
    """MetalLB 3.1 rule 9: fail open: with serviceSelectors any namespace is served, alone who asks for the pool is.

    MetalLB 3.1.9, 12.6.
    """
    cluster = Cluster(pool("a", V4, allocation=serving(by="team=none", services=services)))
    cluster.put(service("web", ("ipv4",), labels={"app": "web"}), service("asks", ("ipv4",), pool="a"))
    assert cluster.held("web") == cluster.held("asks") == []
    assert "serviceAllocation of the pool a keeps the Service out" in cluster.message("asks")


def test_namespace_that_is_not_known_yet() -> None:
    """MetalLB 3.1 rule 9: the same hole. Here nothing is matched before the labels are known."""
    cluster = Cluster(pool("a", V4, allocation=serving(by="team=x")), namespaces={})
    cluster.put(service("web", ("ipv4",)))
    assert cluster.held("web") == []
    cluster.configure(*cluster.pools, namespaces={"default": {"team": "x"}})
    assert cluster.held("web") == [FIRST["ipv4"]]


# Rest


@pytest.mark.parametrize("family", FAMILIES)
def test_freed_address_rests(family: str) -> None:
    """MetalLB 4.2: reused at once. Here nobody else gets it for a while."""
    cluster = Cluster(pool("a", BLOCK[family]), rest=300)
    cluster.put(service("k", (family,)))
    cluster.drop("k")
    cluster.put(service("l", (family,)))
    assert cluster.held("l") == [SECOND[family]]
    cluster.sleep(299)
    cluster.put(service("m", (family,)))
    assert cluster.held("m") != [FIRST[family]]
    cluster.sleep(1)
    cluster.put(service("n", (family,)))
    assert cluster.held("n") == [FIRST[family]]


@pytest.mark.parametrize("family", FAMILIES)
def test_who_had_it_gets_it_back_at_once(family: str) -> None:
    """MetalLB 4.2: no memory: the lowest free address."""
    cluster = Cluster(pool("a", BLOCK[family]), rest=300)
    cluster.put(service("k", (family,)), service("l", (family,)))
    cluster.drop("l")
    cluster.drop("k")
    cluster.put(service("l", (family,)))
    assert cluster.held("l") == [SECOND[family]]


@pytest.mark.parametrize("family", FAMILIES)
def test_full_pool_waits_for_the_end_of_the_rest(family: str) -> None:
    """MetalLB 4.2: no rest. Here who asks for the address gets it, who asks for none waits; the event says so."""
    single = {"ipv4": "192.0.2.1/32", "ipv6": "2001:db8:6::1/128"}[family]
    cluster = Cluster(pool("a", single), rest=300)
    cluster.put(service("k", (family,)))
    assert cluster.allocator.due is None
    cluster.drop("k")
    assert cluster.allocator.due is None
    cluster.put(service("l", (family,)))
    assert cluster.held("l") == [] and "1 at rest" in cluster.message("l")
    assert cluster.allocator.due == cluster.now + 300
    cluster.put(service("m", (family,), addresses=(FIRST[family],)))
    assert cluster.held("m") == [FIRST[family]]
    cluster.drop("m")
    cluster.sleep(300)
    assert cluster.held("l") == [FIRST[family]] and cluster.allocator.due is None


@pytest.mark.parametrize("family", FAMILIES)
def test_no_rest(family: str) -> None:
    """MetalLB 4.2: rest 0 is its way."""
    cluster = Cluster(pool("a", BLOCK[family]), rest=0)
    cluster.put(service("k", (family,)))
    cluster.drop("k")
    cluster.put(service("l", (family,)))
    assert cluster.held("l") == [FIRST[family]]


# Ties, counts, strangers


def test_equal_pools_go_by_name() -> None:
    """MetalLB 13.3: at random: rb ra ra ra ra ra rc ra ra. MetalLB 4.2 other pools: in random order."""
    for names in ("abc", "cab"):
        cluster = Cluster(
            *(pool(f"r{name}", f"192.0.{ord(name)}.0/28", allocation=serving(priority=3)) for name in names)
        )
        cluster.put(*(service(f"s{number}", ("ipv4",)) for number in range(9)))
        assert {cluster.note(f"s{number}") for number in range(9)} == {"ra"}


def test_counts_are_exact() -> None:
    """MetalLB 4.4, 13.3: −1 for 192.0.2.0/32 with avoidBuggyIPs, and an overflow where a /64 stands before IPv4."""
    cluster = Cluster(
        pool("buggy", "192.0.2.0/32", avoid_buggy_ips=True),
        pool("wide", "2001:db8::/64", "2001:db9::/32", "10.0.0.0/30"),
    )
    cluster.put(service("web"))
    assert cluster.allocator.counts() == {
        "buggy": {"ipv4": Count(0, 0)},
        "wide": {"ipv4": Count(1, 1), "ipv6": Count(1, 2**64 + 2**96 - 3)},
    }


def test_foreign_status_is_left_alone() -> None:
    """MetalLB 4.4, issue 2887: clears what others wrote, also without a single pool."""
    foreign = service("web", ("ipv4",), assigned=("203.0.113.9",))
    for pools in ((), (pool("a", V4),)):
        cluster = Cluster(*pools)
        cluster.put(foreign, service("name", ("ipv4",), hostnames=True))
        assert cluster.held("web") == ["203.0.113.9"] and cluster.writes == 0
    cluster.change("web", pool="a")
    assert cluster.held("web") == [FIRST["ipv4"]], "who asks for a pool of ours is ours"


@pytest.mark.parametrize("family", FAMILIES)
def test_all_pools_vanish(family: str) -> None:
    """MetalLB 4.4: everything is cleared. Here only what was ours, and it comes back if the pools do in time.

    MetalLB 4.1.5: no pool at all: cleared.
    """
    cluster = Cluster(pool("a", BLOCK[family]), rest=300)
    cluster.put(service("k", (family,)), service("web", (family,)))
    cluster.drop("k")
    cluster.configure()
    assert cluster.held("web") == [] and cluster.note("web") is None
    assert "there is no IPAddressPool" in cluster.message("web")
    cluster.configure(pool("a", BLOCK[family]))
    assert cluster.held("web") == [SECOND[family]]


def test_status_is_written_once() -> None:
    """MetalLB 2: the API server fills in ipMode, so MetalLB rewrites the status on every reconcile."""
    cluster = Cluster(pool("a", V4, V6))
    cluster.put(service("web"))
    for edit in "xyz":
        cluster.change("web", labels={"edit": edit})
    assert cluster.writes == 1


def test_ip_mode() -> None:
    """MetalLB 2: never sets ipMode. Here by the annotation baremetal.dualstack/ip-mode."""
    cluster = Cluster(pool("a", V4))
    cluster.put(service("web", ("ipv4",), ip_mode="Proxy"))
    assert cluster.wishes["default/web"].held_mode == "Proxy"
    cluster.change("web", ip_mode="VIP")
    assert cluster.wishes["default/web"].held_mode == "VIP" and cluster.writes == 2


def test_overlapping_pools() -> None:
    """MetalLB 3.1 rule 6: refuses all pools. Here all addresses stay; what two pools have is not handed out."""
    cluster = Cluster(pool("b", "192.0.2.0/30"))
    cluster.put(service("web", ("ipv4",)))
    cluster.configure(pool("a", "192.0.2.0-192.0.2.1"), pool("b", "192.0.2.0/30"))
    cluster.put(service("l", ("ipv4",)), service("m", ("ipv4",)), service("asks", ("ipv4",), addresses=("192.0.2.0",)))
    assert cluster.held("web") == ["192.0.2.1"] and cluster.note("web") == "b"
    assert [cluster.held(name) for name in ("l", "m", "asks")] == [["192.0.2.2"], [], ["192.0.2.0"]]
    [finding] = cluster.allocator.findings()
    assert (finding.id, finding.path, finding.value) == ("pool-overlap", "IPAddressPool a", "192.0.2.0-192.0.2.1")
    cluster.restart()
    assert cluster.held("web") == ["192.0.2.1"] and cluster.note("web") == "b"


def test_unreadable_pool() -> None:
    """MetalLB 3.5: one bad pool stops all. Here only its own addresses are frozen: who has one keeps it."""
    cluster = Cluster(pool("a", V4), pool("b", V6))
    cluster.put(service("web"))
    cluster.restart()
    cluster.allocator.configure({"b": pool("b", V6)}, {}, unreadable={"a"})
    cluster.put(service("new"))
    assert cluster.held("web") == [FIRST["ipv4"], FIRST["ipv6"]] and cluster.held("new") == [SECOND["ipv6"]]


def test_events_are_not_repeated() -> None:
    """MetalLB 2: AdditionalAssignFailed on every sync. Here an event comes again when its reason is another one."""
    cluster = Cluster(pool("a", "192.0.2.1/32"))
    cluster.put(service("k", ("ipv4",)), service("web", ("ipv4",)))
    for name in "lmn":
        cluster.put(service(name, ("ipv4",)))
        cluster.change("web", labels={"edit": name})
    assert cluster.reasons("web") == ["AllocationFailed"]
    cluster.change("web", pool="nowhere")
    assert cluster.reasons("web") == ["AllocationFailed"] * 2


def test_what_a_waiting_service_is_told() -> None:
    """MetalLB 13.3: "no available IPs". Here the state of each pool that could matter, and the nearest fix."""
    cluster = Cluster(
        pool("full", "192.0.2.1/32"),
        pool("six", V6),
        pool("spare", "192.0.9.0/28", auto_assign=False),
        pool("theirs", "192.0.8.0/28", allocation=serving("other")),
    )
    cluster.put(service("k", ("ipv4",)), service("web", ("ipv4",)))
    assert cluster.message("web") == (
        'Failed to allocate IP for "default/web": no available IPv4 address: pool spare has autoAssign off (14 free); '
        "serviceAllocation of the pool theirs keeps the Service out; pool full is full (1 in use); "
        "pool six has no IPv4. "
        "Ask for it: metallb.io/address-pool: spare."
    )
    assert cluster.allocator.waiting() == {"default/web": cluster.message("web").partition('"default/web": ')[2]}
