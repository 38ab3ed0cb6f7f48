# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods of three nodes reach each other, nodes, and hosts outside, over both families, and who is seen as the source."""

from __future__ import annotations

import pytest
from pods.rack import NODES, OUTSIDE, POD_CIDRS, Fabric

FAMILIES = ["ipv4", "ipv6"]
PAIRS = [("node1", "node2"), ("node2", "node3"), ("node1", "node3"), ("node3", "node1")]
RULES = {
    "nft delete table inet dualstack_pods": True,
    "nft flush chain inet dualstack_pods postrouting": True,
    "nft flush set inet dualstack_pods kept_ipv6": True,
    "iptables -t nat -F DUALSTACK-PODS": False,
    "ip6tables -t nat -F DUALSTACK-PODS": False,
    "ip6tables -t nat -D DUALSTACK-PODS 3": False,
    "ip6tables -t nat -D POSTROUTING -j DUALSTACK-PODS": False,
    "iptables -t nat -F POSTROUTING": False,
}  # damage to the rules, and whether they are nft's
LARGE = 100_000  # octets: many packets of the full size


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("client", "server"), PAIRS)
def test_pods_of_two_nodes_see_each_other_as_they_are(fabric: Fabric, client: str, server: str, family: str) -> None:
    there, here = fabric.pods[server], fabric.pods[client]
    source = fabric.answers(there.namespace, there.addresses[family], family, here.namespace, LARGE)
    assert source == here.addresses[family]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("node", "server"), [("node1", "node1"), *PAIRS])
def test_nodes_reach_pods_of_all_nodes(fabric: Fabric, node: str, server: str, family: str) -> None:
    there = fabric.pods[server]
    fabric.answers(there.namespace, there.addresses[family], family, fabric.namespace(node), LARGE)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("server", NODES)
def test_nodes_see_pods_as_they_are(fabric: Fabric, server: str, family: str) -> None:
    here, address = fabric.pods["node1"], fabric.plan["nodes"][server]["kubernetes"]["node_ip"][family == "ipv6"]
    if server != "node3":  # replies of node3 go by the tunnel, and what the router forwards to it knows no pods
        assert fabric.answers(fabric.namespace(server), address, family, here.namespace) == here.addresses[family]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("client", NODES)
def test_the_world_outside_sees_the_address_of_the_node(fabric: Fabric, client: str, family: str) -> None:
    source = fabric.answers(fabric.namespace("outside"), OUTSIDE[family], family, fabric.pods[client].namespace, LARGE)
    assert source == fabric.plan["nodes"][client]["kubernetes"]["node_ip"][family == "ipv6"]


def test_what_was_made_is_what_is_wanted(fabric: Fabric) -> None:
    for node in fabric.nodes.values():
        mtu = node.host.pod_mtu(node.network)
        assert not node.host.differences(node.network, mtu).any
        assert fabric.pods[node.name].mtu == mtu == 1450


def test_a_second_boot_changes_nothing(fabric: Fabric) -> None:
    before = {name: (node.host.state(), node.host.rules()) for name, node in fabric.nodes.items()}
    for node in fabric.nodes.values():
        node.boot()
    assert {name: (node.host.state(), node.host.rules()) for name, node in fabric.nodes.items()} == before


@pytest.mark.parametrize(
    "damage",
    [
        "ip link del dspods",
        "ip link set dspods down",
        "ip link set dspods mtu 1400",
        "ip address flush dev dspods",
        "ip route flush proto 144",
        "ip -6 route flush proto 144",
        "ip neigh flush dev dspods nud permanent",
        "bridge fdb del {mac} dev dspods",
        *RULES,
        "ip route add 10.244.77.0/24 via 10.0.1.12 proto 144",
        "ip route add fd00:10:244:77::/64 via 2001:db8:dc:1::12 proto 144",
    ],
)
def test_what_somebody_changed_is_put_back_and_nothing_else(fabric: Fabric, damage: str) -> None:
    node = fabric.nodes["node1"]
    if damage in RULES and RULES[damage] != node.host.nft:
        return  # there are no such rules on this host
    mtu = node.host.pod_mtu(node.network)
    node.jail.run(*damage.format(mac=node.network["vxlan"]["peers"][0]["hardware_address"]).split())
    assert node.host.differences(node.network, mtu).any
    node.host.bring(node.network, mtu)
    assert not node.host.differences(node.network, mtu).any
    for family in FAMILIES:
        there = fabric.pods["node3"]
        fabric.answers(there.namespace, there.addresses[family], family, fabric.pods["node1"].namespace, LARGE)
        fabric.answers(fabric.namespace("outside"), OUTSIDE[family], family, fabric.pods["node1"].namespace)


def test_a_node_that_comes_back_with_other_pod_cidrs(fabric: Fabric) -> None:
    """kubeadm reset and a join give a node new pod CIDRs; the bridge still has the gateways of the old ones."""
    cidrs = {**POD_CIDRS, "node3": ["10.244.9.0/24", "fd00:10:244:9::/64"]}
    for node in fabric.nodes.values():
        node.write(fabric.plan, cidrs)
        node.host.bring(node.network, node.host.pod_mtu(node.network))
    new = fabric.nodes["node3"].pod(fabric, "pod-again")
    for family in FAMILIES:
        here = fabric.pods["node1"]
        assert fabric.answers(new.namespace, new.addresses[family], family, here.namespace) == here.addresses[family]
        source = fabric.answers(fabric.namespace("outside"), OUTSIDE[family], family, new.namespace)
        assert source == fabric.plan["nodes"]["node3"]["kubernetes"]["node_ip"][family == "ipv6"]
