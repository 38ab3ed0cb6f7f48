# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pod network out of the plan: ways to other nodes, files, what is masqueraded, and what plugins are given."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import fabrics
import pytest

from dualstack.components.pods import (
    bridge,
    calico,
    cilium,
    files,
    flannel,
    ip_masq_agent,
    iptables,
    masquerade,
    objects,
    policies,
    state,
)
from dualstack.components.pods.peers import Peers

CIDRS = {f"node{number}": [f"10.244.{number}.0/24", f"fd00:10:244:{number}::/64"] for number in (1, 2, 3)}
FAMILIES = ["ipv4", "ipv6"]


def planned(example: str = "demo", **kubernetes: Any) -> dict[str, Any]:
    """The plan of an example that runs Kubernetes."""

    def change(data: dict[str, Any], hosts: dict[str, dict[str, Any]]) -> None:
        data["cluster"]["kubernetes"] = {"version": "1.36.3", **kubernetes}

    return fabrics.plan_of(example, change)


def of_family(plan: dict[str, Any]) -> dict[str, list[str]]:
    """Pod CIDRs of the families of a plan."""
    return {
        name: [cidr for cidr in CIDRS[name] if ("ipv6" if ":" in cidr else "ipv4") in plan["cluster"]["families"]]
        for name in plan["nodes"]
    }


def test_nodes_of_one_rack_go_by_their_addresses_there_and_others_by_the_tunnel() -> None:
    network = bridge.network(planned(), "node1", CIDRS)
    assert [(route["to"], route["via"], route["device"]) for route in network["routes"]] == [
        ("10.244.2.0/24", "10.0.1.12", ""),
        ("fd00:10:244:2::/64", "2001:db8:dc:1::12", ""),
        ("10.244.3.0/24", "10.244.3.0", "dspods"),
        ("fd00:10:244:3::/64", "fd00:10:244:3::", "dspods"),
    ]
    [peer] = network["vxlan"]["peers"]
    assert peer["remote"] == "10.0.2.13" and peer["gateways"] == ["10.244.3.0", "fd00:10:244:3::"]
    assert network["vxlan"]["addresses"] == ["10.244.1.0/32", "fd00:10:244:1::/128"]


def test_a_node_in_two_racks_needs_no_tunnel_but_has_the_mtu_of_those_that_do() -> None:
    network = bridge.network(planned(), "node2", CIDRS)
    assert {route["device"] for route in network["routes"]} == {""}
    assert network["overhead"] == bridge.OVERHEAD["ipv4"] and network["vxlan"]["peers"] == []


def test_both_ends_of_a_tunnel_know_each_other() -> None:
    plan = planned()
    here, there = (bridge.network(plan, name, CIDRS) for name in ("node1", "node3"))
    assert here["vxlan"]["peers"][0]["hardware_address"] == there["vxlan"]["hardware_address"]
    assert there["vxlan"]["peers"][0]["hardware_address"] == here["vxlan"]["hardware_address"]
    assert here["vxlan"]["peers"][0]["remote"] == there["underlay"]
    macs = {bridge.hardware_address(f"node{number}") for number in range(5000)}
    assert len(macs) == 5000 and all(int(mac[:2], 16) & 3 == 2 for mac in macs)  # local, and of one host


@pytest.mark.parametrize(("example", "carrier"), [("ipv4-only", "ipv4"), ("ipv6-only", "ipv6"), ("ipv6-first", "ipv6")])
def test_the_first_family_carries_the_tunnel(example: str, carrier: str) -> None:
    plan = planned(example)
    for segment in plan["segments"].values():  # as if each node stood in a rack of its own
        segment["members"] = {}
    network = bridge.network(plan, "node1", of_family(plan))
    assert network["overhead"] == bridge.OVERHEAD[carrier]
    assert (":" in network["underlay"]) == (carrier == "ipv6")
    assert len(network["routes"]) == (len(plan["nodes"]) - 1) * len(plan["cluster"]["families"])
    assert list(network["cidrs"]) == list(plan["cluster"]["families"])


def test_without_encapsulation_routers_lead_to_the_rest() -> None:
    network = bridge.network(planned(cni={"encapsulation": "none", "masquerade": []}), "node1", CIDRS)
    assert [route["to"] for route in network["routes"]] == CIDRS["node2"]
    assert network["vxlan"] is None and network["overhead"] == 0 and network["masquerade"] == {}


def test_a_node_that_has_not_joined_is_not_routed_to_and_one_without_pod_cidrs_is_refused() -> None:
    plan = planned()
    here = {name: CIDRS[name] for name in ("node1", "node2")}
    routes = bridge.network(plan, "node1", here)["routes"]
    assert [route["to"] for route in routes] == CIDRS["node2"]
    with pytest.raises(ValueError, match="the Node node1 has no pod CIDR of ipv6"):
        bridge.network(plan, "node1", {"node1": ["10.244.1.0/24"]})


def test_of_several_common_segments_the_one_of_the_kubelet_is_taken() -> None:
    plan = planned()
    for name in ("node1", "node3"):
        plan["segments"]["rack2"]["members"].setdefault(name, {"interface": None, "addresses": {"ipv4": "10.0.2.11"}})
    plan["segments"]["rack1"]["members"]["node3"] = {"interface": None, "addresses": {"ipv4": "10.0.1.13"}}
    assert Peers(plan, "demo").on_link("node1", "node3", "ipv4") == plan["nodes"]["node3"]["kubernetes"]["node_ip"][0]
    assert Peers(plan, "demo").on_link("node1", "node3", "ipv6") is None


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_kept_from_masquerading(family: str) -> None:
    plan = planned(cni={"non_masquerade": ["198.18.0.0/15", "2001:db8:aaaa::/48"]})
    kept = " ".join(bridge.network(plan, "node1", CIDRS)["masquerade"][family])
    wanted = {
        "ipv4": ["10.244.0.0/16", "10.96.0.0/16", "198.18.0.0/15", "169.254.0.0/16", "10.0.1.11-10.0.1.12"],
        "ipv6": ["fd00:10:244::/56", "fd00:10:96::/112", "2001:db8:aaaa::/48", "fe80::/10", "2001:db8:dc:2::12/127"],
    }
    assert all(each in kept for each in wanted[family])
    assert not any(rack in kept for rack in ("10.0.1.0/24", "2001:db8:dc:1::/64"))  # routers know no pods


def test_only_planned_families_are_masqueraded() -> None:
    network = bridge.network(planned(cni={"masquerade": ["ipv6"]}), "node1", CIDRS)
    assert "ip saddr" not in masquerade.rules(network) and "ip6 saddr" in masquerade.rules(network)
    assert iptables.expected(network)["ipv4"] == [iptables.JUMP]
    assert len(iptables.expected(network)["ipv6"]) > 3
    none = bridge.network(planned(cni={"masquerade": []}), "node1", CIDRS)
    assert masquerade.expected(none) == {} and "table inet dualstack_pods {" not in masquerade.rules(none)


@pytest.mark.parametrize("nft", [True, False])
def test_the_files_of_a_boot_do_what_the_kernel_is_to_have(nft: bool) -> None:
    network = bridge.network(planned(), "node1", CIDRS)
    found = files.files(network, 1450, networkd=True, nft=nft)
    commands = state.commands(state.desired(network, 1450), {})
    assert found[f"{files.FOLDER}/ip.batch"].splitlines() == commands.ip
    assert found[f"{files.FOLDER}/bridge.batch"].splitlines() == commands.bridge
    assert found[f"{files.FOLDER}/device.batch"].splitlines() == commands.device
    named = [line for line in found[files.UNIT_FILE].splitlines() if line.startswith("ExecStart=")]
    assert all(any(path in line for path in found) for line in named) and len(named) == 4
    assert "ManageForeignRoutes=no" in found[files.NETWORKD]
    assert files.NETWORKD not in files.files(network, 1450, networkd=False, nft=nft)
    first, portmap = json.loads(found[files.CONFLIST])["plugins"]
    assert first["mtu"] == 1450 and portmap["type"] == "portmap"
    assert first["ipam"]["ranges"] == [[{"subnet": "10.244.1.0/24"}], [{"subnet": "fd00:10:244:1::/64"}]]
    assert first["ipam"]["routes"] == [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]


def test_a_state_that_is_as_wanted_needs_nothing_and_another_only_the_difference() -> None:
    plan = planned()
    wanted = state.desired(bridge.network(plan, "node1", CIDRS), 1450)
    assert not any(state.commands(wanted, wanted))
    again = {**CIDRS, "node2": ["10.244.8.0/24", "fd00:10:244:8::/64"]}
    moved = state.desired(bridge.network(plan, "node1", again), 1450)
    assert state.commands(moved, wanted).ip == [
        "route del 10.244.2.0/24 via 10.0.1.12 proto 144",
        "route del fd00:10:244:2::/64 via 2001:db8:dc:1::12 proto 144",
        "route replace 10.244.8.0/24 via 10.0.1.12 proto 144",
        "route replace fd00:10:244:8::/64 via 2001:db8:dc:1::12 proto 144",
    ]
    smaller = state.commands(state.desired(bridge.network(plan, "node1", CIDRS), 1400), wanted)
    assert smaller.device[0] == "link del dev dspods" and len(smaller.device) == 2
    assert not any(line.startswith("route replace 10.244.2.0") for line in smaller.ip)  # not behind the device


def test_calico_is_told_the_families_and_keeps_off_bgp() -> None:
    [installation] = calico.objects(planned(cni={"plugin": "calico"})["cluster"])
    network = installation["spec"]["calicoNetwork"]
    assert network["bgp"] == "Disabled" and network["linuxDataplane"] == "Nftables"
    assert [(pool["cidr"], pool["natOutgoing"], pool["blockSize"]) for pool in network["ipPools"]] == [
        ("10.244.0.0/16", "Enabled", 26),
        ("fd00:10:244::/56", "Enabled", 122),
    ]
    environment = calico.environment(planned(cni={"plugin": "calico", "masquerade": ["ipv4"]})["cluster"])
    assert environment["FELIX_IPV6SUPPORT"] == "true" and environment["IP6"] == "autodetect"
    assert (
        environment["CALICO_IPV4POOL_NAT_OUTGOING"] == "true" and environment["CALICO_IPV6POOL_NAT_OUTGOING"] == "false"
    )


def test_calico_of_one_family_has_nothing_of_the_other() -> None:
    for example, absent, off in (("ipv4-only", "V6", "IP6"), ("ipv6-only", "V4", "IP")):
        cluster = planned(example, cni={"plugin": "calico"})["cluster"]
        network = calico.objects(cluster)[0]["spec"]["calicoNetwork"]
        assert f"nodeAddressAutodetection{absent}" not in network and len(network["ipPools"]) == 1
        assert calico.environment(cluster)[off] == "none"


def test_calico_without_kube_proxy_is_told_where_the_api_server_is() -> None:
    config, installation = calico.objects(planned(cni={"plugin": "calico"}, proxy={"mode": "none"})["cluster"])
    assert config["data"] == {"KUBERNETES_SERVICE_HOST": "10.0.1.11", "KUBERNETES_SERVICE_PORT": "6443"}
    assert installation["spec"]["calicoNetwork"]["linuxDataplane"] == "BPF"


def test_destinations_that_see_pods_are_disabled_pools_of_calico() -> None:
    kept = ["198.18.0.0/15", "2001:db8:aaaa::/48"]
    pools = calico.outside_pools(planned(cni={"plugin": "calico", "non_masquerade": kept})["cluster"])
    assert [pool["spec"] for pool in pools] == [{"cidr": cidr, "disabled": True} for cidr in kept]


def test_cilium_never_keeps_its_own_pools() -> None:
    own = cilium.values(planned(cni={"plugin": "cilium"})["cluster"])["ipam"]
    assert own["operator"]["clusterPoolIPv6PodCIDRList"] == ["fd00:10:244::/56"]
    assert own["operator"]["clusterPoolIPv6MaskSize"] == 64 and own["operator"]["clusterPoolIPv4MaskSize"] == 24
    theirs = cilium.values(planned(cni={"plugin": "cilium", "allocate_node_cidrs": True})["cluster"])
    assert theirs["ipam"] == {"mode": "kubernetes"}
    assert theirs["k8s"] == {"requireIPv4PodCIDR": True, "requireIPv6PodCIDR": True}


def test_cilium_goes_without_kube_proxy_and_by_native_routes() -> None:
    native = {"plugin": "cilium", "encapsulation": "none"}
    cluster = planned("ipv6-first", cni=native, proxy={"mode": "none"})["cluster"]
    values = cilium.values(cluster)
    assert values["kubeProxyReplacement"] is True
    assert values["k8sServiceHost"] == cluster["kubernetes"]["endpoint"]["host"]
    assert values["ipv6NativeRoutingCIDR"] == cluster["pods"]["ipv6"] and "tunnelProtocol" not in values
    assert cilium.values(planned("ipv6-first", cni={"plugin": "cilium"})["cluster"])["underlayProtocol"] == "ipv6"


def test_flannel_masquerades_all_families_or_none() -> None:
    assert flannel.arguments(planned(cni={"plugin": "flannel"})["cluster"]) == ["--ip-masq", "--kube-subnet-mgr"]
    assert flannel.arguments(planned(cni={"plugin": "flannel", "masquerade": []})["cluster"]) == ["--kube-subnet-mgr"]
    plan = planned(cni={"plugin": "flannel"})
    plan["cluster"]["kubernetes"]["cni"]["masquerade"] = ["ipv4"]
    with pytest.raises(ValueError, match="Flannel masquerades all families or none"):
        objects.objects(plan, "demo")


def test_the_agent_is_given_cidrs_of_both_families_and_told_of_ipv6() -> None:
    plan = planned()
    config = ip_masq_agent.config(plan, plan["cluster"])
    assert not any("-" in cidr for cidr in config["nonMasqueradeCIDRs"])
    pods_and_node = {"10.244.0.0/16", "fd00:10:244::/56", "10.0.1.11/32", "2001:db8:dc:1::11/128"}
    assert pods_and_node <= set(config["nonMasqueradeCIDRs"])
    assert ip_masq_agent.arguments(plan["cluster"]) == ["--enable-ipv6"]
    assert ip_masq_agent.arguments(planned("ipv4-only")["cluster"]) == []


def test_a_family_that_is_routed_is_excepted_as_a_whole() -> None:
    plan = planned(cni={"masquerade": ["ipv4"]})
    assert "::/0" in ip_masq_agent.config(plan, plan["cluster"])["nonMasqueradeCIDRs"]


def test_too_many_nodes_for_the_agent_leave_its_list_and_too_many_exceptions_are_refused() -> None:
    def crowd(count: int) -> Callable[[Any, Any], None]:
        def change(data: dict[str, Any], hosts: dict[str, dict[str, Any]]) -> None:
            kept = [f"198.{18 + number // 128}.{2 * number % 256}.0/24" for number in range(count)]
            data["cluster"]["kubernetes"] = {"version": "1.36.3", "cni": {"non_masquerade": kept}}

        return change

    plan = fabrics.plan_of("demo", crowd(56))
    listed = ip_masq_agent.config(plan, plan["cluster"])["nonMasqueradeCIDRs"]
    assert len(listed) == 60 and "10.0.1.11/32" not in listed
    plan = fabrics.plan_of("demo", crowd(70))
    with pytest.raises(ValueError, match="takes 64 CIDRs, and these are 74"):
        ip_masq_agent.config(plan, plan["cluster"])


@pytest.mark.parametrize("cidrs", [["198.51.100.0/24"], ["2001:db8:77::/48"]])
def test_policies_of_one_family_are_refused_for_a_cluster_of_two(cidrs: list[str]) -> None:
    with pytest.raises(ValueError, match="would be denied"):
        policies.render(planned()["cluster"], "shop", sources=cidrs)


def test_a_policy_that_leaves_a_family_out_is_found() -> None:
    good = policies.render(planned()["cluster"], "shop", ["198.51.100.0/24", "2001:db8:77::/48"], ["::/0", "0.0.0.0/0"])
    assert policies.lopsided(good) == []
    for rule in (good[2]["spec"]["ingress"][0]["from"], good[3]["spec"]["egress"][0]["to"]):
        del rule[0]
    found = policies.lopsided(good)
    assert [(finding.path, finding.value) for finding in found] == [
        ("NetworkPolicy shop/allow-from-outside: spec.ingress[0]", "2001:db8:77::/48"),
        ("NetworkPolicy shop/allow-to-outside: spec.egress[0]", "0.0.0.0/0"),
    ]
    assert "no IPv4" in found[0].reason and "no IPv6" in found[1].reason
    assert policies.lopsided(good, ["ipv6"])[0].path.endswith("spec.egress[0]")
