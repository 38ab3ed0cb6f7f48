# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ``cluster_resources`` on real API servers: what it foresees and does, and the take-over from MetalLB."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from cluster.api import ApiError
from cluster.control_plane import ControlPlane

from ansible_collections.baremetal.dualstack.plugins.modules import cluster_resources as module
from dualstack.kubernetes.crds import crds
from dualstack.kubernetes.objects import objects

HOME = "metallb-system"
GOLDEN = Path(__file__).resolve().parents[1] / "golden"
METALLB = f"/apis/metallb.io/v1beta1/namespaces/{HOME}"
Object = dict[str, Any]


@pytest.fixture
def plan() -> Object:
    """The demo's plan."""
    return _demo()


@pytest.fixture
def empty(own_cluster: ControlPlane) -> Iterator[ControlPlane]:
    """A control plane without anything of ours."""
    own_cluster.start()
    yield own_cluster


@pytest.fixture(scope="module")
def ours(cluster: ControlPlane) -> ControlPlane:
    """The control plane of all tests, with what the demo's plan wants."""
    given = {**access(cluster), "plan": "demo", "objects": objects(_demo())}
    with patch_module_args(given), pytest.raises(SystemExit) as ended:
        module.main()
    assert not ended.value.code
    return cluster


def _demo() -> Object:
    found: Object = yaml.safe_load((GOLDEN / "demo" / "plan.yml").read_text(encoding="utf-8"))
    return found


def access(cluster: ControlPlane) -> Object:
    return {"kubectl": cluster.kubectl_command()[0], "kubeconfig": str(cluster.admin), "_ansible_diff": True}


def run(capsys: pytest.CaptureFixture[str], cluster: ControlPlane, **given: Any) -> Object:
    """One call of the module; a failure has ``failed``."""
    with patch_module_args({**access(cluster), "plan": "demo", **given}), pytest.raises(SystemExit):
        module.main()
    return json.loads(capsys.readouterr().out)  # type: ignore[no-any-return]


def test_objects_without_the_label_are_applied_and_never_deleted(
    ours: ControlPlane, plan: Object, capsys: pytest.CaptureFixture[str]
) -> None:
    own = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **place}, "data": {"a": "b"}}
        for name, place in (("without-namespace", {}), ("with-namespace", {"namespace": "default"}))
    ]
    done = run(capsys, ours, objects=[*objects(plan), *own])
    names = {f"ConfigMap default/{item['metadata']['name']}" for item in own}
    assert done["changes"] == {"created": sorted(names, reverse=True), "changed": [], "deleted": []}
    assert not run(capsys, ours, objects=[*objects(plan), *own])["changed"]
    assert not run(capsys, ours, objects=objects(plan))["changed"]
    for item in own:
        assert ours.api.get(f"/api/v1/namespaces/default/configmaps/{item['metadata']['name']}")["data"] == {"a": "b"}


def test_a_life(empty: ControlPlane, plan: Object, capsys: pytest.CaptureFixture[str]) -> None:
    """Foreseen, made, repeated, changed, shrunk."""
    password, key = "a-password-nobody-sees", "0123456789abcdef" * 4
    given: Object = {"objects": objects(plan), "secrets": {"bgp-auth": password}}
    foreseen = run(capsys, empty, **given, _ansible_check_mode=True)
    with pytest.raises(ApiError):
        empty.api.get(f"/api/v1/namespaces/{HOME}")
    done = run(capsys, empty, **given)
    assert done["changed"] and foreseen["changes"] == done["changes"]
    assert f"Secret {HOME}/dualstack-heartbeat" in done["changes"]["created"]
    assert not done["changes"]["changed"] and not done["changes"]["deleted"]
    text = json.dumps([foreseen, done])
    assert password not in text and base64.b64encode(password.encode()).decode() not in text

    secret = empty.api.get(f"/api/v1/namespaces/{HOME}/secrets/bgp-auth")
    assert secret["type"] == "kubernetes.io/basic-auth"
    assert base64.b64decode(secret["data"]["password"]).decode() == password
    made = empty.api.get(f"/api/v1/namespaces/{HOME}/secrets/dualstack-heartbeat")["data"]["key"]
    assert len(base64.b64decode(made)) == 64

    again = run(capsys, empty, **given)
    assert not again["changed"] and not again["diff"], again["changes"]
    assert empty.api.get(f"/api/v1/namespaces/{HOME}/secrets/dualstack-heartbeat")["data"]["key"] == made

    # somebody's own objects, and somebody's hand in ours
    pool = {"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool", "metadata": {"name": "own", "namespace": HOME}}
    empty.apply({**pool, "spec": {"addresses": ["192.0.2.0/24", "2001:db8:ff::/64"]}})
    pools = [item["metadata"]["name"] for item in given["objects"] if item["kind"] == "IPAddressPool"]
    empty.api.patch(f"{METALLB}/ipaddresspools/{pools[0]}", {"spec": {"avoidBuggyIPs": True}})
    empty.api.patch(f"{METALLB}/ipaddresspools/{pools[0]}", {"metadata": {"annotations": {"note": "of people"}}})
    mended = run(capsys, empty, **given)
    assert mended["changes"] == {"created": [], "changed": [f"IPAddressPool {HOME}/{pools[0]}"], "deleted": []}
    live = empty.api.get(f"{METALLB}/ipaddresspools/{pools[0]}")
    assert live["spec"]["avoidBuggyIPs"] is False and live["metadata"]["annotations"] == {"note": "of people"}

    # a pool less, and no password any more
    fewer = [item for item in given["objects"] if item["metadata"]["name"] != pools[0]]
    foreseen = run(capsys, empty, objects=fewer, heartbeat_key=key, _ansible_check_mode=True)
    assert empty.api.get(f"{METALLB}/ipaddresspools/{pools[0]}")
    done = run(capsys, empty, objects=fewer, heartbeat_key=key)
    assert done["changes"] == foreseen["changes"]
    assert f"IPAddressPool {HOME}/{pools[0]}" in done["changes"]["deleted"]
    assert f"Secret {HOME}/bgp-auth" in done["changes"]["deleted"]
    assert done["changes"]["changed"] == [f"Secret {HOME}/dualstack-heartbeat"] and key not in json.dumps(done)
    left = {item["metadata"]["name"] for item in empty.api.get(f"{METALLB}/ipaddresspools")["items"]}
    assert left == {*pools[1:], "own"}
    assert not run(capsys, empty, objects=fewer)["changed"]


def test_a_refusal_changes_nothing(ours: ControlPlane, plan: Object, capsys: pytest.CaptureFixture[str]) -> None:
    broken = copy.deepcopy(objects(plan))
    pools = [item for item in broken if item["kind"] == "IPAddressPool"]
    pools[0]["spec"]["addresses"] = ["10.99.0.0/24"]
    pools[-1]["spec"]["addresses"] = ["10.98.0.9-10.98.0.1"]
    for check in (True, False):
        refused = run(capsys, ours, objects=broken, _ansible_check_mode=check)
        assert refused["failed"] and "ends before it begins" in refused["msg"]
        live = ours.api.get(f"{METALLB}/ipaddresspools/{pools[0]['metadata']['name']}")
        assert live["spec"]["addresses"] != ["10.99.0.0/24"]


def without_rules(schema: Any) -> Any:
    """A definition as MetalLB ships it: without the rules and limits that are ours."""
    if isinstance(schema, list):
        return [without_rules(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    ours = ("x-kubernetes-validations", "maxItems", "maxLength", "pattern")
    return {key: without_rules(value) for key, value in schema.items() if key not in ours}


def of_metallb() -> list[Object]:
    """MetalLB's definitions; the one of BGPPeer converts by a webhook, which does not answer any more."""
    found = [{**item, "spec": without_rules(item["spec"])} for item in crds()]
    for item in found:
        if item["spec"]["names"]["kind"] == "BGPPeer":
            service = {"namespace": HOME, "name": "metallb-webhook-service", "path": "/convert"}
            webhook = {"clientConfig": {"service": service}, "conversionReviewVersions": ["v1beta1", "v1beta2"]}
            item["spec"]["conversion"] = {"strategy": "Webhook", "webhook": webhook}
    return found


def kept(name: str, kind: str, spec: Object, version: str = "v1beta1") -> Object:
    metadata = {"name": name, "namespace": HOME, "labels": {"of": "people"}}
    return {"apiVersion": f"metallb.io/{version}", "kind": kind, "metadata": metadata, "spec": spec}


# What MetalLB stored, some of it against our rules.
STORED = (
    kept("old-range", "IPAddressPool", {"addresses": ["10.0.0.1-fc00::1"]}),
    kept("overlap", "IPAddressPool", {"addresses": ["10.1.0.0/24", "10.1.0.0/25", "2001:db8::/64"]}),
    kept("vrf", "BGPPeer", {"myASN": 64512, "peerASN": 64500, "peerAddress": "10.0.0.1", "vrf": "red"}, "v1beta2"),
    kept("six", "BGPPeer", {"myASN": 64512, "peerASN": 64500, "peerAddress": "2001:db8::1"}, "v1beta2"),
    kept("fast", "BFDProfile", {"receiveInterval": 10}),
    kept("layer2", "L2Advertisement", {"ipAddressPools": ["overlap", "overlap"], "interfaces": ["eth7"]}),
)


def test_taking_over_from_metallb(empty: ControlPlane, plan: Object, capsys: pytest.CaptureFixture[str]) -> None:
    """Every object stays, also one that breaks a rule; what a plan states is as the plan has it, whoever wrote it."""
    empty.api.create("/api/v1/namespaces", {"metadata": {"name": HOME}})
    empty.kubectl("apply", "-f", "-", input=listed(of_metallb()))
    empty.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
    wanted = objects(plan)
    advert = next(item for item in wanted if item["kind"] == "BGPAdvertisement")
    theirs = kept(advert["metadata"]["name"], "BGPAdvertisement", {"peers": ["nobody"], "aggregationLength": 32})
    for item in (*STORED, theirs):  # by Helm or a controller: not by kubectl
        plural = next(one["spec"]["names"]["plural"] for one in crds() if one["spec"]["names"]["kind"] == item["kind"])
        empty.api.create(f"/apis/{item['apiVersion']}/namespaces/{HOME}/{plural}", item)

    foreseen = run(capsys, empty, objects=wanted, _ansible_check_mode=True)
    done = run(capsys, empty, objects=wanted)
    assert done["changes"] == foreseen["changes"] and not done["changes"]["deleted"], done
    assert not run(capsys, empty, objects=wanted)["changed"]
    live = empty.api.get(f"{METALLB}/bgpadvertisements/{advert['metadata']['name']}")
    assert live["spec"].get("peers") == advert["spec"].get("peers") and live["metadata"]["labels"]["of"] == "people"

    for item in STORED:
        found = json.loads(empty.kubectl("-n", HOME, "get", item["kind"], item["metadata"]["name"], "-o", "json"))
        assert item["spec"].items() <= found["spec"].items()
        empty.kubectl("-n", HOME, "label", item["kind"], item["metadata"]["name"], "touched=yes")
    # one that breaks a rule can be changed elsewhere, and mended, and not broken in another way
    peers = f"/apis/metallb.io/v1beta2/namespaces/{HOME}/bgppeers"
    empty.api.patch(f"{peers}/vrf", {"spec": {"holdTime": "30s"}})
    with pytest.raises(ApiError, match="has no VRFs"):
        empty.api.patch(f"{peers}/vrf", {"spec": {"vrf": "blue"}})
    empty.api.patch(f"{peers}/vrf", {"spec": {"vrf": None}})


def test_the_old_version_of_a_peer(ours: ControlPlane, plan: Object, capsys: pytest.CaptureFixture[str]) -> None:
    """MetalLB 1.4: timers that v1beta1 leaves out become 0s by its webhook; here they stay unset. Both are read."""
    for name, address in (("four", "10.0.0.1"), ("six", "2001:db8::1")):
        spec = {"myASN": 64512, "peerASN": 64500, "peerAddress": address}
        said = ours.kubectl("apply", "-f", "-", input=json.dumps(kept(name, "BGPPeer", spec)))
        assert "created" in said
        read = ours.api.get(f"/apis/metallb.io/v1beta2/namespaces/{HOME}/bgppeers/{name}")["spec"]
        assert read["peerPort"] == 179 and "holdTime" not in read
        spec["peerAddress"] = "tor1"
        refused = ours.try_kubectl("apply", "-f", "-", input=json.dumps(kept(name, "BGPPeer", spec)))
        assert "is no IP address" in refused.stderr and "v1beta1 BGPPeer is deprecated" in refused.stderr


def test_an_object_of_the_greatest_size(ours: ControlPlane) -> None:
    """The rules may cost what the greatest object that they allow costs."""
    for entries in (
        [f"10.{place}.0.0/24" for place in range(256)],
        [
            f"2001:db8:aaaa:{place:x}:ffff:ffff:ffff:fff0-2001:db8:aaaa:{place:x}:ffff:ffff:ffff:ffff"
            for place in range(256)
        ],
        [
            f"2001:db8:aaaa:{place:x}:ffff:ffff:ffff:fff0-2001:db8:aaaa:{place:x}:ffff:ffff:ffff:ffff"
            for place in range(128)
        ],
    ):
        body = kept("great", "IPAddressPool", {"addresses": entries})
        ours.api.create(f"{METALLB}/ipaddresspools?dryRun=All", body)
    names = [f"{place:03}-{'x' * 249}" for place in range(256)]
    body = kept("great", "BGPAdvertisement", {"peers": names, "ipAddressPools": names})
    ours.api.create(f"{METALLB}/bgpadvertisements?dryRun=All", body)


def listed(items: list[Object]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
