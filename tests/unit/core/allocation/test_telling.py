# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What events say: only what is in the way, and a fix that helps."""

from __future__ import annotations

from dataclasses import replace

from allocating import REQUIRE, Cluster, pool, service, serving

V4, V6 = "192.0.2.0/28", "2001:db8:6::/124"


def test_what_a_service_that_takes_both_or_none_is_told() -> None:
    """MetalLB 13.3: "no available IPs". Here nothing of the family that could be had."""
    cluster = Cluster(pool("v4", V4), pool("v6", "2001:db8::1/128"), rest=300)
    cluster.put(service("x", ("ipv4",)), service("k", ("ipv6",)))
    cluster.drop("x")
    cluster.put(service("web", policy=REQUIRE, pool="v4"), service("both", policy=REQUIRE))
    assert cluster.message("web") == (
        'Failed to allocate IP for "default/web": no available IPv6 address: pool v4 has no IPv6; '
        "RequireDualStack takes both or none. Add IPv6 addresses to the pool v4."
    )
    assert "pool v6 is full (1 in use)" in cluster.message("both") and "IPv4 address" not in cluster.message("both")


def test_pool_with_nothing_to_hand_out() -> None:
    """MetalLB 4.4: counts −1. Here the event names what leaves nothing."""
    cluster = Cluster(pool("buggy", "192.0.2.0/32", avoid_buggy_ips=True))
    cluster.put(service("web", ("ipv4",)))
    assert "pool buggy has none but those that avoidBuggyIPs leaves out. Turn avoidBuggyIPs off" in cluster.message(
        "web"
    )
    cluster = Cluster(pool("a", "192.0.2.0/24"), pool("b", "192.0.2.7/32"))
    cluster.put(service("web", ("ipv4",), pool="b"))
    assert "pool b has none that is its alone" in cluster.message("web")


def test_why_an_address_is_taken_away() -> None:
    """MetalLB 2: ClearAssignment without a reason."""
    cluster = Cluster(pool("a", V4, V6))
    cluster.put(service("web"), service("k", ("ipv4",), sharing_key="x", ports=(1,)))
    cluster.put(service("l", ("ipv4",), sharing_key="x", ports=(2,)))
    cluster.change("web", families=("ipv4",), cluster_families=("ipv4",), policy="SingleStack")
    assert cluster.message("web") == "2001:db8:6::1 is taken away: the Service has no IPv6 ClusterIP."
    cluster.change("l", sharing_key="y")
    told = [message for name, reason, message in cluster.events if (name, reason) == ("l", "ClearAssignment")]
    assert told == ["192.0.2.1 is taken away: default/k has it too, and they have no sharing key in common."]
    cluster.configure(pool("a", V4, V6, allocation=serving("other")))
    cleared = {message for _name, reason, message in cluster.events if reason == "ClearAssignment"}
    assert "192.0.2.1 is taken away: the pool a does not serve the Service with it." in cleared
    cluster.configure(pool("a", "192.0.9.0/28"))


def test_waiting_names_also_who_can_not_be_read() -> None:
    """MetalLB 2: an event alone."""
    cluster = Cluster(pool("a", V4))
    cluster.put(replace(service("web", ("ipv4",)), problem="metadata.annotations[x]: bad"))
    assert cluster.allocator.waiting() == {"default/web": "metadata.annotations[x]: bad"}
    cluster.change("web", problem="")
    assert cluster.allocator.waiting() == {}


def test_fix_for_an_address_outside_the_requested_pool() -> None:
    """MetalLB 4.2: "is not allowed in config". Here what is told is of the address that is in the way alone."""
    cluster = Cluster(pool("only4", V4), pool("only6", V6))
    cluster.put(service("web", addresses=("192.0.2.7", "2001:db8:6::7"), pool="only4", policy=REQUIRE))
    assert cluster.message("web") == (
        'Failed to allocate IP for "default/web": 2001:db8:6::7 is in the pool only6, and the Service asks for the '
        "pool only4; RequireDualStack takes both or none. Write metallb.io/address-pool: only4,only6, or leave it out."
    )


def test_waiting_names_also_who_can_have_nothing_at_all() -> None:
    """MetalLB 4.1 steps 5 to 7: an event at most."""
    cluster = Cluster()
    cluster.put(service("web", ("ipv4",)))
    assert cluster.allocator.waiting() == {"default/web": "there is no IPAddressPool. Create one."}
    cluster.configure(pool("a", V4))
    cluster.put(service("bare", ()), service("both", ("ipv4",), policy=REQUIRE))
    assert list(cluster.allocator.waiting()) == ["default/bare", "default/both"]
    assert "no ClusterIP" in cluster.allocator.waiting()["default/bare"]
    cluster.drop("bare")
    cluster.change("both", policy="SingleStack")
    assert cluster.allocator.waiting() == {}
