# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Importing a few objects beside two nodes, for tests."""

from __future__ import annotations

from typing import Any

from manifests import Object, layer2, node, pool

from dualstack.findings import ERROR, Finding
from dualstack.importing import Imported, intent_of
from dualstack.resources import modes

K8S = modes.FRR_K8S
NODES = [node("node1", "10.0.1.11", "fd10:1::11", rack="r1"), node("node2", "10.0.1.12", "fd10:1::12", rack="r2")]
POOL = pool("web", "172.16.0.0/24", "fd00::/112")
EVERYWHERE = layer2("everywhere")
FLAGS = ["--service-cluster-ip-range=fd00:10:96::/112,10.96.0.0/16", "--cluster-cidr=fd00:10:244::/56,10.244.0.0/16"]
DUAL = {"ipFamilyPolicy": "RequireDualStack", "ipFamilies": ["IPv4", "IPv6"], "ports": [{"port": 80}]}


def imported(*objects: Object, mode: str = K8S, nodes: list[Object] | None = None, **options: Any) -> Imported:
    return intent_of([*(NODES if nodes is None else nodes), *objects], mode, **options)


def data(*objects: Object, **options: Any) -> dict[str, Any]:
    """The intent of objects in which nothing is wrong."""
    found = imported(*objects, **options)
    assert [str(finding) for finding in found.findings if finding.severity == ERROR] == []
    return found.data


def told(found: Imported, rule: str, severity: str | None = None) -> list[Finding]:
    return [finding for finding in found.findings if finding.id == rule and severity in (None, finding.severity)]


def refused(found: Imported) -> dict[str, str]:
    """Rule → place of each error."""
    return {finding.id: finding.path for finding in found.findings if finding.severity == ERROR}
