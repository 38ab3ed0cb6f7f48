# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``validate.yml --tags cluster`` on a real cluster: all green, and the right row red for each thing that is broken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from processes import until
from real_cluster import RealCluster

pytestmark = [pytest.mark.root, pytest.mark.lab]

Key = tuple[str, str, "str | None"]
FAMILIES = ("ipv4", "ipv6")
FLAGS = "/var/lib/kubelet/kubeadm-flags.env"


def rows(scene: RealCluster) -> dict[Key, dict[str, Any]]:
    """The rows of the cluster, by id, node and family."""
    kept = scene.plan_file.with_name("evidence.json")
    kept.unlink(missing_ok=True)
    run = scene.playbook("validate", "--tags", "cluster", "--skip-tags", "vips")
    assert kept.exists(), f"{run.failures()}\n{run.stderr[-2000:]}"
    found = json.loads(kept.read_text(encoding="utf-8"))
    assert found["vips"] == [] and run.changed == []
    assert (run.code == 0) == (found["summary"]["green"] == found["summary"]["total"])
    return {(row["id"], row["node"], row["family"]): row for row in found["rows"]}


def red(found: dict[Key, dict[str, Any]]) -> dict[Key, str]:
    return {key: row["seen"] for key, row in found.items() if row["state"] == "red"}


def green(scene: RealCluster) -> dict[Key, dict[str, Any]]:
    """The rows once none of them is red: on a busy machine, or after a repair, what travels is looked at again."""
    for _unused in range(20):
        found = rows(scene)
        if not red(found):
            return found
    raise AssertionError(f"never all green: {red(found)}")


def left_over(scene: RealCluster) -> list[str]:
    """Namespaces of the check that nobody is taking away."""
    listed = scene.objects("namespaces", "-l", "baremetal.dualstack/proof")
    return [one["metadata"]["name"] for one in listed if "deletionTimestamp" not in one["metadata"]]


def test_all_of_a_healthy_cluster_is_green_and_nothing_is_left(scene: RealCluster) -> None:
    found = green(scene)
    idle = {key[0] for key, row in found.items() if row["state"] == "not asked"}
    assert idle == {"network policy", "source ranges"}
    assert {row["state"] for row in found.values()} == {"green", "not asked"}
    nodes = list(scene.plan()["nodes"])
    for name in ("pod to pod", "pod to service", "node to service", "node port", "dns", "egress", "proxy tables"):
        assert {(node, family) for node in nodes for family in FAMILIES} == {
            (key[1], key[2]) for key in found if key[0] == name
        }
    assert left_over(scene) == []
    listening = [scene.on(client, "sh", "-c", "ss -Hltn 'sport = :17480'") for client in scene.plan()["clients"]]
    assert not any(text.strip() for text in listening)


@contextmanager
def setting(scene: RealCluster, node: str) -> Iterator[None]:
    """A host whose new interfaces do not forward IPv6; those that it has go on."""
    name = "net.ipv6.conf.default.forwarding"
    scene.on(node, "sysctl", "-qw", f"{name}=0")
    try:
        yield
    finally:
        scene.on(node, "sysctl", "-qw", f"{name}=1")


@contextmanager
def proxy(scene: RealCluster, node: str) -> Iterator[None]:
    """kube-proxy is stopped, its table of IPv6 is gone, and of IPv4 what leads to Services."""
    nft = "nsenter --target=$(pidof kube-proxy) --mount nft"
    emptied = [f"{nft} flush map ip kube-proxy {name}" for name in ("service-ips", "no-endpoint-services")]
    words = ["kill -STOP $(pidof kube-proxy)", f"{nft} delete table ip6 kube-proxy", *emptied]
    scene.on(node, "sh", "-c", " && ".join(words))
    try:
        yield
    finally:
        scene.on(node, "sh", "-c", "kill -KILL $(pidof kube-proxy)")  # kubelet starts it anew, and it writes all of it


@contextmanager
def route(scene: RealCluster, node: str, other: str) -> Iterator[None]:
    """A node has lost its IPv4 route to the pods of another."""
    (cidr,) = (one["spec"]["podCIDRs"][0] for one in scene.objects("nodes") if one["metadata"]["name"] == other)
    kept = scene.on(node, "ip", "-4", "route", "show", cidr).strip()
    assert kept
    scene.on(node, "ip", "-4", "route", "del", cidr)
    try:
        yield
    finally:
        scene.on(node, "sh", "-c", f"ip -4 route replace {kept}")


@contextmanager
def flag(scene: RealCluster, node: str) -> Iterator[None]:
    """A kubelet that was told one address alone."""
    address = scene.plan()["nodes"][node]["kubernetes"]["node_ip"][0]
    scene.on(node, "sh", "-c", f"cp {FLAGS} {FLAGS}.kept && sed -i 's/--node-ip=[^ \"]*/--node-ip={address}/' {FLAGS}")
    scene.on(node, "systemctl", "restart", "kubelet")
    try:
        until(lambda: addresses(scene, node) == [address], f"{node} has one address")
        yield
    finally:
        scene.on(node, "sh", "-c", f"mv {FLAGS}.kept {FLAGS} && systemctl restart kubelet")
        until(lambda: len(addresses(scene, node)) == 2, f"{node} has both addresses")


def addresses(scene: RealCluster, node: str) -> list[str]:
    (found,) = scene.objects("node", node)
    return [one["address"] for one in found["status"]["addresses"] if one["type"] == "InternalIP"]


@pytest.mark.soak
def test_what_is_broken_is_red_and_what_follows_from_it_is_not(scene: RealCluster) -> None:
    """Four things at once, each on a node of its own or in a family of its own."""
    with ExitStack() as broken:
        broken.enter_context(setting(scene, "node1"))
        broken.enter_context(route(scene, "node2", "node1"))
        broken.enter_context(flag(scene, "node2"))
        broken.enter_context(proxy(scene, "node3"))
        found = rows(scene)
    said = red(found)
    assert set(said) == {
        ("host settings", "node1", "ipv6"),
        ("pod to pod", "node1", "ipv4"),
        ("pod to pod", "node2", "ipv4"),
        ("flags", "node2", None),
        ("node addresses", "node2", "ipv6"),
        ("proxy mode", "node3", None),
        ("proxy tables", "node3", "ipv4"),
        ("proxy tables", "node3", "ipv6"),
    }, said
    assert said["host settings", "node1", "ipv6"] == "net.ipv6.conf.default.forwarding is 0"
    assert "kubelet has --node-ip=" in said["flags", "node2", None]
    assert "node2: nothing within" in said["pod to pod", "node1", "ipv4"]
    assert "tcp 443 (default/kubernetes) leads nowhere" in said["proxy tables", "node3", "ipv4"]
    assert said["proxy tables", "node3", "ipv6"] == "there are none of IPv6"
    assert "behind proxy" in found["pod to service", "node3", "ipv6"]["seen"]
    assert left_over(scene) == []
    green(scene)


@pytest.mark.soak
def test_an_api_that_is_away_is_told_and_the_hosts_are_judged_without_it(scene: RealCluster) -> None:
    first = scene.control_plane
    scene.on(first, "mv", "/etc/kubernetes/admin.conf", "/etc/kubernetes/admin.conf.away")
    try:
        found = rows(scene)
    finally:
        scene.on(first, "mv", "/etc/kubernetes/admin.conf.away", "/etc/kubernetes/admin.conf")
    assert set(red(found)) == {("api answers", "", None)}
    assert found["proxy tables", "node3", "ipv6"]["state"] == "green"
    assert found["dns", "", "ipv4"]["state"] == "not reached"
