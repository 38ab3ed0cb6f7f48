# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host is told of a component: a cluster that the plan made is as it should be, and any other becomes so."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from fabrics import plan_of as fabric
from wide_intents import ORDERS, run

from dualstack.components import kubeadm, kubelet, proxy
from dualstack.components.editing import arguments, kubeadm_config, yaml_text
from dualstack.components.editing.owned import Owned
from dualstack.components.settings import COMPONENTS, settings
from dualstack.plan.build import make

BOTH = pytest.mark.parametrize("families", ORDERS, ids="-".join)
MINORS = pytest.mark.parametrize("minor", [20, 24, 30, 31, 36])
FIRST, WORKER = "n11", "n12"


def plan_of(families: tuple[str, ...], minor: int = 36, **given: Any) -> dict[str, Any]:
    """A cluster that is run by us: n11 begins it, n12 joins."""
    data, hosts = run(families)
    del data["clusters"]
    hosts["nodes"] = {name: facts for name, facts in hosts["nodes"].items() if name in (FIRST, WORKER)}
    data["cluster"]["kubernetes"] = {"version": f"1.{minor}.3", **given}
    hosts["kube_control_plane"], hosts["kube_node"] = {FIRST: None}, {WORKER: None}
    plan, findings = make(data, hosts)
    assert plan is not None, findings
    return plan


def edited(document: dict[str, Any], text: str) -> str:
    """The text of a ConfigMap after the edit."""
    parts = {name: Owned(**given) for name, given in document["arguments"].items()}
    return kubeadm_config.edit(text, document["fields"], parts, document["names"])


@BOTH
@MINORS
@pytest.mark.parametrize("component", ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd"])
def test_what_kubeadm_was_given_needs_no_edit(families: tuple[str, ...], minor: int, component: str) -> None:
    stated = {
        "kube-apiserver": {"v": "2", "feature-gates": "A=true"},
        "kube-controller-manager": {"profiling": "false"},
        "kube-scheduler": {"v": "3"},
        "etcd": {"log-level": "warn"},
    }
    plan = plan_of(families, minor, arguments=stated, certificate_names=["api.example.net"])
    text = yaml.safe_dump(kubeadm.cluster_configuration(plan))
    (document,) = settings(plan, component, FIRST)["documents"]
    assert edited(document, text) == text


@BOTH
@MINORS
def test_a_configuration_of_other_families_becomes_the_plans(families: tuple[str, ...], minor: int) -> None:
    wanted = kubeadm.cluster_configuration(plan_of(families, minor))
    for others in ORDERS:
        found = yaml.safe_dump(kubeadm.cluster_configuration(plan_of(others, minor)))
        for component in ("kube-apiserver", "kube-controller-manager"):
            (document,) = settings(plan_of(families, minor), component, FIRST)["documents"]
            found = edited(document, found)
        after = yaml.safe_load(found)
        assert after["networking"] == wanted["networking"]
        assert extra(after, "controllerManager") == extra(wanted, "controllerManager")
        assert extra(after, "apiServer") == extra(wanted, "apiServer")
        assert (after.get("featureGates") or {}) == wanted.get("featureGates", {})


def extra(document: dict[str, Any], part: str) -> dict[str, str]:
    """The extraArgs of a part, whatever their shape."""
    held = (document.get(part) or {}).get("extraArgs") or {}
    return {each["name"]: each["value"] for each in held} if isinstance(held, list) else held


@BOTH
def test_ranges_that_somebody_put_into_extra_arguments_go_where_kubeadm_reads_them(families: tuple[str, ...]) -> None:
    plan = plan_of(families)
    held = kubeadm.cluster_configuration(plan)
    held["apiServer"]["extraArgs"] = [
        *({"name": name, "value": "old"} for name in ("service-cluster-ip-range", "advertise-address")),
        {"name": "foreign", "value": "kept"},
    ]
    (document,) = settings(plan, "kube-apiserver", FIRST)["documents"]
    assert extra(yaml.safe_load(edited(document, yaml.safe_dump(held))), "apiServer") == {"foreign": "kept"}


@BOTH
@pytest.mark.parametrize(
    ("minor", "name"), [(23, "kubelet-config-1.23"), (24, "kubelet-config"), (36, "kubelet-config")]
)
def test_the_kubelets_of_all_nodes_are_kept_by_the_first(families: tuple[str, ...], minor: int, name: str) -> None:
    plan = plan_of(families, minor)
    (document,) = settings(plan, "kubelet", FIRST)["documents"]
    assert (document["name"], document["key"]) == (name, "kubelet")
    assert settings(plan, "kubelet", WORKER)["documents"] == []
    text = yaml.safe_dump(kubelet.document(plan["cluster"]))
    assert yaml_text.edit(text, settings(plan, "kubelet", WORKER)["fields"]) == text
    old = text + ("featureGates:\n  IPv6DualStack: true\n" if "featureGates" not in text else "")
    assert yaml.safe_load(yaml_text.edit(old, document["fields"])).get("featureGates", {}) == {}


@BOTH
def test_the_node_is_told_its_addresses_in_order(families: tuple[str, ...]) -> None:
    found = settings(plan_of(families), "kubelet", WORKER)
    assert (
        found["flags"]["node-ip"].split(",")
        == found["addresses"]
        == plan_of(families)["nodes"][WORKER]["kubernetes"]["node_ip"]
    )
    assert len(found["addresses"]) == len(families)


@BOTH
def test_kube_proxy_needs_no_edit_where_kubeadm_made_it_and_none_where_it_is_replaced(
    families: tuple[str, ...],
) -> None:
    plan = plan_of(families)
    text = yaml.safe_dump(proxy.document(plan["cluster"]))
    (document,) = settings(plan, "kube-proxy", FIRST)["documents"]
    assert edited(document, text) == text
    assert settings(plan, "kube-proxy", FIRST)["wanted"] is True
    replaced = plan_of(families, proxy={"mode": "none"}, cni={"plugin": "cilium"})
    assert settings(replaced, "kube-proxy", FIRST)["wanted"] is False


@BOTH
@MINORS
@pytest.mark.parametrize(("component", "path"), [("kube-scheduler", ["scheduler"]), ("etcd", ["etcd", "local"])])
def test_components_of_which_nothing_follows_from_the_plan_are_told_what_is_stated(
    families: tuple[str, ...], minor: int, component: str, path: list[str]
) -> None:
    assert not settings(plan_of(families, minor), component, FIRST)["wanted"]
    plan = plan_of(families, minor, arguments={component: {"x": "2"}})
    found = settings(plan, component, FIRST)
    assert found["wanted"] and found["flags"] == {"x": "2"}
    (document,) = found["documents"]
    data = yaml.safe_load(edited(document, yaml.safe_dump(kubeadm.cluster_configuration(plan_of(families, minor)))))
    for key in path[:-1]:
        data = data[key]
    assert extra(data, path[-1]) == {"x": "2"}


@BOTH
def test_the_certificate_names_what_clients_of_each_family_ask_for(families: tuple[str, ...]) -> None:
    plan = plan_of(families, certificate_names=["api.example.net"], endpoint={"host": "k8s.example.net"})
    found = settings(plan, "kube-apiserver", FIRST)
    own = plan["nodes"][FIRST]["kubernetes"]["node_ip"]
    assert {"api.example.net", "k8s.example.net", *own} <= set(found["names"]) and len(own) == len(families)
    assert found["documents"][0]["names"] == [name for name in found["names"] if name != "k8s.example.net"]
    assert settings(plan, "kube-controller-manager", FIRST)["names"] == []
    units = plan_of(families, certificate_names=["api.example.net"], run_by="systemd")
    assert settings(units, "kube-apiserver", FIRST)["names"] == []


@BOTH
def test_a_control_plane_more_changes_no_certificate_of_the_others(families: tuple[str, ...]) -> None:
    one, two = plan_of(families), plan_of(families)
    two["nodes"][WORKER]["kubernetes"].update(
        control_plane=True, advertise=two["nodes"][WORKER]["kubernetes"]["node_ip"][0]
    )
    before, after = (settings(plan, "kube-apiserver", FIRST) for plan in (one, two))
    assert before["names"] == after["names"] and before["documents"] == after["documents"]
    new = settings(two, "kube-apiserver", WORKER)
    held = yaml.safe_dump(kubeadm.cluster_configuration(one))
    added = yaml.safe_load(edited(new["documents"][0], held))["apiServer"]["certSANs"]
    assert set(added) == set(kubeadm.cluster_configuration(two)["apiServer"]["certSANs"])
    assert set(two["nodes"][WORKER]["kubernetes"]["node_ip"]) <= set(new["names"]) - set(after["names"])


@pytest.mark.parametrize("component", COMPONENTS)
def test_units_of_the_operator_have_no_configmaps(component: str) -> None:
    plan = plan_of(("ipv4", "ipv6"), run_by="systemd")
    assert settings(plan, component, FIRST)["documents"] == []


def test_a_cluster_that_somebody_else_runs_is_refused() -> None:
    with pytest.raises(ValueError, match="its components are not ours"):
        settings(fabric("demo"), "kubelet", "node1")


@BOTH
def test_a_process_with_what_is_told_needs_no_change(families: tuple[str, ...]) -> None:
    found = settings(plan_of(families), "kube-controller-manager", FIRST)
    owned = Owned(found["flags"], found["absent"], found["gates"])
    running = [f"--{name}={value}" for name, value in found["flags"].items()]
    assert not arguments.changes(["--foreign=1", *running], owned)
    assert arguments.changes(["--node-cidr-mask-size=24", *running], owned)
