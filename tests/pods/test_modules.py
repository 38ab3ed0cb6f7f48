# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules ``host_facts``, ``host_network`` and ``pod_network`` on hosts: what they foresee, do, and leave alone.

Router advertisements are real frames (RFC 4861 section 4.2) from the other end of the host's link.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fabrics import plan_of
from interop.peers.jail import root_of
from interop.router.box import Box
from interop.segment import ALL_NODES, icmp6
from namespaces import within
from pods.conftest import SUITES
from pods.rack import POD_CIDRS, run_kubernetes
from processes import until

from dualstack.components.hosts.needs import needs
from dualstack.components.hosts.preflight import preflight
from dualstack.components.pods import bridge

PLAN = plan_of("demo", run_kubernetes)
ROUTER_MAC = bytes.fromhex("020000000001")
ROUTER = "fe80::1"
FORWARDING = "/proc/sys/net/ipv6/conf/all/forwarding"


@pytest.fixture
def host(request: pytest.FixtureRequest, checkout: Path, tmp_path: Path) -> Iterator[Box]:
    """node1 with its addresses on ``rack1``, whose other end is ``wire`` in the same namespace.

    Its suite can be a parameter.
    """
    suite = getattr(request, "param", SUITES[-1])
    made = Box("node1", root_of(suite, checkout, "kubernetes"), tmp_path / "host", checkout)
    try:
        made.ip("link", "add", "rack1", "type", "veth", "peer", "name", "wire")
        for name in ("rack1", "wire"):
            made.ip("link", "set", name, "up")
        for family, address in zip((24, 64), PLAN["nodes"]["node1"]["kubernetes"]["node_ip"]):
            made.ip("address", "add", f"{address}/{family}", "dev", "rack1", *(["nodad"] if ":" in address else []))
        made.ip("route", "add", "default", "via", "10.0.1.254")
        yield made
    finally:
        made.end()


def value(host: Box, path: str) -> str:
    return host.run("cat", path).strip()


def advertise(host: Box) -> None:
    """A router advertisement that says: I am a default router for half an hour."""
    message = struct.pack(">BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + b"\x01\x01" + ROUTER_MAC

    def send() -> None:
        frame = icmp6(
            b"\x33\x33\x00\x00\x00\x01", ROUTER_MAC, ipaddress.ip_address(ROUTER).packed, _all_nodes(), message
        )
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
            raw.bind(("wire", 0))
            raw.send(frame)

    within(host.namespace, send)


def _all_nodes() -> bytes:
    assert bytes.fromhex("333300000001") == ALL_NODES
    return ipaddress.ip_address("ff02::1").packed


def default6(host: Box) -> str:
    return host.ip("-6", "route", "show", "default")


def learn(host: Box) -> None:
    """The host has a default route from an advertisement, its kernel being told to take them as a host does."""
    host.run("/bin/sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/rack1/accept_ra")

    def there() -> bool:
        advertise(host)
        return "proto ra" in default6(host)

    until(there, "a route from a router advertisement")


def bring(host: Box, **arguments: Any) -> dict[str, Any]:
    return host.module("host_network", **{"needs": needs(PLAN, "node1"), **arguments})


def test_the_kernel_follows_and_a_learned_default_route_stays(host: Box) -> None:
    learn(host)
    foreseen = bring(host, check=True)
    assert foreseen["changed"] and value(host, FORWARDING) == "0"
    done = bring(host)
    assert done["set"] == foreseen["set"] and done["diff"] == foreseen["diff"], done
    assert done["set"][0] == "net/ipv6/conf/rack1/accept_ra"  # before forwarding
    assert value(host, FORWARDING) == "1" and value(host, "/proc/sys/net/ipv4/ip_forward") == "1"
    assert value(host, "/proc/sys/net/ipv6/conf/default/forwarding") == "1"
    assert "proto ra" in default6(host)
    assert done["advertised"][0]["device"] == "rack1" and 0 < done["advertised"][0]["expires"] <= 1800
    assert "net/ipv6/conf/rack1/accept_ra = 2\n" in host.read("/etc/sysctl.d/60-dualstack.conf")
    assert not bring(host)["changed"]
    host.ip("-6", "route", "del", "default", "dev", "rack1")
    until(lambda: advertise(host) or "proto ra" in default6(host), "a forwarding host learns again")
    assert not bring(host)["changed"]


def test_without_it_the_kernel_drops_the_route(host: Box) -> None:
    """Why accept_ra comes first: the same kernel, told to forward and nothing else."""
    learn(host)
    host.run("/bin/sh", "-c", f"echo 1 > {FORWARDING}")
    assert "proto ra" not in default6(host)


def test_where_somebody_else_handles_advertisements_the_kernel_stays_out(host: Box) -> None:
    host.run("/bin/sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/rack1/accept_ra")
    host.ip("-6", "route", "add", "default", "via", ROUTER, "dev", "rack1", "proto", "ra", "expires", "1800")
    done = bring(host)
    assert done["changed"] and not any("accept_ra" in key for key in done["set"])
    assert value(host, "/proc/sys/net/ipv6/conf/rack1/accept_ra") == "0" and "proto ra" in default6(host)


def test_a_static_route_needs_nothing(host: Box) -> None:
    host.ip("-6", "route", "add", "default", "via", "2001:db8:dc:1::fe")
    done = bring(host)
    assert not any("accept_ra" in key for key in done["set"])
    assert "2001:db8:dc:1::fe" in default6(host)


def test_a_route_that_is_lost_all_the_same_is_put_back_and_told(host: Box) -> None:
    """The operator insists on accept_ra 1, which wins over what we would set."""
    learn(host)
    failed = bring(host, settings={"net/ipv6/conf/rack1/accept_ra": 1})
    assert failed["failed"] and f"default via {ROUTER} dev rack1" in failed["msg"]
    assert value(host, FORWARDING) == "0"
    assert ROUTER in default6(host)


def test_settings_of_the_operator_win_and_a_later_file_is_told(host: Box) -> None:
    host.run("/bin/sh", "-c", "echo 'net.ipv4.ip_forward=0' > /etc/sysctl.d/99-other.conf")
    done = bring(host, settings={"net.ipv6.conf.default.forwarding": 0, "net.ipv4.conf.all.log_martians": 1})
    assert value(host, "/proc/sys/net/ipv6/conf/default/forwarding") == "0"
    assert value(host, "/proc/sys/net/ipv4/conf/all/log_martians") == "1"
    assert "99-other.conf" in done["raw"], done


def test_a_setting_that_is_not_there_changes_nothing(host: Box) -> None:
    failed = bring(host, settings={"net.ipv9.forwarding": 1})
    assert failed["failed"] and "net/ipv9/forwarding" in failed["msg"]
    assert value(host, FORWARDING) == "0"


def test_facts_of_a_host_are_judged(host: Box) -> None:
    wanted = {"node1": needs(PLAN, "node1")}
    host.ip("-6", "address", "del", f"{wanted['node1']['addresses']['ipv6']}/64", "dev", "rack1")
    host.ip("link", "set", "rack1", "mtu", "1300")
    host.run("/bin/sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/rack1/disable_ipv6")
    server = host.start("/usr/bin/python3", "-c", LISTEN)
    try:
        until(lambda: "2379" in host.module("host_facts")["host"]["listening"]["tcp"], "somebody has a port")
        facts = host.module("host_facts", asked_at=0.0)["host"]
    finally:
        server.kill()
        server.wait()
    found = {finding.id: finding for finding in preflight(wanted, {"node1": facts})}
    assert {"host-address", "host-ipv6-off", "host-mtu", "host-port", "host-clock"} <= set(found), found
    assert found["host-address"].path == "node1: addresses"
    assert found["host-port"].value == "2379" and "python3 has the port of etcd" in found["host-port"].reason
    assert "host-program" not in found and "host-module" not in found


LISTEN = "import socket,time; s=socket.socket(); s.bind(('0.0.0.0',2379)); s.listen(); time.sleep(600)"


def proxied(host: Box) -> dict[str, Any]:
    """What the host says of kube-proxy's rules; no kube-proxy runs, so those of both modes are looked for."""
    found = host.module("node_info")["node"]["proxy"]
    assert not found["runs"] and found["tables_error"] == "", found
    return {family: set(one["ports"]) for family, one in found["ports"].items()}


@pytest.mark.parametrize("host", SUITES, indirect=True)
def test_ports_of_services_are_read_from_rules_as_kube_proxy_writes_them(host: Box) -> None:
    """Also where nft has no names of protocols, as beside a kube-proxy that loses its own entries by that."""
    assert proxied(host) == {"ipv4": set(), "ipv6": set()}
    dns = {"ipv4": "10.96.0.10", "ipv6": "fd00:96::a"}
    lines = []
    for word, (family, address) in zip(("ip", "ip6"), dns.items()):
        lines += [f"add table {word} kube-proxy", f"add chain {word} kube-proxy x"]
        for name in ("service-ips", "no-endpoint-services"):
            kind = f"type {family}_addr . inet_proto . inet_service : verdict"
            lines.append(f"add map {word} kube-proxy {name} {{ {kind} ; }}")
        lines.append(f"add element {word} kube-proxy service-ips {{ {address} . udp . 53 : goto x }}")
        refused = f'{address} . sctp . 5060 comment "default/calls" : drop'
        lines.append(f"add element {word} kube-proxy no-endpoint-services {{ {refused} }}")
        rule = f'KUBE-SERVICES -d {address} -p tcp -m comment --comment "kube-system/kube-dns:tcp" -m tcp --dport'
        for table, number, target in (("nat", 53, "ACCEPT"), ("filter", 80, "DROP")):
            host.run(f"{word}tables", "-t", table, "-N", "KUBE-SERVICES")
            host.run("/bin/sh", "-c", f"{word}tables -t {table} -A {rule} {number} -j {target}")
    host.run("/bin/sh", "-c", f"echo '{chr(10).join(lines)}' | nft -f -")
    ports = ("udp 53", "sctp 5060", "tcp 53", "tcp 80")
    wanted = {family: {f"{address} {port}" for port in ports} for family, address in dns.items()}
    assert proxied(host) == wanted
    host.run("rm", "-f", "/etc/protocols")
    assert ", 17, 53]" in host.run("nft", "--json", "list", "map", "ip", "kube-proxy", "service-ips")
    assert proxied(host) == wanted
    assert host.module("host_facts")["host"]["protocols"] is False
    host.run("nft", "delete", "element", "ip6", "kube-proxy", "service-ips", f"{{ {dns['ipv6']} . udp . 53 }}")
    assert proxied(host) == {**wanted, "ipv6": wanted["ipv6"] - {f"{dns['ipv6']} udp 53"}}


def network() -> dict[str, Any]:
    return bridge.network(PLAN, "node1", POD_CIDRS)


@pytest.mark.parametrize("host", SUITES, indirect=True)
def test_the_pod_network_is_made_kept_and_taken_away(host: Box) -> None:
    foreseen = host.module("pod_network", check=True, network=network())
    assert foreseen["changed"] and host.ip("route", "show", "proto", "144") == ""
    done = host.module("pod_network", network=network())
    for key in ("changed", "commands", "diff", "mtu"):
        assert done[key] == foreseen[key]
    assert done["mtu"] == 1450 and done["overshadowed_by"] == []
    assert len(host.ip("route", "show", "proto", "144").splitlines()) == 2
    assert len(host.ip("-6", "route", "show", "proto", "144").splitlines()) == 2
    assert host.run("readlink", "/etc/systemd/system/multi-user.target.wants/dualstack-pods.service")
    again = host.module("pod_network", network=network())
    assert not again["changed"] and again["commands"] == [] and again["diff"] == []

    host.ip("route", "add", "10.99.0.0/24", "via", "10.0.1.12")  # somebody else's
    gone = host.module("pod_network", check=True, state="absent")
    assert gone["changed"] and len(host.ip("route", "show", "proto", "144").splitlines()) == 2
    assert host.module("pod_network", state="absent")["diff"] == gone["diff"]
    assert not host.module("pod_network", state="absent")["changed"]
    assert "dspods" not in host.ip("link") and host.ip("route", "show", "proto", "144") == ""
    assert "10.99.0.0/24" in host.ip("route")


def give_list(host: Box, name: str) -> None:
    host.run("/bin/sh", "-c", f"mkdir -p /etc/cni/net.d && echo {{}} > /etc/cni/net.d/{name}")


@pytest.mark.parametrize("check", [True, False])
def test_a_host_that_another_plugin_serves_is_refused_and_nothing_is_written(host: Box, check: bool) -> None:
    give_list(host, "87-podman-bridge.conflist")
    give_list(host, "10-calico.conflist")
    failed = host.module("pod_network", check=check, network=network())
    assert failed["failed"] and "(10-calico.conflist in /etc/cni/net.d)" in failed["msg"]
    assert "State the plugin that the cluster has (calico, cilium, flannel), or `other`" in failed["msg"]
    assert host.run("ls", "/etc/cni/net.d").split() == ["10-calico.conflist", "87-podman-bridge.conflist"]
    for family in ("-4", "-6"):
        assert host.ip(family, "route", "show", "proto", "144") == ""


def test_lists_of_container_engines_are_in_nobodys_way(host: Box) -> None:
    give_list(host, "87-podman-bridge.conflist")
    assert host.module("pod_network", network=network())["changed"]


def test_another_configuration_list_before_ours_is_told(host: Box) -> None:
    host.module("pod_network", network=network())
    give_list(host, "00-other.conflist")
    assert host.module("pod_network", network=network())["overshadowed_by"] == ["00-other.conflist"]


def test_an_address_that_the_host_has_not_is_told(host: Box) -> None:
    host.ip("address", "del", "10.0.1.11/24", "dev", "rack1")
    failed = host.module("pod_network", network=network())
    assert failed["failed"] and "no interface of this host has 10.0.1.11" in failed["msg"]


def test_a_route_that_the_kernel_refuses_is_named(host: Box) -> None:
    wanted = network()
    wanted["routes"][0]["via"] = "192.0.2.1"
    failed = host.module("pod_network", network=wanted)
    assert failed["failed"] and "at `route replace 10.244.2.0/24 via 192.0.2.1 proto 144`" in failed["msg"]
