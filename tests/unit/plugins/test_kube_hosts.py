# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of plays: those of components of which only the operator says something are none without that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.baremetal.dualstack.plugins.filter.kube_clusters import kube_hosts

GOLDEN = Path(__file__).resolve().parents[2] / "golden"


@pytest.fixture
def plan() -> dict[str, Any]:
    """A plan with a cluster that the collection runs."""
    found: dict[str, Any] = yaml.safe_load((GOLDEN / "kubernetes" / "plan.yml").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("component", ["kube-scheduler", "etcd"])
def test_what_is_stated_of_a_component_makes_its_hosts(plan: dict[str, Any], component: str) -> None:
    plan["cluster"]["kubernetes"]["arguments"][component] = {}
    assert kube_hosts(plan, component) == [] != kube_hosts(plan, "control_planes")
    plan["cluster"]["kubernetes"]["arguments"][component] = {"v": "2"}
    assert kube_hosts(plan, component) == kube_hosts(plan, "control_planes")
    assert kube_hosts({}, component) == []


def test_what_is_not_known_is_told(plan: dict[str, Any]) -> None:
    with pytest.raises(AnsibleFilterError, match=r"'scheduler': give nodes, kubeadm, .* or etcd"):
        kube_hosts(plan, "scheduler")
