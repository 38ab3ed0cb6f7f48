# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MetalLB as the plan's load balancer: its own manifests by the module, its real controller, webhook and speaker.

At the end our controller takes over what the real one gave (MetalLB 4.4: restart, allocation).

kube-apiserver and MetalLB are real processes in network namespaces. What kube-controller-manager and kubelets do for
pods is played by the test: workloads are marked as ready, and the controller finds its certificates in a folder.
"""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from cluster import product
from cluster.building import METALLB_SOURCE, programs, source
from cluster.control_plane import ControlPlane
from cluster.controllers import NOTE, SERVICES, addresses, pool, service
from cluster.daemons import Daemon
from interop.segment import resolve
from interop.stage import Host, Stage
from processes import until

from ansible_collections.baremetal.dualstack.plugins.filter.metallb import metallb_objects
from ansible_collections.baremetal.dualstack.plugins.modules import cluster_resources, metallb_install
from dualstack.addresses.blocks import family_of
from dualstack.kubernetes.metallb import Options, manifests, values
from dualstack.kubernetes.objects import objects
from dualstack.resources.modes import METALLB, NATIVE, SPEAKER

pytestmark = pytest.mark.root
HOME = product.NAMESPACE
GOLDEN = Path(__file__).resolve().parents[1] / "golden"
POOL = {"ipv4": "10.0.1.200-10.0.1.210", "ipv6": "2001:db8:dc:1::200-2001:db8:dc:1::20a"}
VIPS = {"ipv4": "10.0.1.205", "ipv6": "2001:db8:dc:1::205"}
Object = dict[str, Any]


def text_of(mode: str) -> str:
    """MetalLB's own manifests, of the module from which its programs are built."""
    return (source(*METALLB_SOURCE) / "config" / "manifests" / f"{mode}.yaml").read_text(encoding="utf-8")


def plan_of(mode: str, home: str = "layer2-only") -> Object:
    """The plan of an example with MetalLB as its load balancer; one pool on the segment of the test."""
    plan: Object = yaml.safe_load((GOLDEN / home / "plan.yml").read_text(encoding="utf-8"))
    plan["cluster"]["load_balancer"] = mode
    if home == "layer2-only":
        plan["pools"][0]["blocks"] = {family: [text] for family, text in POOL.items()}
        plan["advertisements"][0]["preferred_nodes"] = []  # since MetalLB 0.16.2
        plan["services"] = [{**plan["services"][0], "addresses": list(VIPS.values())}]
    return plan


@pytest.mark.parametrize("mode", METALLB)
def test_the_manifests_of_a_mode_are_taken_and_those_of_others_refused(mode: str) -> None:
    given = list(yaml.safe_load_all(text_of(mode)))
    for other in METALLB:
        if other == mode:
            found = manifests(given, mode, "demo", HOME, Options("mirror.example", True, "example.com/ours"))
            images = [
                each["image"]
                for item in found
                if item["kind"] in ("Deployment", "DaemonSet")
                for each in item["spec"]["template"]["spec"]["containers"]
            ]
            assert images and all(image.startswith("mirror.example/") for image in images)
            words = {
                each["name"]: each["args"]
                for item in found
                if item["metadata"]["name"] in ("controller", "speaker") and "template" in item.get("spec", {})
                for each in item["spec"]["template"]["spec"]["containers"]
                if each["image"].startswith("mirror.example/metallb/")
            }
            assert "--ignore-exclude-lb" in words["speaker"] and "--ignore-exclude-lb" not in words["controller"]
            assert all("--lb-class=example.com/ours" in each for each in words.values())
        else:
            with pytest.raises(ValueError, match=f"install {mode}, and the plan has {other}: give {other}.yaml"):
                manifests(given, other, "demo", HOME, Options())
    with pytest.raises(ValueError, match=f"are for the namespace {HOME}, not for elsewhere"):
        manifests(given, mode, "demo", "elsewhere", Options())
    enabled = values(mode, Options())
    chosen = (enabled["speaker"]["frr"]["enabled"], enabled["frrk8s"]["enabled"])
    assert chosen == (mode == "metallb-frr", mode == "metallb-frr-k8s")


def test_values_are_keys_of_the_real_chart() -> None:
    """What the chart does not know it would pass over in silence."""
    chart = yaml.safe_load((source(*METALLB_SOURCE) / "charts" / "metallb" / "values.yaml").read_text(encoding="utf-8"))

    def known(given: Any, there: Any, path: str) -> Iterator[str]:
        for key, value in given.items():
            if key not in there:
                yield f"{path}.{key}"
            elif isinstance(value, dict):
                yield from known(value, there[key], f"{path}.{key}")

    for mode in METALLB:
        assert not list(known(values(mode, Options("mirror.example", True, "example.com/ours")), chart, ""))


class Scene:
    """The API server, a node, and MetalLB's processes once they are started."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self.stack = folder, stack
        self.daemons: dict[str, Daemon] = {}
        stage = Stage()
        stack.callback(stage.end)
        self.server, self.node = stage.host("server"), stage.host("node")
        self.plane = ControlPlane(
            folder / "plane",
            namespace=self.server.namespace,
            address=self.server.ipv4,
            addresses=[self.server.ipv6],
            arguments=["--enable-aggregator-routing"],  # to the webhook without kube-proxy
        )
        stack.callback(self.plane.end)
        self.plane.start()
        self.api = self.plane.api
        product.node(self.plane, "node1", self.node)

    def daemon(self, role: str, host: Host, *words: str) -> Daemon:
        """A program of MetalLB as its pod would be started."""
        container = {"name": role, "image": "example.invalid/none"}
        pod = {"metadata": {"name": role}, "spec": {"containers": [container], "nodeName": "node1"}}
        self.api.create(f"/api/v1/namespaces/{HOME}/pods", pod)
        kubeconfig = self.plane.kubeconfig(f"system:serviceaccount:{HOME}:{role}")
        told = {"NAMESPACE": HOME, "POD_NAME": role, "NODE_NAME": "node1", "ML_SECRET_NAME": "memberlist"}
        told["DEPLOYMENT"] = "controller"
        given = [
            f"KUBECONFIG={kubeconfig}",
            f"TMPDIR={self.folder}",
            *(f"METALLB_{name}={value}" for name, value in told.items()),
        ]
        program = programs([f"metallb-{role}"])[f"metallb-{role}"]
        made = Daemon([*host.prefix, "env", *given, str(program), *words], self.folder / f"{role}.log")
        self.stack.callback(made.end)
        made.start()
        self.daemons[role] = made
        return made

    def controller(self) -> Daemon:
        """MetalLB's controller, once its webhook can be asked."""
        certs = self.folder / "k8s-webhook-server" / "serving-certs"  # where its webhook reads them, below TMPDIR
        certs.mkdir(parents=True)
        made = self.daemon("controller", self.server, f"--cert-dir={certs}", "--health-probe-port=17480")
        until(lambda: self.certificates(certs), "the controller has made its certificates")
        until(self.trusted, "it has written its authority into its objects")
        self.endpoint()
        return made

    def mark_ready(self) -> None:
        """What kube-controller-manager writes of workloads whose pods are ready."""
        for plural, counts in (
            ("deployments", ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")),
            (
                "daemonsets",
                ("desiredNumberScheduled", "currentNumberScheduled", "updatedNumberScheduled", "numberReady"),
            ),
        ):
            path = f"/apis/apps/v1/namespaces/{HOME}/{plural}"
            for item in self.api.get(path)["items"]:
                status = {**dict.fromkeys(counts, 1), "observedGeneration": item["metadata"]["generation"]}
                if plural == "daemonsets":
                    status["numberMisscheduled"] = 0
                self.api.patch(f"{path}/{item['metadata']['name']}/status", {"status": status})

    def certificates(self, folder: Path) -> bool:
        """Puts into a folder what the controller wrote into its Secret, as a kubelet would; whether there is any."""
        data = self.api.get(f"/api/v1/namespaces/{HOME}/secrets/metallb-webhook-cert").get("data") or {}
        for name, value in data.items():
            (folder / name).write_bytes(base64.b64decode(value))
        return bool(data)

    def trusted(self) -> bool:
        """Whether the controller has written its authority wherever the API server asks its webhook."""
        data = self.api.get(f"/api/v1/namespaces/{HOME}/secrets/metallb-webhook-cert").get("data") or {}
        kind = self.api.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/bgppeers.metallb.io")
        found = [kind["spec"]["conversion"]["webhook"]["clientConfig"].get("caBundle")]
        webhook = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/metallb-webhook-configuration"
        found += [each["clientConfig"].get("caBundle") for each in self.api.get(webhook)["webhooks"]]
        return bool(data) and set(found) == {data["ca.crt"]}

    def backends(self, name: str) -> None:
        """A ready endpoint of each family, as MetalLB announces nothing without."""
        for family, address in (("IPv4", "10.244.0.9"), ("IPv6", "fd00:10:244::9")):
            slice_ = {
                "metadata": {"name": f"{name}-{family.lower()}", "labels": {"kubernetes.io/service-name": name}},
                "addressType": family,
                "endpoints": [{"addresses": [address], "nodeName": "node1", "conditions": {"ready": True}}],
                "ports": [{"name": "main", "port": 631, "protocol": "TCP"}],
            }
            self.api.create("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", slice_)

    def endpoint(self) -> None:
        """Where the webhook's Service leads."""
        slice_ = {
            "metadata": {"name": "webhook", "labels": {"kubernetes.io/service-name": "metallb-webhook-service"}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [self.server.ipv4], "conditions": {"ready": True}}],
            "ports": [{"name": "", "port": 9443, "protocol": "TCP"}],
        }
        self.api.create(f"/apis/discovery.k8s.io/v1/namespaces/{HOME}/endpointslices", slice_)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with ExitStack() as stack:
        yield Scene(tmp_path_factory.mktemp("metallb"), stack)


def run(capsys: pytest.CaptureFixture[str], scene: Scene, module: Any, **given: Any) -> Object:
    """One call of a module, where kubectl reaches the API server."""
    program = scene.folder / "kubectl"
    if not program.exists():
        program.write_text(f'#!/bin/sh\nexec {" ".join(scene.plane.prefix)} {scene.plane.kubectl_command()[0]} "$@"\n')
        program.chmod(0o755)
    words = {"kubectl": str(program), "kubeconfig": str(scene.plane.admin), "_ansible_diff": True}
    with patch_module_args({**words, **given}), pytest.raises(SystemExit):
        module.main()
    return json.loads(capsys.readouterr().out)  # type: ignore[no-any-return]


def test_a_life_with_the_real_metallb(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    plan, text = plan_of(NATIVE), text_of(NATIVE)
    name = plan["cluster"]["name"]
    given: Object = {"mode": NATIVE, "cluster": name, "objects": metallb_objects(plan, text)}
    wanted: Object = {"objects": objects(plan, services=True), "plan": name, "heartbeats": False}
    assert {item["kind"] for item in wanted["objects"]} == {"IPAddressPool", "L2Advertisement", "Service"}

    # foreseen on a cluster that knows nothing of MetalLB, then installed; nobody runs its pods
    foreseen = run(capsys, scene, metallb_install, **given, _ansible_check_mode=True)
    before = run(capsys, scene, cluster_resources, **wanted, _ansible_check_mode=True)
    done = run(capsys, scene, metallb_install, **given, timeout=1)
    assert f"IPAddressPool {HOME}/office" in before["changes"]["created"]
    assert "DaemonSet speaker: nobody has looked at it yet" in done["msg"] and "not ready after 1 s" in done["msg"]
    assert f"Deployment {HOME}/controller" in foreseen["changes"]["created"]
    again = run(capsys, scene, metallb_install, **given, timeout=0)
    assert not again["changed"], again["changes"]

    # pods that are ready are not enough: the webhook must answer
    scene.mark_ready()
    late = run(capsys, scene, metallb_install, **given, timeout=1)
    assert "failed calling webhook" in late["msg"], late
    refused = run(capsys, scene, cluster_resources, **wanted)
    assert "failed calling webhook" in refused["msg"] and "see why: kubectl get pods" in refused["msg"]

    controller = scene.controller()
    ready = run(capsys, scene, metallb_install, **given, timeout=120)
    assert "msg" not in ready and not ready["changed"], "what MetalLB wrote into its objects stays"
    controller.check()

    # the plan's resources pass the real webhook, and stay as they are
    done = run(capsys, scene, cluster_resources, **wanted, patience=60)
    assert done["changed"] and not done["changes"]["deleted"], done
    assert not run(capsys, scene, cluster_resources, **wanted)["changed"]
    with_heartbeats = scene.plane.try_kubectl("-n", HOME, "get", "secret", "dualstack-heartbeat")
    assert with_heartbeats.returncode
    twice = copy.deepcopy(wanted)
    pool = next(item for item in twice["objects"] if item["kind"] == "IPAddressPool")
    twice["objects"].append({**pool, "metadata": {**pool["metadata"], "name": "again"}})
    assert "overlaps" in run(capsys, scene, cluster_resources, **twice)["msg"], "judged by MetalLB itself"

    # both families out of the plan's pool, and a neighbour is answered for both
    def addresses() -> list[str]:
        status = scene.api.get("/api/v1/namespaces/default/services/printer")["status"]["loadBalancer"]
        return sorted(entry["ip"] for entry in status.get("ingress", []))

    until(lambda: addresses() == sorted(VIPS.values()), "the plan's addresses, given by MetalLB's controller")
    scene.backends("printer")
    speaker = scene.daemon("speaker", scene.node, "--health-probe-port=17481")
    for vip in VIPS.values():

        def answered(vip: str = vip) -> bool:
            speaker.check()
            return resolve(scene.server, vip) == scene.node.mac

        until(answered, f"MetalLB's speaker answers for {vip}")

    # what the plan has no more goes, what is not ours stays
    own = product.metallb("IPAddressPool", "own", {"addresses": ["198.51.100.0/28", "2001:db8:ff::/124"]})
    scene.plane.apply(own)
    fewer = {**wanted, "objects": [item for item in wanted["objects"] if item["kind"] != "L2Advertisement"]}
    gone = run(capsys, scene, cluster_resources, **fewer)
    assert gone["changes"]["deleted"] == [f"L2Advertisement {HOME}/office"]
    left = scene.plane.kubectl("-n", HOME, "get", "ipaddresspools", "-o", "name").split()
    assert "ipaddresspool.metallb.io/own" in left and "ipaddresspool.metallb.io/office" in left

    # another backend than the plan has is not taken for ready
    other = run(capsys, scene, metallb_install, mode="metallb-frr", cluster=name, timeout=30)
    assert "MetalLB runs as metallb-native, and the plan has metallb-frr" in other["msg"]


WIDE, GOLD = ("198.51.101.0/24", "2001:db8:101::/120"), ("198.51.103.0/28", "2001:db8:103::/124")
POOLS = [
    pool("wide", *WIDE),
    pool("four", "198.51.102.0/28", autoAssign=False),
    pool("six", "2001:db8:102::/124", autoAssign=False),
    pool("buggy", "198.51.104.0/29", autoAssign=False, avoidBuggyIPs=True),
    pool("gold", *GOLD, serviceAllocation={"priority": 5, "serviceSelectors": [{"matchLabels": {"tier": "gold"}}]}),
]


def wish(name: str, policy: str = "RequireDualStack", **more: Any) -> Object:
    """A Service; what begins with ``metallb`` is an annotation of the stable prefix, or of the old one (``old_``)."""
    prefixes = {"metallb_": "metallb.io", "old_": "metallb.universe.tf"}
    notes = {}
    for start, prefix in prefixes.items():
        for key in [key for key in more if key.startswith(start)]:
            notes[f"{prefix}/{key[len(start) :]}"] = more.pop(key)
    return service(name, policy, annotations=notes, **more)


def ports(number: int, protocol: str = "TCP") -> list[Object]:
    return [{"port": number, "protocol": protocol}]


SINGLE = "SingleStack"
FOUR, SIX = ["IPv4"], ["IPv6"]
REVERSED = ["IPv6", "IPv4"]
SHARED: Object = {"metallb_allow-shared-ip": "key", "metallb_loadBalancerIPs": "198.51.101.90,2001:db8:101::90"}
WISHES = [
    wish("single-4", SINGLE, ipFamilies=FOUR),
    wish("single-6", SINGLE, ipFamilies=SIX),
    wish("require"),
    wish("require-64", ipFamilies=REVERSED),
    wish("prefer", "PreferDualStack"),
    wish("prefer-64", "PreferDualStack", ipFamilies=REVERSED),
    wish("local", externalTrafficPolicy="Local"),
    wish("field-4", SINGLE, ipFamilies=FOUR, loadBalancerIP="198.51.101.77"),
    wish("field-6", SINGLE, ipFamilies=SIX, loadBalancerIP="2001:db8:101::77"),
    wish("asked", metallb_loadBalancerIPs="198.51.101.80,2001:db8:101::80"),
    wish("asked-64", ipFamilies=REVERSED, metallb_loadBalancerIPs="2001:db8:101::81,198.51.101.81"),
    wish("edges", metallb_loadBalancerIPs="198.51.101.255,2001:db8:101::ff"),
    wish("of-four", SINGLE, ipFamilies=FOUR, **{"metallb_address-pool": "four"}),
    wish("of-six", SINGLE, ipFamilies=SIX, **{"metallb_address-pool": "six"}),
    wish("half-4", "PreferDualStack", **{"metallb_address-pool": "four"}),
    wish("half-6", "PreferDualStack", **{"metallb_address-pool": "six"}),
    wish("of-buggy", SINGLE, ipFamilies=FOUR, **{"metallb_address-pool": "buggy"}),
    wish("old", **{"old_address-pool": "wide"}),
    wish("gold", labels={"tier": "gold"}),
    wish("gold-6", SINGLE, ipFamilies=SIX, labels={"tier": "gold"}),
    wish("shared-80", ports=ports(80), **SHARED),
    wish("shared-81", ports=ports(81), **SHARED),
    wish("shared-udp", ports=ports(80, "UDP"), **SHARED),
]


def test_our_controller_takes_over_what_the_real_one_gave(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """MetalLB 4.4: Services of all kinds get addresses from its controller; ours follows it, and every address stays.

    It writes IPv4 first (4.2), we write in the order of ipFamilies: that is all that may be written anew.
    """
    if "controller" not in scene.daemons:  # run without the life above
        plan, text = plan_of(NATIVE), text_of(NATIVE)
        given = {"mode": NATIVE, "cluster": plan["cluster"]["name"], "objects": metallb_objects(plan, text)}
        run(capsys, scene, metallb_install, **given, timeout=0)
        scene.mark_ready()
        scene.controller()
        assert "msg" not in run(capsys, scene, metallb_install, **given, timeout=120)
    scene.plane.apply(*POOLS)
    for one in WISHES:
        scene.api.create(SERVICES, one)

    def found() -> dict[str, Object]:
        listed = scene.api.get(SERVICES)["items"]
        return {item["metadata"]["name"]: item for item in listed if item["spec"]["type"] == "LoadBalancer"}

    until(lambda: all(map(addresses, found().values())), "MetalLB has given every Service its addresses")
    for daemon in scene.daemons.values():
        daemon.end()
    scene.plane.kubectl("delete", "validatingwebhookconfiguration", "metallb-webhook-configuration")
    before = found()
    assert set(before) >= {one["metadata"]["name"] for one in WISHES}

    ours_plan = plan_of(SPEAKER)
    wanted = {"objects": objects(ours_plan, services=True), "plan": ours_plan["cluster"]["name"], "heartbeats": False}
    done = run(capsys, scene, cluster_resources, **wanted)
    assert "msg" not in done, done
    ours = product.ControllerDaemon(
        scene.plane, scene.server, "ours", scene.folder / "ours", product.bundles(scene.folder)
    )
    scene.stack.callback(ours.close)
    ours.start()
    until(ours.acts, "our controller acts")
    scene.api.create(SERVICES, wish("next"))

    def ordered(item: Object) -> bool:
        wanted = [family.lower() for family in item["spec"]["ipFamilies"]]
        held = [family_of(text) for text in addresses(item)]
        return held == [family for family in wanted if family in held]

    until(lambda: addresses(found()["next"]) and all(map(ordered, found().values())), "it has gone through all")
    after = found()
    assert {name: sorted(addresses(after[name])) for name in before} == {
        name: sorted(addresses(item)) for name, item in before.items()
    }
    notes = {name: item["metadata"].get("annotations") for name, item in before.items()}
    assert {name: after[name]["metadata"].get("annotations") for name in before} == notes
    assert all(note[NOTE] for note in notes.values())
    same = [name for name, item in before.items() if ordered(item)]
    assert len(same) >= len(WISHES) - 3, "only those with IPv6 first may differ"
    assert {name: after[name] for name in same} == {name: before[name] for name in same}, "not even written anew"
    taken = {text for name in before for text in addresses(after[name])}
    assert not taken.intersection(addresses(after["next"])), "what is new gets what is free"
