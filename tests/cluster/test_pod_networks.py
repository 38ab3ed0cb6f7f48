# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Calico, Cilium and Flannel are given, judged by their own schemas; NetworkPolicies, by an API server.

The schemas are those of releases, out of their Go modules, whose hashes are pinned here.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fabrics
import jsonschema
import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from cluster.building import GO, programs
from cluster.control_plane import ControlPlane
from cluster.toolchain import environment, go
from processes import until

from ansible_collections.baremetal.dualstack.plugins.modules import kube_objects as module
from dualstack.components.pods import calico, cilium, flannel, policies

EXAMPLES = ["demo", "ipv6-first", "ipv4-only", "ipv6-only"]
OPERATOR = ("github.com/tigera/operator", "v1.40.0", "h1:O5FFE3XKSNy9Cm8jGNO1VHQr9qsi5qjYBJxssg02A4A=")
CILIUM = ("github.com/cilium/cilium", "v1.20.2", "h1:dqiEGIcXc+gqCLYG/l7VCFJ8GHyb4HUrwbZOpkX5dL8=")
CRD = "pkg/crds/operator/operator.tigera.io_installations.yaml"
SCHEMA = "install/kubernetes/cilium/values.schema.json"
WITHOUT_PROXY: dict[str, Any] = {"proxy": {"mode": "none"}}  # which a rule refuses with Flannel
ROUTED: dict[str, Any] = {"cni": {"encapsulation": "none", "masquerade": []}}
VARIANTS: list[dict[str, Any]] = [
    {},
    ROUTED,
    {"cni": {"mtu": 1400, "vni": 77}, "proxy": {"mode": "iptables"}},
    WITHOUT_PROXY,
    {"cni": {"allocate_node_cidrs": True}},
]


def planned(example: str, plugin: str, variant: dict[str, Any]) -> dict[str, Any]:
    """The cluster of an example's plan with a plugin."""

    def change(data: dict[str, Any], hosts: dict[str, dict[str, Any]]) -> None:
        kept = [each["cidr"] for each in KEPT if ":" not in each["cidr"] or example != "ipv4-only"]
        kept = [cidr for cidr in kept if ":" in cidr or example != "ipv6-only"]
        data["cluster"]["kubernetes"] = {
            "version": "1.36.3",
            **variant,
            "cni": {"plugin": plugin, "non_masquerade": kept, **variant.get("cni", {})},
        }

    cluster: dict[str, Any] = fabrics.plan_of(example, change)["cluster"]
    return cluster


KEPT = [{"cidr": "198.18.0.0/15"}, {"cidr": "2001:db8:aaaa::/48"}]


@pytest.fixture(scope="module")
def module_file() -> Callable[[tuple[str, str, str], str], str]:
    """The text of a file of a Go module, which must be the pinned one."""

    def read(module: tuple[str, str, str], path: str) -> str:
        name, version, digest = module
        words = [str(go(GO)), "mod", "download", "-json", f"{name}@{version}"]
        free = {**environment(), "GONOSUMDB": "*", "GOFLAGS": "-mod=mod"}
        done = subprocess.run(words, env=free, cwd="/", capture_output=True, text=True, check=True)
        found = json.loads(done.stdout)
        assert found["Sum"] == digest
        return (Path(found["Dir"]) / path).read_text(encoding="utf-8")

    return read


@pytest.fixture(scope="module")
def operator(cluster: ControlPlane, module_file: Callable[[tuple[str, str, str], str], str]) -> ControlPlane:
    """An API server with the definition of Installations and the namespace of the operator."""
    cluster.kubectl("create", "--filename=-", input=module_file(OPERATOR, CRD))
    until(lambda: cluster.try_kubectl("get", "installations").returncode == 0, "Installations can be asked for")
    cluster.kubectl("create", "namespace", calico.OPERATOR)
    return cluster


@pytest.fixture(scope="module")
def values_schema(module_file: Callable[[tuple[str, str, str], str], str]) -> dict[str, Any]:
    """The schema of the values of Cilium's chart, in which unknown keys are errors too."""
    return closed(json.loads(module_file(CILIUM, SCHEMA)))


def closed(schema: Any) -> Any:
    """A schema that takes no keys but those it names."""
    if isinstance(schema, dict):
        inner = {key: closed(value) for key, value in schema.items()}
        return {**inner, "additionalProperties": False} if "properties" in schema else inner
    return [closed(each) for each in schema] if isinstance(schema, list) else schema


@pytest.mark.parametrize("variant", VARIANTS, ids=json.dumps)
@pytest.mark.parametrize("example", EXAMPLES)
def test_the_operator_of_calico_takes_the_objects(
    operator: ControlPlane, example: str, variant: dict[str, Any]
) -> None:
    wanted = calico.objects(planned(example, "calico", variant))
    operator.kubectl("apply", "--server-side", "--validate=strict", "--filename=-", input=listed(wanted))
    kept = json.loads(operator.kubectl("get", "installation", "default", "--output=json"))
    assert kept["spec"]["calicoNetwork"]["ipPools"] == [
        {**pool, "disableBGPExport": False} for pool in wanted[-1]["spec"]["calicoNetwork"]["ipPools"]
    ]
    operator.kubectl("delete", "installation", "default")


def test_a_typo_is_found_by_the_operators_definition(operator: ControlPlane) -> None:
    wanted = calico.objects(planned("demo", "calico", {}))
    wanted[-1]["spec"]["calicoNetwork"]["ipPools"][1]["encapsulation"] = "Vxlan"
    refused = operator.try_kubectl("apply", "--server-side", "--filename=-", input=listed(wanted))
    assert refused.returncode != 0 and "Unsupported value" in refused.stderr


@pytest.mark.parametrize("variant", VARIANTS, ids=json.dumps)
@pytest.mark.parametrize("example", EXAMPLES)
def test_the_chart_of_cilium_takes_the_values(
    values_schema: dict[str, Any], example: str, variant: dict[str, Any]
) -> None:
    given = cilium.values(planned(example, "cilium", variant))
    given.get("ipMasqAgent", {}).pop("config", None)  # the chart uses it and its schema does not name it
    jsonschema.validate(given, values_schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**given, "enableIpv6Masquerade": True}, values_schema)


@pytest.mark.parametrize("variant", [each for each in VARIANTS if each != WITHOUT_PROXY], ids=json.dumps)
@pytest.mark.parametrize("example", EXAMPLES)
def test_flannel_reads_what_is_planned(example: str, variant: dict[str, Any]) -> None:
    if variant == ROUTED and example == "demo":
        variant = {}  # its nodes have no segment in common, which a rule refuses
    reader = str(programs(["flannel-config"])["flannel-config"])
    cluster = planned(example, "flannel", variant)
    given = json.loads(flannel.objects(cluster)[1]["data"]["net-conf.json"])
    done = subprocess.run([reader], input=json.dumps(given), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout)
    assert read["EnableIPv4"] == ("ipv4" in cluster["pods"]) and read["EnableIPv6"] == ("ipv6" in cluster["pods"])
    assert {key: read[key] for key in given} == given


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_api_server_takes_the_policies(cluster: ControlPlane, namespace: str, example: str) -> None:
    plan = planned(example, "bridge", {})
    cidrs = {"ipv4": "198.51.100.0/24", "ipv6": "2001:db8:77::/48"}
    pair = [cidrs[family] for family in plan["families"]]
    wanted = policies.render(plan, namespace, pair, pair)
    assert len(wanted) == 4
    cluster.kubectl("create", "--validate=strict", "--filename=-", input=listed(wanted))
    kept = json.loads(cluster.kubectl("get", "networkpolicies", f"--namespace={namespace}", "--output=json"))["items"]
    assert policies.lopsided(kept, plan["families"]) == []


def test_the_module_applies_definitions_before_the_objects_of_the_plan(
    own_cluster: ControlPlane,
    module_file: Callable[[tuple[str, str, str], str], str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    own_cluster.start()
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": calico.OPERATOR}}
    stale = {"apiVersion": "operator.tigera.io/v1", "kind": "Installation", "metadata": {"name": "default"}, "spec": {}}
    [program, config] = own_cluster.kubectl_command()
    given = {
        "objects": calico.objects(planned("demo", "calico", {})),
        "manifests": [yaml.safe_load(module_file(OPERATOR, CRD)), namespace, stale],
        "kubectl": program,
        "kubeconfig": config.partition("=")[2],
        "_ansible_diff": True,
    }

    def run(**options: Any) -> dict[str, Any]:
        with patch_module_args({**given, **options}), pytest.raises(SystemExit):
            module.main()
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return result

    refused = run(manifests=[])
    assert refused["failed"] and "Installation (operator.tigera.io/v1)" in refused["msg"]
    foreseen = run(_ansible_check_mode=True)
    done = run()
    assert foreseen["applied"] == done["applied"] and len(done["applied"]) == 3
    assert not run()["changed"]
    kept = json.loads(own_cluster.kubectl("get", "installation", "default", "--output=json"))
    assert len(kept["spec"]["calicoNetwork"]["ipPools"]) == 2


def listed(objects: list[dict[str, Any]]) -> str:
    """Objects as one document each."""
    return yaml.safe_dump_all(objects)
