#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge what was observed of a fabric against its plan, and keep the evidence under the artifacts folder."""

from __future__ import annotations

DOCUMENTATION = r"""
module: evidence
short_description: Prove for every VIP and family that it works from its pool to a client's answer
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Judges, for every VIP and family of the plan, a chain of links, each with its raw proof. The first red link is the
    break; links behind it are not reached.
  - The chain of a BGP VIP is allocated, announced, bgp table, fib, answers, served; that of a layer-2 VIP is allocated,
    announced, neighbour, answers, served.
  - Where the cluster itself was asked, there are rows about it beside the chains, one for each thing, node and family.
    Each is green, red, not reached (what it needs is red) or not asked, and then does not count.
  - Writes C(evidence.json) and C(evidence.html) below O(artifacts). Evidence is a report, not a change of the fabric,
    so the module never reports a change.
  - Runs on the controller and touches no other host. It does not fail when something is red; see RV(green).
options:
  plan:
    description: The plan, as P(baremetal.dualstack.plan#module) makes it.
    type: dict
    required: true
  results:
    description: What was gathered, as the filter P(baremetal.dualstack.evidence_results#filter) returns it.
    type: dict
    required: true
  vips:
    description: Whether VIPs were asked. Without them only the rows of the cluster are judged.
    type: bool
    default: true
  artifacts:
    description: Folder for C(<cluster>/evidence.json) and C(<cluster>/evidence.html). Without it nothing is written.
    type: path
  brief:
    description: Show the summary only, unless all is green.
    type: bool
    default: false
attributes:
  check_mode:
    description: Judges, and writes nothing.
    support: full
  diff_mode:
    description: A report has no diff.
    support: N/A
"""

EXAMPLES = r"""
- name: Judge what was gathered
  baremetal.dualstack.evidence:
    plan: "{{ dualstack_plan }}"
    results: "{{ dualstack_plan | baremetal.dualstack.evidence_results(hostvars) }}"
    artifacts: artifacts
  delegate_to: localhost
  run_once: true
  register: judged
"""

RETURN = r"""
green:
  description: Whether every VIP is green in every family, and every row of the cluster that was asked.
  returned: success
  type: bool
summary:
  description: Number of chains and rows that are C(green), and C(total).
  returned: success
  type: dict
  sample: {green: 11, total: 12}
breaks:
  description: Every cause of a break once, with the VIPs or nodes that it broke, the link or row, what was expected and
    what seen.
  returned: success
  type: list
  elements: str
table:
  description: Lines for the terminal; the last one is the summary.
  returned: success
  type: list
  elements: str
files:
  description: Files written, with O(artifacts) as their beginning.
  returned: success
  type: list
  elements: str
brief:
  description: Whether it was to be brief.
  returned: success
  type: bool
"""

import json
import os
from datetime import datetime, timezone
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.components import proof
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.evidence import (
    breaks,
    collect,
    judge,
    page,
    table,
)
from ansible_collections.baremetal.dualstack.plugins.module_utils.file_tree import FileTree

JSON = "evidence.json"
HTML = "evidence.html"


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "plan": {"type": "dict", "required": True},
            "results": {"type": "dict", "required": True},
            "vips": {"type": "bool", "default": True},
            "artifacts": {"type": "path"},
            "brief": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    plan = module.params["plan"]
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    seen = collect(module.params["results"])
    rows = proof.judge(plan, seen) if "kubernetes" in seen else []
    result = judge(plan, seen, now, rows, module.params["vips"])
    module.exit_json(
        changed=False,
        green=result["summary"]["green"] == result["summary"]["total"],
        summary=result["summary"],
        breaks=breaks(result),
        table=table(result),
        files=_write(module, plan, result) if module.params["artifacts"] else [],
        brief=module.params["brief"],
    )


def _write(module: AnsibleModule, plan: dict[str, Any], result: dict[str, Any]) -> list[str]:
    folder = os.path.join(module.params["artifacts"], plan["cluster"]["name"])
    wanted = {JSON: json.dumps(result, indent=1, ensure_ascii=False) + "\n", HTML: page(plan, result)}
    if not module.check_mode:
        files = FileTree(folder, (JSON, HTML))
        files.apply(files.compare(wanted))
    return [os.path.join(folder, name) for name in wanted]


if __name__ == "__main__":
    main()
