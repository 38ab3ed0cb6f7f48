# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fabrics for tests: the examples' intents as data, read as Ansible would read their inventories."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from dualstack.plan.build import make

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
GROUPS = {"routers": ("routers",), "nodes": ("kube_control_plane", "kube_node"), "clients": ("clients",)}


def names() -> list[str]:
    """Every example that has an inventory."""
    return sorted(path.parent.name for path in EXAMPLES.glob("*/inventory.yml"))


def with_clients() -> list[str]:
    """The examples in which somebody can prove that a VIP answers."""
    return [name for name in names() if read(name)[1]["clients"]]


def read(name: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """(the variable dualstack, hosts by kind) of an example; a fresh copy."""
    return read_text((EXAMPLES / name / "inventory.yml").read_text(encoding="utf-8"))


def read_text(text: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The same of an inventory in YAML."""
    inventory = yaml.safe_load(text)["all"]
    hosts: dict[str, dict[str, Any]] = {}
    for kind, groups in GROUPS.items():
        hosts[kind] = {}
        for group in groups:
            for host, values in (inventory["children"].get(group, {}).get("hosts") or {}).items():
                facts = (values or {}).get("dualstack_host")
                if facts is not None or group != "kube_control_plane":
                    hosts[kind][host] = facts
    for group in GROUPS["nodes"]:
        hosts[group] = dict.fromkeys(inventory["children"].get(group, {}).get("hosts") or {})
    return copy.deepcopy(inventory["vars"]["dualstack"]), hosts


def plan_of(name: str = "demo", change: Callable[[Any, Any], Any] | None = None) -> dict[str, Any]:
    """The plan of an example after ``change(data, hosts)``; there must be one."""
    data, hosts = read(name)
    if change is not None:
        change(data, hosts)
    plan, findings = make(data, hosts)
    assert plan is not None, findings
    return plan
