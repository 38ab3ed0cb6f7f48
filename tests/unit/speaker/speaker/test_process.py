# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two processes together, on loopback: nobody answers the sessions, but all else is real."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PATIENCE = 180.0  # seconds after which something that must happen counts as missing
POOL = {"ipv4": "192.0.2.0/24", "ipv6": "2001:db8::/64"}
VIP = {"ipv4": "192.0.2.1", "ipv6": "2001:db8::1"}
SELF = {"ipv4": ("127.0.0.1", "127.0.0.2"), "ipv6": ("::1", "2001:db8:77::1")}


def metallb(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    version = "v1beta2" if kind == "BGPPeer" else "v1beta1"
    metadata = {"name": name, "namespace": "metallb-system"}
    return {"apiVersion": f"metallb.io/{version}", "kind": kind, "metadata": metadata, "spec": spec}


def peer(family: str) -> dict[str, Any]:
    source, address = SELF[family]
    spec = {"myASN": 64512, "peerASN": 64500, "peerAddress": address, "sourceAddress": source, "peerPort": 1}
    return metallb("BGPPeer", f"tor1-{family}", spec)


def service(name: str, *addresses: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"type": "LoadBalancer"},
        "status": {"loadBalancer": {"ingress": [{"ip": address} for address in addresses]}},
    }


class Node:
    """A node's folder and its processes."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.resources = top / "resources"
        self.resources.mkdir()
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.config("wire", {"socket": str(top / "wire.sock"), "journal": str(top / "wire.journal")})
        self.config(
            "speaker",
            {
                "node": "node1",
                "router_id": "192.0.2.254",
                "resources": str(self.resources),
                "wire_socket": str(top / "wire.sock"),
                "status_socket": str(top / "status.sock"),
            },
        )
        self.write("pools.json", metallb("IPAddressPool", "p", {"addresses": list(POOL.values())}))
        self.write("peers.json", [peer("ipv4"), peer("ipv6")])
        self.write("ads.json", metallb("BGPAdvertisement", "a", {}))
        self.write("services.json", [service("shop", *VIP.values())])

    def config(self, name: str, content: dict[str, Any]) -> None:
        (self.top / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")

    def write(self, name: str, content: Any) -> None:
        text = content if isinstance(content, str) else json.dumps(content)
        (self.resources / f".{name}").write_text(text, encoding="utf-8")
        os.replace(self.resources / f".{name}", self.resources / name)

    def command(self, name: str, *words: str) -> list[str]:
        config = "wire" if name == "wire" else "speaker"
        return [sys.executable, "-m", "dualstack_speaker", name, "--config", str(self.top / f"{config}.json"), *words]

    def start(self, name: str) -> None:
        with (self.top / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(self.command(name), stderr=log)

    def end(self, name: str, number: signal.Signals = signal.SIGTERM) -> int:
        process = self.running.pop(name)
        process.send_signal(number)
        return process.wait(PATIENCE)

    def status(self) -> tuple[int, dict[str, Any]]:
        done = subprocess.run(self.command("status", "--json"), capture_output=True, check=False)
        status: dict[str, Any] = json.loads(done.stdout)
        return done.returncode, status

    def until(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while True:
            status = self.status()[1]
            if condition(status):
                return status
            assert time.monotonic() < deadline, f"{status}\n{self.logs()}"

    def logs(self) -> str:
        return "".join(path.read_text(encoding="utf-8") for path in sorted(self.top.glob("*.log")))


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path)
    yield made
    for process in made.running.values():
        process.kill()
        process.wait()


def sessions(status: dict[str, Any]) -> list[str]:
    return [session["name"] for session in status["sessions"]]


def vips(status: dict[str, Any]) -> dict[str, str]:
    return {vip["vip"]: vip["reason"] for vip in status["vips"]}


BOTH = ["tor1-ipv4", "tor1-ipv6"]


def test_from_files_to_wire_and_what_status_says_of_each_process(node: Node) -> None:
    code, status = node.status()
    assert code == 1
    assert not status["wire"]["connected"]
    assert "the process speaker does not answer" in status["speaker"]["errors"][0]

    node.start("speaker")
    status = node.until(lambda seen: seen["speaker"]["config"] == "valid")
    assert vips(status) == dict.fromkeys(VIP.values(), "wireNotConnected")

    node.start("wire")
    status = node.until(lambda seen: sessions(seen) == BOTH)
    node.until(lambda seen: vips(seen) == dict.fromkeys(VIP.values(), "noEstablishedSession"))

    node.write("services.json", [service("shop", *VIP.values()), service("more", "192.0.2.2", "2001:db8::2")])
    node.until(lambda seen: vips(seen).get("2001:db8::2") == "noEstablishedSession" and "192.0.2.2" in vips(seen))

    node.write("services.json", "[")
    status = node.until(lambda seen: seen["speaker"]["config"] == "invalid")
    assert "services.json:1:2" in status["speaker"]["errors"][0]
    assert len(status["vips"]) == 4

    assert node.end("speaker") == 0
    code, status = node.status()
    assert code == 1
    assert sessions(status) == BOTH, "wire goes on alone"
    assert node.end("wire") == 0


@pytest.mark.parametrize("trouble", ["no folder", "bad file", "bad object"])
def test_a_speaker_that_cannot_read_everything_takes_nothing_away(node: Node, trouble: str) -> None:
    node.start("wire")
    node.start("speaker")
    node.until(lambda seen: sessions(seen) == BOTH)
    node.end("speaker", signal.SIGKILL)
    assert sessions(node.status()[1]) == BOTH
    if trouble == "no folder":
        node.resources.rename(node.top / "away")
    elif trouble == "bad file":
        node.write("peers.json", "nonsense")
    else:
        node.write("peers.json", [peer("ipv4"), {**peer("ipv6"), "spec": {}}])
    node.start("speaker")
    node.until(lambda seen: seen["speaker"]["config"] == "invalid" and seen["wire"]["connected"])
    for _unused in range(3):
        assert sessions(node.status()[1]) == BOTH
    if trouble == "no folder":
        (node.top / "away").rename(node.resources)
    node.write("peers.json", [peer("ipv6")])
    node.until(lambda seen: sessions(seen) == ["tor1-ipv6"] and seen["speaker"]["config"] == "valid")


def test_wire_comes_back_from_its_journal_and_finds_its_speaker_again(node: Node) -> None:
    node.start("wire")
    node.start("speaker")
    node.until(lambda seen: sessions(seen) == BOTH)
    node.end("wire", signal.SIGKILL)
    node.write("peers.json", [peer("ipv4")])
    node.start("wire")
    node.until(lambda seen: sessions(seen) == ["tor1-ipv4"])


def check(node: Node) -> tuple[int, str]:
    done = subprocess.run(node.command("check"), capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_wire_that_takes_over_finds_its_speaker_and_nobody_minds_sighup(node: Node) -> None:
    for name in ("speaker", "wire"):
        node.start(name)
    node.until(lambda seen: vips(seen) == dict.fromkeys(VIP.values(), "noEstablishedSession"))
    for process in node.running.values():
        process.send_signal(signal.SIGHUP)
    with (node.top / "wire.log").open("ab") as log:
        subprocess.run(node.command("wire", "--take-over"), check=True, stderr=log)
    assert node.running.pop("wire").wait(PATIENCE) == 0
    number = int(node.logs().rpartition('event="taken over" process=')[2].split()[0])
    try:
        node.write("services.json", [service("shop", *VIP.values()), service("more", "192.0.2.2", "2001:db8::2")])
        status = node.until(lambda seen: seen["wire"]["connected"] and len(vips(seen)) == 4)
        assert sessions(status) == BOTH
        node.until(lambda seen: set(vips(seen).values()) == {"noEstablishedSession"})
    finally:
        os.kill(number, signal.SIGTERM)


def test_check_touches_nothing_and_names_what_is_wrong(node: Node) -> None:
    code, text = check(node)
    assert code == 0
    assert text.startswith("node1: 2 peers, 2 routes, 0 layer2\n")
    node.write("peers.json", [{**peer("ipv4"), "spec": {**peer("ipv4")["spec"], "holdTime": "2s"}}])
    code, text = check(node)
    assert code == 1
    assert "BGPPeer metallb-system/tor1-ipv4: spec.holdTime" in text
    assert "without what is refused; the daemon withdraws nothing because of that" in text
    node.write("peers.json", "{")
    code, text = check(node)
    assert code == 1
    assert text.startswith("node1: 0 peers, 0 routes, 0 layer2, without what is refused; the daemon withdraws nothing")
    node.config("speaker", {"node": "node1", "nod": 1})
    code, text = check(node)
    assert code == 2
    assert "did you mean 'node'?" in text
    assert not (node.top / "status.sock").exists()


def test_check_does_not_refuse_what_only_the_host_lacks(node: Node) -> None:
    far = metallb("BGPPeer", "far", {"myASN": 1, "peerASN": 2, "peerAddress": "2001:db8:ffff::1"})
    script = "from dualstack_speaker.speaker import check; check.addresses.interfaces = lambda preferred: {}; "
    node.write("peers.json", [far])
    command = [sys.executable, "-c", f"{script}raise SystemExit(check.run(['--config', '{node.top}/speaker.json']))"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "error: BGPPeer far" in done.stderr


def explain(node: Node, name: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(node.command("explain", "--json", name), capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout)


def test_explain_says_what_stands_in_the_way_and_what_to_change(node: Node) -> None:
    code, found = explain(node, "default/shop")
    assert (code, found["announcing"]) == (1, None) and "does not answer" in found["problems"][0]
    node.write("services.json", [service("shop", *VIP.values()), service("waits")])
    for name in ("speaker", "wire"):
        node.start(name)
    node.until(lambda seen: vips(seen) == dict.fromkeys(VIP.values(), "noEstablishedSession"))
    code, found = explain(node, "default/shop")
    assert (code, found["allocation"], found["announcing"]["summary"]) == (1, None, "not announced by this node")
    for family, vip in VIP.items():
        (story,) = [entry for entry in found["announcing"]["vips"] if entry["vip"] == vip]
        assert any(step["topic"] == f"BGPPeer tor1-{family}" and step["fix"] for step in story["steps"])
    assert explain(node, "default/waits")[1]["announcing"]["summary"].startswith("pending")
    assert explain(node, "default/no-such")[1]["announcing"]["known"] is False
    done = subprocess.run(node.command("explain", "default/shop"), capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "->" in done.stdout and VIP["ipv6"] in done.stdout
    for wrong in ("shop", "a/b/c", "/"):
        assert subprocess.run(node.command("explain", wrong), capture_output=True, check=False).returncode == 2


def cluster_node(drain: str | None) -> dict[str, Any]:
    annotations = {} if drain is None else {"baremetal.dualstack/drain": drain}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node1", "annotations": annotations}}


def drain(seen: dict[str, Any]) -> str:
    """Of a wire that does not answer yet, nobody knows it."""
    return str(seen["wire"]["drain"]) if seen["wire"]["connected"] else "unknown"


def test_an_annotation_of_the_node_takes_it_out_of_service_and_back(node: Node) -> None:
    """MetalLB 6.8: no drain there; here by the annotation too, and a drain by command is not ended by it."""
    for name in ("speaker", "wire"):
        node.start(name)
    node.write("node.json", cluster_node("3600"))
    node.until(lambda seen: drain(seen) == "told")
    node.end("speaker")
    node.write("node.json", cluster_node(None))
    node.start("speaker")
    node.until(lambda seen: drain(seen) == "off")
    node.write("node.json", cluster_node("3600"))
    node.until(lambda seen: drain(seen) == "told")
    node.write("node.json", cluster_node("0"))
    node.until(lambda seen: drain(seen) == "withdrawn")
    node.write("node.json", cluster_node("nonsense"))
    node.until(lambda seen: drain(seen) == "off" and "drain" in "".join(seen["speaker"]["warnings"]))
    subprocess.run(node.command("drain", "--delay", "3600"), check=True)
    node.write("node.json", [cluster_node(None), service("extra", "192.0.2.7")])
    node.until(lambda seen: "192.0.2.7" in vips(seen) and drain(seen) == "told")
    node.end("wire", signal.SIGKILL)
    node.start("wire")
    node.until(lambda seen: seen["wire"]["connected"] and sessions(seen) == BOTH and drain(seen) == "told")
