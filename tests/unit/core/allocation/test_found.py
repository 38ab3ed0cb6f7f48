# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What random histories found, each in its smallest form."""

from __future__ import annotations

from dataclasses import replace

import pytest
from allocating import DUAL, PREFER, Cluster, pool, service

V4, V6 = "192.0.2.0/28", "2001:db8:6::/124"
FAMILIES = ("ipv4", "ipv6")
BLOCK = {"ipv4": V4, "ipv6": V6}
USERS = (("k", "b", 80), ("l", "a", 81))


@pytest.mark.parametrize("family", FAMILIES)
def test_shared_address_is_counted_in_the_pool_of_its_new_name(family: str) -> None:
    """It had two users, and neither moved it."""
    cluster = Cluster(pool("a", BLOCK[family]))
    cluster.put(*(service(name, (family,), sharing_key="x", ports=(port,)) for name, port in (("k", 80), ("l", 81))))
    cluster.configure(pool("b", BLOCK[family]))
    assert cluster.allocator.counts()["b"][family].assigned == 1
    cluster.drop("k")
    cluster.drop("l")
    assert cluster.allocator.counts()["b"][family].assigned == 0


@pytest.mark.parametrize("family", FAMILIES)
def test_shared_address_counts_in_the_pool_of_who_is_left(family: str) -> None:
    """Its first user had it of another pool, which has it no more."""
    asked = {"addresses": ("192.0.2.1" if family == "ipv4" else "2001:db8:6::1",), "sharing_key": "x"}
    cluster = Cluster(pool("a", BLOCK[family]), pool("b", BLOCK[family]))
    cluster.put(*(service(key, (family,), pool=name, ports=(port,), **asked) for key, name, port in USERS))
    before = cluster.allocator.counts()
    assert (before["b"][family].assigned, before["a"][family].assigned) == (1, 0)
    cluster.drop("k")
    cluster.configure(pool("a", BLOCK[family]))
    count = cluster.allocator.counts()["a"][family]
    assert count.assigned == 1 and count.assigned + count.available == (14 if family == "ipv4" else 15)


@pytest.mark.parametrize("family", FAMILIES)
def test_shared_address_counts_in_a_pool_that_did_not_change(family: str) -> None:
    """Its first user's pool is gone, and what stands in several pools is what it was: no pool was counted anew."""
    asked = {"addresses": ("192.0.2.1" if family == "ipv4" else "2001:db8:6::1",), "sharing_key": "x"}
    left = (pool("a", BLOCK[family]), pool("c", BLOCK[family]))
    cluster = Cluster(pool("b", BLOCK[family]), *left)
    cluster.put(*(service(key, (family,), pool=name, ports=(port,), **asked) for key, name, port in USERS))
    cluster.configure(*left)
    assert sum(cluster.allocator.counts()[each.name][family].assigned for each in left) == 1
    for key, _unused, _port in USERS:
        cluster.drop(key)
    assert [cluster.allocator.counts()[each.name][family].assigned for each in left] == [0, 0]


@pytest.mark.parametrize("family", FAMILIES)
def test_who_leaves_a_shared_address_last_is_decided_by_name(family: str) -> None:
    """Both go in one turn, and it rests for the last one: that was the order of a set, another one in every process."""
    asked = {"addresses": ("192.0.2.1" if family == "ipv4" else "2001:db8:6::1",), "sharing_key": "x"}
    for one, two in [(f"k{number}", f"l{number}") for number in range(20)]:
        cluster = Cluster(pool("a", BLOCK[family]), rest=60.0)
        cluster.put(*(service(key, (family,), ports=(port,), **asked) for key, port in ((one, 80), (two, 81))))
        for key in (one, two):
            del cluster.wishes[f"default/{key}"]
            cluster.allocator.drop(f"default/{key}")
        cluster.settle()
        cluster.put(service(two, (family,)))
        assert cluster.held(two) == list(asked["addresses"])


@pytest.mark.parametrize("family", FAMILIES)
def test_pair_that_is_dissolved(family: str) -> None:
    """The pool of the Service did not change, but is a partner of the pool that it asks for no more."""
    [other] = [kind for kind in FAMILIES if kind != family]
    cluster = Cluster(pool("a", BLOCK[family], pair="x"), pool("b", BLOCK[other], pair="x"))
    cluster.put(service("web", pool="a"))
    assert len(cluster.held("web")) == 2
    cluster.configure(pool("a", BLOCK[family]), pool("b", BLOCK[other], pair="x"))
    assert list(cluster.allocator.waiting()) == ["default/web"] and len(cluster.held("web")) == 2


@pytest.mark.parametrize("family", FAMILIES)
def test_unreadable_pool_and_another_one_with_its_addresses(family: str) -> None:
    """Who held one of them was not looked at."""
    cluster = Cluster(pool("a", BLOCK[family]))
    cluster.put(service("web", (family,)))
    cluster.allocator.configure({}, {}, unreadable={"a"})
    cluster.settle()
    held = cluster.held("web")
    cluster.allocator.configure({"b": pool("b", BLOCK[family])}, {}, unreadable={"a"})
    cluster.settle()
    assert cluster.held("web") == held and cluster.note("web") == "b"


def test_who_changes_places_is_told() -> None:
    """Only the last one to ask got a verdict."""
    cluster = Cluster(pool("a", V4))
    cluster.put(*(service(name, ("ipv4",), addresses=(f"192.0.2.{n}",)) for name, n in (("k", 1), ("l", 2))))
    for name, number in (("k", 2), ("l", 1)):
        cluster.change(name, addresses=(f"192.0.2.{number}",))
    assert cluster.held("k") == ["192.0.2.2"] and cluster.held("l") == ["192.0.2.1"]


def test_family_for_which_nobody_asks_stays_in_a_circle() -> None:
    """Two Services had the same IPv6 address after they had changed places."""
    cluster = Cluster(pool("a", "192.0.2.1/32"), pool("b", "192.0.2.8/32", V6))
    cluster.put(service("k", addresses=("192.0.2.8", "2001:db8:6::c")))
    cluster.put(service("l", addresses=("192.0.2.1",), pool="a"))
    cluster.put(
        replace(cluster.wishes["default/k"], pool="a", addresses=("192.0.2.1",)),
        replace(cluster.wishes["default/l"], pool=None, addresses=("192.0.2.8", "2001:db8:6::c")),
    )
    assert cluster.held("k") == ["192.0.2.8", "2001:db8:6::c"] and cluster.held("l") == ["192.0.2.1"]


def test_service_that_can_not_be_read_keeps_the_order_of_its_addresses() -> None:
    """The order became IPv4 first."""
    cluster = Cluster(pool("a", V4, V6))
    cluster.put(service("web", ("ipv6", "ipv4")))
    held = cluster.held("web")
    cluster.put(replace(service("web", DUAL, policy=PREFER), families=(), cluster_families=(), problem="bad"))
    assert cluster.held("web") == held == list(cluster.allocator.addresses("default/web"))


@pytest.mark.parametrize("family", FAMILIES)
def test_service_that_can_not_be_read_and_a_pool_that_comes_back(family: str) -> None:
    """The address in its status was free for others, because it had one of another pool."""
    [other] = [kind for kind in FAMILIES if kind != family]
    both = (pool("a", BLOCK[family]), pool("b", BLOCK[other]))
    cluster = Cluster(*both)
    cluster.put(service("web"))
    held = cluster.held("web")
    cluster.wishes["default/web"] = replace(cluster.wishes["default/web"], problem="bad")
    cluster.pools = both[:1]
    cluster.restart()
    cluster.configure(*both)
    cluster.put(service("new"))
    assert sorted(cluster.allocator.addresses("default/web")) == sorted(held)
    assert not set(cluster.held("new")) & set(held)


@pytest.mark.parametrize("family", FAMILIES)
def test_after_a_restart_who_has_a_note_comes_before_who_only_claims(family: str) -> None:
    """A status with more addresses, which somebody else had written, took the address away."""
    cluster = Cluster(pool("a", V4, V6))
    cluster.put(service("web", (family,)))
    (held,) = cluster.held("web")
    claims = (held, {"ipv4": "2001:db8:6::9", "ipv6": "192.0.2.9"}[family])
    cluster.wishes["default/claims"] = replace(service("claims", DUAL, pool="a"), assigned=claims)
    cluster.restart()
    assert cluster.held("web") == [held] and held not in cluster.held("claims")
