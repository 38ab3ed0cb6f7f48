# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What speakers tell the cluster of themselves: two nodes and a router on one switch, a real API server, real FRR."""

from __future__ import annotations

import json
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cluster import product
from cluster.api import ApiError
from cluster.control_plane import ControlPlane
from cluster.product import NodeDaemons, metallb
from interop.frr import Frr
from interop.peers.jail import root_of
from interop.stage import Host, Stage

from dualstack_speaker.kube.kinds import KINDS

pytestmark = pytest.mark.root

Object = dict[str, Any]
PATIENCE = 180.0  # seconds after which something that must happen counts as missing
NODES = ("node1", "node2")
NODE_ASN, ROUTER_ASN = 64512, 64500
POOL = {"ipv4": "192.0.2.0/24", "ipv6": "2001:db8:1::/112"}
NEAR = {"ipv4": "10.0.1.200-10.0.1.220", "ipv6": "2001:db8:dc:1::200-2001:db8:dc:1::220"}
FAMILIES = ("ipv4", "ipv6")


def until(fulfilled: Callable[[], Any], what: str) -> Any:
    """Waits for it; what the API server refuses for a moment (429) is asked again."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            found = fulfilled()
        except ApiError as error:
            assert error.status == 429, error
            found = None
        if found:
            return found
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


class Scene:
    """The API server, the router, and nodes with wire and speaker."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.stage = Stage()
        self.server, self.router = self.stage.host("server"), self.stage.host("router")
        self.hosts: dict[str, Host] = {name: self.stage.host(name) for name in NODES}
        addresses = [self.server.ipv4, self.server.ipv6]
        self.plane = ControlPlane(
            folder / "plane", namespace=self.server.namespace, address=self.server.ipv4, addresses=addresses
        )
        self.frr = Frr(root, self.router.namespace, folder / "frr")
        self.nodes: dict[str, NodeDaemons] = {}
        self._folder = folder

    def begin(self) -> None:
        self.plane.start()
        product.install(self.plane)
        key = self._folder / "heartbeat.key"
        key.write_text(secrets.token_hex(32) + "\n")
        key.chmod(0o600)
        zips = product.bundles(self._folder)
        for name, host in self.hosts.items():
            product.node(self.plane, name, host)
            beat = {"node": name, "port": 7947, "key_file": str(key)}
            self.nodes[name] = NodeDaemons(
                self.plane,
                host,
                name,
                self._folder / name,
                zips,
                wire_settings={"heartbeat": beat},
                speaker_settings={"metrics": "127.0.0.1:7473", "health": "127.0.0.1:17472"},
            )
        for family in FAMILIES:
            self.neighbour(family)
        peers = {"ipv4": self.router.ipv4, "ipv6": self.router.ipv6}
        session = {"myASN": NODE_ASN, "peerASN": ROUTER_ASN, "holdTime": "9s", "connectTime": "1s"}
        self.plane.apply(
            metallb("IPAddressPool", "far", {"addresses": list(POOL.values())}),
            metallb("IPAddressPool", "near", {"addresses": list(NEAR.values()), "autoAssign": False}),
            metallb("BGPAdvertisement", "far", {"ipAddressPools": ["far"]}),
            metallb("L2Advertisement", "near", {"ipAddressPools": ["near"]}),
            *(
                metallb("BGPPeer", f"tor-{family}", {**session, "peerAddress": peers[family]}, "v1beta2")
                for family in FAMILIES
            ),
        )
        for node in self.nodes.values():
            node.start()

    def neighbour(self, family: str) -> None:
        """The nodes as the router's neighbours in a family."""
        lines = [f"router bgp {ROUTER_ASN}", "bgp router-id 10.0.1.1", "no bgp ebgp-requires-policy"]
        lines += ["no bgp default ipv4-unicast"]
        for host in self.hosts.values():
            address = host.address(family)
            lines += [f"neighbor {address} remote-as {NODE_ASN}", f"neighbor {address} passive"]
            lines += [f"address-family {family} unicast", f"neighbor {address} activate", "exit-address-family"]
        self.frr.vty.configure("\n".join(lines))

    def shut(self, family: str, on: bool) -> None:
        """Ends the sessions of a family, or lets them come back."""
        word = "" if on else "no "
        lines = [f"{word}neighbor {host.address(family)} shutdown" for host in self.hosts.values()]
        self.frr.vty.configure("\n".join([f"router bgp {ROUTER_ASN}", *lines]))

    def service(self, name: str, *addresses: str) -> str:
        """A Service as a controller leaves it; its key."""
        path = KINDS["Service"].path("default")
        spec = {"type": "LoadBalancer", "ports": [{"port": 80}], "ipFamilyPolicy": "PreferDualStack"}
        self.plane.api.create(path, {"metadata": {"name": name}, "spec": spec})
        ingress = [{"ip": address, "ipMode": "VIP"} for address in addresses]
        self.plane.api.patch(f"{path}/{name}/status", {"status": {"loadBalancer": {"ingress": ingress}}})
        return f"default/{name}"

    def drop(self, key: str) -> None:
        self.plane.api.delete(KINDS["Service"].path(*key.split("/")))

    def statuses(self, kind: str, key: str) -> dict[str, list[Any]]:
        """What the nodes say of a Service."""
        found: dict[str, list[Any]] = {}
        for held in self.plane.api.get(KINDS[kind].path(product.NAMESPACE))["items"]:
            status = held.get("status") or {}
            if f"{status.get('serviceNamespace')}/{status.get('serviceName')}" == key:
                assert status["node"] not in found, f"two of {status['node']}"
                found[status["node"]] = status.get("peers") or status.get("interfaces") or []
        return found

    def events(self, name: str, namespace: str = "default") -> list[tuple[str, str, int]]:
        """Reason, host and count of the events about an object."""
        items = self.plane.api.get(KINDS["Event"].path(namespace))["items"]
        return sorted(
            (event["reason"], event["source"].get("host", ""), event.get("count", 1))
            for event in items
            if event["involvedObject"]["name"] == name
        )

    def state(self, node: str) -> Object:
        """The ConfigurationState of a node's speaker."""
        items = self.plane.api.get(KINDS["ConfigurationState"].path(product.NAMESPACE))["items"]
        found: list[Object] = [
            held.get("status") or {} for held in items if held["metadata"]["name"] == f"speaker-{node}"
        ]
        return found[0] if found else {}

    def conditions(self, node: str) -> dict[str, tuple[str, str]]:
        return {row["type"]: (row["status"], row["reason"]) for row in self.state(node).get("conditions") or []}

    def page(self, node: str, port: int, path: str) -> tuple[int, str]:
        """A page that a node serves on its loopback."""
        script = (
            "import sys,urllib.request,urllib.error\n"
            "try: r = urllib.request.urlopen(sys.argv[1], timeout=30)\n"
            "except urllib.error.HTTPError as e: r = e\n"
            "print(r.getcode()); print(r.read().decode())"
        )
        text = self.hosts[node].run("python3", "-c", script, f"http://127.0.0.1:{port}{path}")
        code, _unused, body = text.partition("\n")
        return int(code), body

    def command(self, node: str, *words: str) -> subprocess.CompletedProcess[str]:
        """A command of the speaker's zip, on the node."""
        daemon = self.nodes[node]
        first, *rest = words
        line = [*daemon.host.prefix, *daemon.speaker.words(first), *rest]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def end(self) -> None:
        for node in self.nodes.values():
            node.end()
        self.frr.end()
        self.plane.end()
        self.stage.end()


@pytest.fixture(scope="module")
def scene(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    made = Scene(root_of("bookworm", checkout), tmp_path_factory.mktemp("reports"))
    try:
        made.begin()
        yield made
    finally:
        made.end()


BOTH = ["tor-ipv4", "tor-ipv6"]


def test_the_status_of_a_service_follows_the_sessions_by_family(scene: Scene) -> None:
    """MetalLB 1.7: peers are those that are meant, whatever their family and state; here those that have it."""
    key = scene.service("follows", "192.0.2.1", "2001:db8:1::1")
    everywhere = dict.fromkeys(NODES, BOTH)
    until(lambda: scene.statuses("ServiceBGPStatus", key) == everywhere, "both peers of both nodes")
    for family in FAMILIES:
        left = [f"tor-{other}" for other in FAMILIES if other != family]
        scene.shut(family, True)
        until(lambda left=left: scene.statuses("ServiceBGPStatus", key) == dict.fromkeys(NODES, left), "one peer")
        session = f"session.baremetal.dualstack/tor-{family}"
        until(lambda session=session: scene.conditions("node1").get(session, ("",))[0] == "False", "its condition")
        assert scene.state("node1")["result"] == "Valid"
        scene.shut(family, False)
        until(lambda: scene.statuses("ServiceBGPStatus", key) == everywhere, "both peers again")
    scene.drop(key)
    until(lambda: not scene.statuses("ServiceBGPStatus", key), "gone with its Service")


def test_nodes_say_once_that_they_announce_and_not_again_after_a_restart(scene: Scene) -> None:
    """MetalLB 2, nodeAssigned: with every pass over the Service; here when a peer really has it."""
    key = scene.service("once", "192.0.2.2", "2001:db8:1::2")
    each = [("nodeAssigned", name, 1) for name in NODES]
    until(lambda: scene.events("once") == each, "an event of each node")
    until(lambda: scene.statuses("ServiceBGPStatus", key) == dict.fromkeys(NODES, BOTH), "the statuses")
    names = {held["metadata"]["name"] for held in _bgp(scene)}
    scene.nodes["node1"].speaker.end(signal.SIGKILL)
    scene.nodes["node1"].speaker.start()
    marker = scene.service("marker", "192.0.2.3", "2001:db8:1::3")
    until(lambda: scene.statuses("ServiceBGPStatus", marker) == dict.fromkeys(NODES, BOTH), "what came after")
    until(lambda: ("nodeAssigned", "node1", 1) in scene.events("marker"), "its event")
    assert scene.events("once") == each
    assert names <= {held["metadata"]["name"] for held in _bgp(scene)}, "nothing was written anew"
    for held in _bgp(scene):
        assert [owner["kind"] for owner in held["metadata"]["ownerReferences"]] == ["Node"]


def _bgp(scene: Scene) -> list[Object]:
    found: list[Object] = scene.plane.api.get(KINDS["ServiceBGPStatus"].path(product.NAMESPACE))["items"]
    return found


def test_a_bad_object_is_told_everywhere_and_the_others_count(scene: Scene) -> None:
    """MetalLB 3.5: the whole last configuration stays; here the rest goes on. Told by event, state, metric and log."""
    until(lambda: all(scene.state(name).get("result") == "Valid" for name in NODES), "valid before")
    session = {"myASN": NODE_ASN, "peerASN": ROUTER_ASN, "peerAddress": "10.0.1.99"}
    secret = {"passwordSecret": {"name": "no-such-secret"}}
    elsewhere = metallb("BGPPeer", "elsewhere", {**session, **secret}, "v1beta2")
    elsewhere["metadata"]["namespace"] = "default"
    scene.plane.apply(elsewhere, metallb("BGPPeer", "bad", {**session, **secret}, "v1beta2"))
    until(lambda: all(scene.state(name).get("result") == "Invalid" for name in NODES), "the states of both nodes")
    for name in NODES:
        assert "no-such-secret" in scene.state(name)["errorSummary"]
        assert "elsewhere" not in scene.state(name)["errorSummary"], "of another namespace: not read (MetalLB 1.8)"
        assert scene.conditions(name)["configReconcilerValid"] == ("False", "ConfigurationError")
    until(lambda: scene.events("bad", product.NAMESPACE), "an event")
    until(lambda: "metallb_k8s_client_config_stale_bool 1" in scene.page("node1", 7473, "/metrics")[1], "the metric")
    assert "no-such-secret" in scene.nodes["node1"].speaker.log.read_text()
    code, text = scene.page("node1", 17472, "/readyz")
    assert code == 200 and "configuration: degraded" in text
    key = scene.service("others", "192.0.2.4", "2001:db8:1::4")
    until(lambda: scene.statuses("ServiceBGPStatus", key) == dict.fromkeys(NODES, BOTH), "the others go on")
    assert [(reason, count) for reason, _host, count in scene.events("bad", product.NAMESPACE)] == [
        ("ConfigurationError", 1)
    ]
    scene.plane.api.delete(KINDS["BGPPeer"].path(product.NAMESPACE, "bad"))
    until(lambda: all(scene.state(name).get("result") == "Valid" for name in NODES), "valid again")


def test_a_node_is_drained_by_its_annotation(scene: Scene) -> None:
    """MetalLB 6.8: there is no drain."""
    key = scene.service("drained", "192.0.2.5", "2001:db8:1::5")
    until(lambda: scene.statuses("ServiceBGPStatus", key) == dict.fromkeys(NODES, BOTH), "announced")
    scene.plane.kubectl("annotate", "node", "node2", "baremetal.dualstack/drain=0")
    until(lambda: scene.statuses("ServiceBGPStatus", key) == {"node1": BOTH, "node2": []}, "withdrawn by node2")
    until(lambda: scene.conditions("node2").get("baremetal.dualstack/drain") == ("True", "Withdrawn"), "told")
    done = scene.command("node2", "undrain")
    assert done.returncode == 1 and "kubectl annotate node node2 baremetal.dualstack/drain-" in done.stderr
    assert scene.statuses("ServiceBGPStatus", key) == {"node1": BOTH, "node2": []}
    scene.plane.kubectl("annotate", "node", "node2", "baremetal.dualstack/drain-")
    until(lambda: scene.statuses("ServiceBGPStatus", key) == dict.fromkeys(NODES, BOTH), "back")
    until(lambda: "baremetal.dualstack/drain" not in scene.conditions("node2"), "told no more")
    scene.plane.kubectl("annotate", "node", "node2", "baremetal.dualstack/drain=1")
    until(lambda: scene.conditions("node2").get("baremetal.dualstack/drain") == ("True", "Withdrawn"), "once more")
    scene.plane.kubectl("annotate", "node", "node2", "baremetal.dualstack/drain-")
    until(lambda: scene.statuses("ServiceBGPStatus", key) == dict.fromkeys(NODES, BOTH), "back again")


def test_a_vip_that_another_host_has_too_is_told_in_an_event_and_a_condition(scene: Scene) -> None:
    """MetalLB 5.2: two owners are not noticed."""
    vips = {"ipv4": "10.0.1.215", "ipv6": "2001:db8:dc:1::215"}
    for family, vip in vips.items():
        words = ["nodad"] if family == "ipv6" else []
        scene.router.run("ip", "address", "add", f"{vip}/{32 if family == 'ipv4' else 128}", "dev", "rack1", *words)
    key = scene.service("disputed", *vips.values())
    (owner,) = until(lambda: list(scene.statuses("ServiceL2Status", key)), "somebody answers")
    until(lambda: ("addressConflict", owner) in [entry[:2] for entry in scene.events("disputed")], "the event")
    state = "baremetal.dualstack/conflict"
    until(lambda: scene.conditions(owner).get(state) == ("True", "AnotherOwner"), "the condition")

    def said() -> str:
        return next((row["message"] for row in scene.state(owner)["conditions"] if row["type"] == state), "")

    until(lambda: all(vip in said() for vip in vips.values()), "both families")
    scene.drop(key)
    until(lambda: state not in scene.conditions(owner), "told no more")
    for family, vip in vips.items():
        scene.router.run("ip", "address", "del", f"{vip}/{32 if family == 'ipv4' else 128}", "dev", "rack1")


def test_explain_tells_of_announcing_and_of_allocation(scene: Scene) -> None:
    """MetalLB 10: logs are all there is."""
    key = scene.service("explained", "192.0.2.6", "2001:db8:1::6")
    until(lambda: scene.statuses("ServiceBGPStatus", key) == dict.fromkeys(NODES, BOTH), "announced")
    done = scene.command("node1", "explain", key, "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["announcing"]["summary"], found["problems"]) == (0, "announced", [])
    assert "has 192.0.2.6, 2001:db8:1::6" in found["allocation"]["summary"]

    waits = scene.service("waits")
    annotation = {"metallb.io/address-pool": "no-such-pool"}
    scene.plane.api.patch(KINDS["Service"].path("default", "waits"), {"metadata": {"annotations": annotation}})
    until(lambda: "pending" in scene.command("node1", "explain", waits).stdout, "known to the speaker")
    done = scene.command("node1", "explain", waits, "--json")
    story = json.loads(done.stdout)["allocation"]
    assert done.returncode == 1 and story["summary"] == "gets no address" and not story["fix"]
    assert "no-such-pool" in story["lines"][0] and "Correct metallb.io/address-pool" in story["lines"][0]

    due = scene.service("due")
    until(lambda: "pending" in scene.command("node2", "explain", due).stdout, "known to the speaker")
    text = scene.command("node2", "explain", due).stdout
    assert "is due, and the controller has not written it" in text and "kubectl get lease" in text
    assert "there is no such Service" in scene.command("node1", "explain", "default/none").stdout


def test_ready_is_said_truthfully(scene: Scene) -> None:
    """MetalLB 8: both pages answer always."""
    until(lambda: scene.page("node1", 17472, "/readyz")[0] == 200, "ready")
    scene.nodes["node1"].wire.end(signal.SIGKILL)
    until(lambda: "wire: not ready" in scene.page("node1", 17472, "/readyz")[1], "without wire")
    assert scene.page("node1", 17472, "/readyz")[0] == 503 and scene.page("node1", 17472, "/healthz")[0] == 200
    scene.nodes["node1"].wire.start()
    until(lambda: scene.page("node1", 17472, "/readyz")[0] == 200, "ready again")
    scene.plane.apiserver.signal(signal.SIGSTOP)
    try:
        assert scene.page("node1", 17472, "/readyz")[0] == 200
    finally:
        scene.plane.apiserver.signal(signal.SIGCONT)


def test_one_status_by_the_node_that_answers_also_when_it_dies(scene: Scene) -> None:
    """MetalLB 1.7: ServiceL2Status, exactly one; what a dead node left is taken away by the one that took over."""
    key = scene.service("near", "10.0.1.200", "2001:db8:dc:1::200")
    (first,) = until(lambda: scene.statuses("ServiceL2Status", key), "who answers")
    assert scene.statuses("ServiceL2Status", key) == {first: [{"name": "rack1"}]}
    until(lambda: ("nodeAssigned", first, 1) in scene.events("near"), "its event")
    second = next(name for name in NODES if name != first)
    for daemon in (scene.nodes[first].wire, scene.nodes[first].speaker):
        daemon.end(signal.SIGKILL)
    until(lambda: scene.statuses("ServiceL2Status", key) == {second: [{"name": "rack1"}]}, "the other one")
    until(lambda: ("nodeAssigned", second, 1) in scene.events("near"), "its event")
    shown = scene.command(second, "status", "--json")
    vips = [vip for vip in json.loads(shown.stdout)["vips"] if vip["service"] == key]
    assert {vip["announcer"] for vip in vips} == {second}
    scene.nodes[first].start()
    until(lambda: scene.statuses("ServiceL2Status", key) == {first: [{"name": "rack1"}]}, "back where it belongs")
