# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that a plan renders to, as one tree of files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .. import document
from ..findings import Finding
from ..kubernetes import objects
from ..plan import clusters
from ..report import grouping
from ..resources.modes import SPEAKER
from . import bird, eos, frr, resources, sheet, speaker
from .policy.fabric import Fabric

# Platforms that their team configures with our rendering.
OTHERS = {"bird": bird.render, "eos": eos.render}


def tree(plan: Mapping[str, Any], findings: Sequence[Finding] = ()) -> dict[str, Any]:
    """``{relative path: text, or plain data for a .yml file}``, in stable order; no secrets.

    ``plan.yml``; ``fabric.md`` and ``fabric.html``, which show the plan and its findings to people; ``findings.json``;
    ``routers/<router>/frr.conf`` of managed routers, ``bird.conf`` or ``eos.conf`` of these platforms, ``peering.txt``
    of every router and peer; ``nodes/<node>/<file>`` of our speakers;
    ``resources.yml`` of the first cluster, ``clusters/<name>/resources.yml`` of each further one; beside it
    ``kubernetes.yml`` where our daemons announce: what runs them inside the cluster.
    """
    files: dict[str, Any] = {
        "plan.yml": plan,
        "fabric.md": document.markdown(plan, findings),
        "fabric.html": document.html(plan, findings),
        "findings.json": json.dumps(grouping.data(findings), indent=2) + "\n",
    }
    fabric = Fabric(plan)
    for router, facts in plan["routers"].items():
        if facts["managed"]:
            files[f"routers/{router}/frr.conf"] = frr.render(plan, router, fabric)
        if facts["platform"] in OTHERS:
            files[f"routers/{router}/{facts['platform']}.conf"] = OTHERS[facts["platform"]](plan, router, fabric)
        files[f"routers/{router}/peering.txt"] = sheet.render(plan, router, fabric)
    for node, contents in speaker.every(plan):
        for name, content in contents.items():
            files[f"nodes/{node}/{name}"] = content
    for cluster in clusters.every(plan):
        name = cluster["name"]
        folder = "" if name == plan["cluster"]["name"] else f"clusters/{name}/"
        files[f"{folder}resources.yml"] = resources.render(plan, name)
        if cluster["load_balancer"] == SPEAKER:
            files[f"{folder}kubernetes.yml"] = objects.inside(plan, name)
    return files
