# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of hosts, and what is found of them before they become nodes: each rule finds its own, and only that."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import fabrics
import pytest

from dualstack.components.hosts.needs import needs
from dualstack.components.hosts.preflight import preflight
from dualstack.components.hosts.settings import modules, settings
from dualstack.components.membership import BARE, MEMBER, UNFINISHED
from dualstack.findings import ERROR, HINT, WARNING
from dualstack.report.table import table

Facts = dict[str, Any]


def planned(example: str = "demo", **kubernetes: Any) -> dict[str, Any]:
    """The plan of an example that runs Kubernetes."""

    def change(data: dict[str, Any], hosts: dict[str, dict[str, Any]]) -> None:
        data["cluster"]["kubernetes"] = {"version": "1.36.3", **kubernetes}

    return fabrics.plan_of(example, change)


def address(text: str, length: int, state: str = "", dynamic: bool = False) -> dict[str, Any]:
    return {"address": text, "length": length, "state": state, "dynamic": dynamic}


def route(via: str, protocol: str = "static", expires: int | None = None, device: str = "eth0") -> dict[str, Any]:
    return {"via": via, "device": device, "protocol": protocol, "expires": expires}


GOOD: Facts = {
    "skew": 0.4,
    "hostname": "node1",
    "kernel": "6.12.48+deb13-amd64",
    "machine_id": "a",
    "product_uuid": "",
    "links": {
        "lo": {"mtu": 65536, "up": True, "addresses": [address("127.0.0.1", 8), address("::1", 128)]},
        "eth0": {
            "mtu": 1500,
            "up": True,
            "addresses": [
                address("10.0.1.11", 24),
                address("2001:db8:dc:1::11", 64),
                address("fe80::5054:ff:fe00:1", 64),
            ],
        },
        "eth1": {"mtu": 1500, "up": True, "addresses": []},
    },
    "default_routes": {"ipv4": [route("10.0.1.1")], "ipv6": [route("2001:db8:dc:1::1")]},
    "sysctls": {
        "net/ipv6/conf/eth0/accept_ra": "1",
        "net/ipv6/conf/eth1/accept_ra": "1",
        "net/ipv6/conf/eth0/forwarding": "0",
        "net/ipv4/ip_forward": "0",
        "net/ipv4/neigh/default/gc_thresh3": "1024",
        "net/ipv6/neigh/default/gc_thresh3": "99999",
    },
    "read_only": [],
    "ipv6": True,
    "modules": {"overlay": "loaded", "nf_conntrack": "there", "br_netfilter": "available", "vxlan": "unknown"},
    "swap": [],
    "cgroup": 2,
    "programs": dict.fromkeys(("iptables", "ip6tables", "ip", "bridge", "mount", "losetup"), "")
    | {"nft": "1.1.5", "containerd": "2.2.9"},
    "protocols": True,
    "free": {"/var/lib/kubelet": 10.0, "/var/lib/containerd": 15.0},
    "listening": {"tcp": {}, "udp": {}},
    "member": False,
    "membership": {"state": BARE, "control_plane": False, "ca": ""},
    "components": {},
    "endpoint": None,
    "firewall": {"icmpv6": [], "rpfilter": ""},
}


def findings(change: Callable[[Facts], Any] = lambda facts: None, plan: Any = None, **options: Any) -> list[Any]:
    """What is found of node1 after a change of its facts."""
    facts = copy.deepcopy(GOOD)
    change(facts)
    return preflight({"node1": needs(plan or planned(), "node1")}, {"node1": facts}, **options)


def test_a_good_host_has_no_findings() -> None:
    assert findings() == []


def ra(facts: Facts, accept: str = "1", forwarding: str = "0") -> None:
    facts["default_routes"]["ipv6"] = [route("fe80::1", "ra", 1798)]
    facts["sysctls"] |= {"net/ipv6/conf/eth0/accept_ra": accept, "net/ipv6/conf/eth0/forwarding": forwarding}


def second(facts: Facts) -> Any:
    """The IPv6 address of the node."""
    return facts["links"]["eth0"]["addresses"][1]


def told(pods: str) -> dict[str, Any]:
    """What a kube-controller-manager is told."""
    return {"flags": {"cluster-cidr": pods}, "problem": ""}


CASES: list[tuple[str, str, str, Callable[[Facts], Any]]] = [
    ("host-address", ERROR, "addresses", lambda facts: facts["links"]["eth0"]["addresses"].pop(0)),
    ("host-address", ERROR, "addresses", lambda facts: facts["links"]["eth0"]["addresses"].pop(1)),
    ("host-address", ERROR, "eth0", lambda facts: facts["links"]["eth0"].update(up=False)),
    *(
        (
            "host-address-state",
            ERROR,
            "eth0",
            lambda facts, state=state: second(facts).update(state=state),
        )
        for state in ("tentative", "dadfailed", "deprecated")
    ),
    ("host-prefix", WARNING, "eth0", lambda facts: facts["links"]["eth0"]["addresses"][0].update(length=32)),
    ("host-prefix", WARNING, "eth0", lambda facts: facts["links"]["eth0"]["addresses"][1].update(length=128)),
    ("host-default-route", WARNING, "default route", lambda facts: facts["default_routes"].update(ipv4=[])),
    ("host-default-route", WARNING, "default route", lambda facts: facts["default_routes"].update(ipv6=[])),
    ("host-ra-expires", HINT, "default route", ra),
    ("host-ra-expires", WARNING, "default route", lambda facts: ra(facts, "1", "1")),
    ("host-ipv6-off", ERROR, "kernel", lambda facts: facts.update(ipv6=False)),
    (
        "host-ipv6-off",
        ERROR,
        "net.ipv6.conf.all.disable_ipv6",
        lambda facts: facts["sysctls"].update({"net/ipv6/conf/all/disable_ipv6": "1"}),
    ),
    ("host-kernel", ERROR, "kernel", lambda facts: facts.update(kernel="5.10.0-30-amd64")),
    ("host-module", ERROR, "kernel module", lambda facts: facts["modules"].update(br_netfilter="missing")),
    (
        "host-sysctl",
        ERROR,
        "net.ipv4.ip_forward",
        lambda facts: facts["read_only"].append("net/ipv4/ip_forward"),
    ),
    (
        "host-sysctl",
        HINT,
        "net.ipv4.neigh.default.gc_thresh3",
        lambda facts: facts["read_only"].append("net/ipv4/neigh/default/gc_thresh3"),
    ),
    ("host-swap", ERROR, "swap", lambda facts: facts["swap"].append("/dev/sda2")),
    ("host-cgroup-v1", ERROR, "cgroup", lambda facts: facts.update(cgroup=1)),
    ("host-containerd", ERROR, "containerd", lambda facts: facts["programs"].update(containerd="1.5.9")),
    ("host-program", ERROR, "programs", lambda facts: facts["programs"].pop("nft")),
    ("host-program", ERROR, "programs", lambda facts: facts["programs"].pop("losetup")),
    ("host-nft", WARNING, "nft", lambda facts: facts["programs"].update(nft="1.1.3")),
    ("host-nft", HINT, "nft", lambda facts: facts["programs"].update(nft="1.0.6")),
    *(
        ("host-disk", WARNING, path, lambda facts, path=path, free=free: facts["free"].update({path: free}))
        for path, free in (("/var/lib/kubelet", 9.9), ("/var/lib/containerd", 14.9))
    ),
    ("host-clock", WARNING, "clock", lambda facts: facts.update(skew=-75.0)),
    ("host-clock", ERROR, "clock", lambda facts: facts.update(skew=3600.0)),
    ("host-name", HINT, "host name", lambda facts: facts.update(hostname="localhost")),
    ("host-port", ERROR, "tcp port", lambda facts: facts["listening"]["tcp"].update({"6443": "haproxy"})),
    ("host-port", ERROR, "udp port", lambda facts: facts["listening"]["udp"].update({"4789": ""})),
    ("host-mtu", ERROR, "eth0", lambda facts: facts["links"]["eth0"].update(mtu=1320)),
    (
        "host-icmpv6",
        ERROR,
        "nft table ip6 f",
        lambda facts: facts["firewall"]["icmpv6"].append("nft table ip6 f"),
    ),
    ("host-ipv6-rpfilter", WARNING, "firewalld", lambda facts: facts["firewall"].update(rpfilter="yes")),
    (
        "host-ranges",
        ERROR,
        "kube-controller-manager --cluster-cidr",
        lambda facts: facts.update(components={"kube-controller-manager": told("10.99.0.0/16,fd00:10:244::/56")}),
    ),
    (
        "host-flags",
        ERROR,
        "kube-controller-manager",
        lambda facts: facts.update(components={"kube-controller-manager": {"flags": {}, "problem": "line 3: a shell"}}),
    ),
]


@pytest.mark.parametrize(("rule", "severity", "place", "change"), CASES)
def test_each_rule_finds_its_own(rule: str, severity: str, place: str, change: Callable[[Facts], Any]) -> None:
    found = findings(change)
    assert {(each.id, each.severity, each.path) for each in found} == {(rule, severity, f"node1: {place}")}
    assert all(each.reason and each.fix.endswith((".", ")")) for each in found)


def test_thresholds_that_the_intent_states_are_not_judged() -> None:
    plan = planned(configuration={"kubelet": {"evictionHard": {"memory.available": "100Mi"}}})
    assert findings(lambda facts: facts["free"].update({"/var/lib/containerd": 1.0}), plan) == []


def test_all_findings_of_all_hosts_come_at_once_and_fit_a_terminal() -> None:
    plan = planned()
    facts = {name: copy.deepcopy(GOOD) for name in plan["nodes"]}
    facts["node2"]["links"]["eth0"]["mtu"] = 9000
    facts["node3"]["swap"] = ["/swapfile"]
    del facts["node3"]["links"]["eth0"]
    found = preflight({name: needs(plan, name) for name in facts}, facts)
    assert {finding.path.split(":")[0] for finding in found} == {"node2", "node3"}
    assert {"host-address", "host-swap", "host-machine-id", "host-name"} <= {finding.id for finding in found}
    assert all(len(line) <= 120 for line in table(found, place="host").splitlines())


def test_hosts_of_a_segment_with_different_mtus_are_told() -> None:
    plan = planned()
    other = copy.deepcopy(GOOD)
    other["machine_id"], other["hostname"] = "b", "node2"
    other["links"]["eth0"] |= {"mtu": 9000, "addresses": [address("10.0.1.12", 24), address("2001:db8:dc:1::12", 64)]}
    found = preflight({name: needs(plan, name) for name in ("node1", "node2")}, {"node1": GOOD, "node2": other})
    assert [(finding.id, finding.path) for finding in found] == [("host-mtu-differs", "node2: eth0")] * 2


@pytest.mark.parametrize("example", ["ipv4-only", "ipv6-only", "demo"])
@pytest.mark.parametrize(
    ("stated", "found"),
    [
        ({"run_by": "systemd"}, ["node1: /etc/protocols"]),
        ({"run_by": "systemd", "version": "1.33.0"}, ["node1: /etc/protocols"]),
        ({"run_by": "systemd", "version": "1.32.9"}, []),  # it emptied its maps and wrote them anew
        ({"run_by": "systemd", "proxy": {"mode": "iptables"}}, []),
        ({"run_by": "kubeadm"}, []),  # its image has a file of its own
    ],
)
def test_where_a_unit_runs_kube_proxy_nft_has_names_of_protocols(
    example: str, stated: dict[str, Any], found: list[str]
) -> None:
    plan = planned(example, **stated)
    told = [each for each in findings(lambda facts: facts.update(protocols=False), plan) if each.id == "host-protocols"]
    assert [each.path for each in told] == found
    assert all(each.severity == ERROR and "netbase" in each.fix for each in told)
    assert not any(each.id == "host-protocols" for each in findings(plan=plan))


def resolving(*addresses: str, state: str = BARE) -> Callable[[Facts], None]:
    """What the host says of the name of its endpoint."""
    problem = "" if addresses else "Name or service not known"

    def change(facts: Facts) -> None:
        facts["membership"]["state"] = state
        facts["endpoint"] = {"addresses": list(addresses), "problem": problem}

    return change


@pytest.mark.parametrize(
    ("run_by", "state", "severity"),
    [
        ("kubeadm", BARE, ERROR),
        ("kubeadm", UNFINISHED, ERROR),
        ("kubeadm", MEMBER, WARNING),
        ("systemd", BARE, WARNING),
    ],
)
def test_a_host_that_is_to_join_resolves_the_endpoint(run_by: str, state: str, severity: str) -> None:
    (found,) = findings(resolving(state=state), planned(run_by=run_by, endpoint={"host": "api.example.net"}))
    assert (found.id, found.severity, found.path) == ("host-endpoint", severity, "node1: endpoint")
    assert found.value == "api.example.net" and "(Name or service not known)" in found.reason


@pytest.mark.parametrize(
    ("own", "addresses", "told"),
    [
        (0, ["fd00::7", "fd00::8"], "IPv4"),
        (1, ["192.0.2.7"], "IPv6"),
        (0, ["fd00::7", "192.0.2.7"], ""),
        (1, ["fd00::7", "192.0.2.7"], ""),
        (None, ["192.0.2.7"], ""),
        (None, ["fd00::7"], ""),
    ],
)
def test_the_endpoint_has_an_address_of_a_family_of_the_host(own: int | None, addresses: list[str], told: str) -> None:
    """Whatever the families of the cluster are: hosts have addresses beside those of their nodes."""

    def change(facts: Facts) -> None:
        resolving(*addresses)(facts)
        has = facts["links"]["eth0"]["addresses"]
        facts["links"]["eth0"]["addresses"] = has if own is None else [has[own], has[2]]

    plan = planned(endpoint={"host": "api.example.net"})
    found = [each for each in findings(change, plan) if each.id == "host-endpoint"]
    assert [each.severity for each in found] == ([WARNING] if told else [])
    assert all(f"the host has {told} addresses alone" in each.reason for each in found)


@pytest.mark.parametrize("host", ["10.0.1.11", "2001:db8:dc:1::11"])
def test_an_endpoint_that_is_an_address_is_not_looked_up(host: str) -> None:
    assert needs(planned(endpoint={"host": host}), "node1")["endpoint"] == ""
    assert needs(planned(endpoint={"host": "api"}), "node1")["endpoint"] == "api"
    assert findings(plan=planned(endpoint={"host": "api"})) == []  # facts of whoever did not ask for it


def test_a_host_that_does_not_answer_is_left_out() -> None:
    assert preflight({"node1": needs(planned(), "node1")}, {}) == []


def test_what_is_installed_later_need_not_be_there() -> None:
    def bare(facts: Facts) -> None:
        for name in ("nft", "containerd"):
            del facts["programs"][name]

    assert findings(bare, installs=["nft", "containerd"]) == []
    assert [found.value for found in findings(bare)] == ["nft"]


def test_a_node_keeps_the_ports_of_its_components() -> None:
    def running(facts: Facts) -> None:
        facts["listening"]["tcp"] = {"6443": "kube-apiserver", "10250": "kubelet"}
        facts["member"] = True

    assert findings(running) == []


def test_what_the_operator_told_kubelet_is_no_finding() -> None:
    plan = planned(configuration={"kubelet": {"failSwapOn": False, "failCgroupV1": False}})
    assert findings(lambda facts: facts.update(swap=["/dev/sda2"], cgroup=1), plan) == []


def test_cgroup_v1_is_fine_before_1_35_and_containerd_1_is_not_from_1_37() -> None:
    assert findings(lambda facts: facts.update(cgroup=1), planned(version="1.34.4")) == []

    def old(facts: dict[str, Any]) -> None:
        facts["programs"].update(containerd="1.7.24")

    assert findings(old) == []
    assert [found.id for found in findings(old, planned(version="1.37.0"))] == ["host-containerd"]


def test_the_mode_of_kube_proxy_says_what_is_needed() -> None:
    plan = planned(proxy={"mode": "iptables"}, cni={"plugin": "calico"})
    assert findings(lambda facts: facts["programs"].pop("nft"), plan) == []
    assert [found.value for found in findings(lambda facts: facts["programs"].pop("ip6tables"), plan)] == ["ip6tables"]
    assert findings(lambda facts: facts.update(kernel="5.10.0"), plan) == []


def wanted(
    change: Callable[[Facts], Any] = lambda facts: None, plan: Any = None, node: str = "node1"
) -> dict[str, str]:
    facts = copy.deepcopy(GOOD)
    change(facts)
    return {each.key: each.value for each in settings(needs(plan or planned(), node), facts)}


@pytest.mark.parametrize(
    ("example", "present", "absent"),
    [
        ("demo", ["net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"], ["arp_ignore"]),
        ("ipv4-only", ["net/ipv4/ip_forward", "net/bridge/bridge-nf-call-iptables"], ["ipv6", "ip6tables"]),
        (
            "ipv6-only",
            ["net/ipv6/conf/default/forwarding", "net/bridge/bridge-nf-call-ip6tables"],
            ["ipv4", "-iptables"],
        ),
    ],
)
def test_settings_follow_the_families(example: str, present: list[str], absent: list[str]) -> None:
    keys = list(wanted(plan=planned(example)))
    assert set(present) <= set(keys) and not any(word in key for key in keys for word in absent)


def test_accept_ra_is_set_first_and_where_the_kernel_learns_its_default_route_alone() -> None:
    assert not any("accept_ra" in key for key in wanted())
    keys = list(wanted(ra))
    assert keys[0] == "net/ipv6/conf/eth0/accept_ra" and not any("eth1" in key for key in keys)
    assert not any("accept_ra" in key for key in wanted(lambda facts: ra(facts, "0")))  # networkd's, NetworkManager's
    assert (
        wanted(lambda facts: facts["sysctls"].update({"net/ipv6/conf/eth0/accept_ra": "2"}))[
            "net/ipv6/conf/eth0/accept_ra"
        ]
        == "2"
    )  # also while the route is away

    def slaac(facts: dict[str, Any]) -> None:
        facts["links"]["eth0"]["addresses"][1].update(dynamic=True)

    assert "net/ipv6/conf/eth0/accept_ra" in wanted(slaac)


def test_neighbour_tables_are_never_made_smaller() -> None:
    found = wanted()
    assert (
        found["net/ipv4/neigh/default/gc_thresh3"] == "16384" and found["net/ipv6/neigh/default/gc_thresh3"] == "99999"
    )


def test_reverse_paths_are_loose_on_several_uplinks_alone() -> None:
    def both(facts: Facts) -> None:
        facts["links"]["eth0"]["addresses"] = [address("10.0.1.12", 24)]
        facts["default_routes"]["ipv4"] = [route("10.0.1.1"), route("10.0.2.1", device="eth1")]

    found = wanted(both, node="node2")
    assert found["net/ipv4/conf/eth0/rp_filter"] == "2" and found["net/ipv4/conf/eth1/rp_filter"] == "2"
    assert not any("rp_filter" in key for key in wanted())


def test_strict_arp_is_for_ipvs() -> None:
    plan = planned(version="1.33.13", proxy={"mode": "ipvs"})
    assert wanted(plan=plan)["net/ipv4/conf/all/arp_ignore"] == "1" and "ip_vs" in modules(needs(plan, "node1"))
    assert not any("arp_" in key for key in wanted())


def test_bridges_are_for_plugins_that_have_them() -> None:
    plan = planned(cni={"plugin": "cilium"})
    assert not any("bridge" in key for key in wanted(plan=plan)) and "br_netfilter" not in modules(needs(plan, "node1"))
