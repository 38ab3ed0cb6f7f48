# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles of components give to their module: it knows all of it, and nothing that a user set is lost."""

from __future__ import annotations

from typing import Any

import pytest
import templating
import yaml

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.components.settings import settings
from ansible_collections.baremetal.dualstack.plugins.modules.kube_component import ARGUMENTS
from examples import ROOT

MODULE = "baremetal.dualstack.kube_component"
COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubelet")
PLAN = yaml.safe_load((ROOT / "tests" / "golden" / "kubernetes" / "plan.yml").read_text(encoding="utf-8"))


def role_of(component: str) -> str:
    return component.replace("-", "_")


def load(role: str, part: str) -> Any:
    return yaml.safe_load((ROOT / "roles" / role / part / "main.yml").read_text(encoding="utf-8"))


def set_by_users(role: str) -> dict[str, Any]:
    """Values that are no defaults, by the options that have them."""
    given = {name.partition(f"{role}_")[2]: default for name, default in load(role, "defaults").items()}
    del given["node"]
    return {name: 77 if isinstance(default, int) else f"of-{name}" for name, default in given.items()}


@pytest.fixture(scope="module")
def given() -> dict[str, dict[str, Any]]:
    """What the module gets on the control plane, by component: with defaults and (``users_``) with what users set."""
    variables: dict[str, Any] = {"inventory_hostname": "node1", "pool": ["tagged"]}
    expressions: dict[str, str] = {}
    for role in map(role_of, COMPONENTS):
        own = {**load(role, "defaults"), **load(role, "vars"), f"{role}_plan": "{{ the_plan }}"}
        [task] = [each for each in load(role, "tasks") if MODULE in each]
        template = task[MODULE].removeprefix("{{").removesuffix("}}")
        changed = {f"{role}_{name}": value for name, value in set_by_users(role).items()}
        for prefix, values in (("", own), ("users_", {**own, **changed})):
            text = yaml.safe_dump(values, width=10000).replace(f"{role}_", f"{prefix}{role}_")
            variables.update(yaml.safe_load(text))
            expressions[f"{prefix}{role}"] = template.replace(f"{role}_", f"{prefix}{role}_")
    found = templating.evaluate(yaml.safe_dump({**variables, "the_plan": PLAN}), list(expressions.values()))
    assert all(kind != "error" for kind, _value in found), found
    return dict(zip(expressions, (value for _kind, value in found)))


@pytest.mark.parametrize("component", COMPONENTS)
def test_the_module_knows_all_of_it(given: dict[str, dict[str, Any]], component: str) -> None:
    found = given[role_of(component)]
    assert set(found) <= set(ARGUMENTS)
    planned = settings(PLAN, component, "node1")
    if component == "kube-proxy":  # a unit on each host reads no ConfigMap
        planned = {**planned, "documents": []}
    assert {name: found[name] for name in planned} == planned
    assert found["component"] == component and found["unit"] == ""


@pytest.mark.parametrize("component", COMPONENTS)
def test_what_users_set_reaches_the_module(given: dict[str, dict[str, Any]], component: str) -> None:
    role = role_of(component)
    wanted = {name: value for name, value in set_by_users(role).items() if name in ARGUMENTS}
    if component == "kube-proxy":
        del wanted["kubectl"], wanted["kubeconfig"]  # of the other task, which asks the API server
    assert wanted["timeout"] == 77 and wanted["unit"] == "of-unit"
    assert {name: given[f"users_{role}"][name] for name in wanted} == wanted


@pytest.mark.parametrize("component", ["kube-apiserver", "kubelet"])
def test_whose_node_is_looked_at_is_told(given: dict[str, dict[str, Any]], component: str) -> None:
    assert given[role_of(component)]["node"] == "node1"


@pytest.mark.parametrize("component", COMPONENTS)
def test_one_look_into_the_plan_for_all_that_is_told(component: str) -> None:
    """A templated variable is evaluated anew for each reference to it."""
    role = role_of(component)
    for task in load(role, "tasks"):
        if MODULE in task:
            assert str(task).count(f"{role}_settings") == 1
