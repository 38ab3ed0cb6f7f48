#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the plan of an intent and keep it with its renderings under the artifacts folder."""

from __future__ import annotations

DOCUMENTATION = r"""
module: plan
short_description: Make the plan of a dual-stack fabric from its intent
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Validates the intent, makes every decision (addresses, pools, peers, prefixes), checks the whole and writes the plan
    with all its renderings below O(artifacts).
  - Reports all findings at once, each with its place in the intent, the reason and the fix. Fails when one is an error;
    C(refused.html) and C(refused.json) then hold them beside the last good plan, which stays.
  - Touches no host and needs no privileges.
options:
  intent:
    description: The intent, usually the variable C(dualstack).
    type: dict
    required: true
  hosts:
    description: Facts of the hosts as the filter P(baremetal.dualstack.intent_hosts#filter) gathers them.
    type: dict
    required: true
  artifacts:
    description:
      - Folder for C(<cluster>/plan.yml), the renderings, and the fabric document for people (C(fabric.md),
        C(fabric.html)) and C(findings.json). Files of routers and nodes that are gone are removed.
      - Without it nothing is written.
    type: path
requirements:
  - PyYAML, when O(artifacts) is given
attributes:
  check_mode:
    description: Predicts the change and writes nothing.
    support: full
  diff_mode:
    description: Shows the change of every file.
    support: full
"""

EXAMPLES = r"""
- name: Make the plan
  baremetal.dualstack.plan:
    intent: "{{ dualstack }}"
    hosts: "{{ groups | baremetal.dualstack.intent_hosts(hostvars) }}"
    artifacts: artifacts
  register: result
"""

RETURN = r"""
plan:
  description: The plan, as docs/architecture.md describes it. Holds no secrets.
  returned: success
  type: dict
msg:
  description: All findings as a table of at most 120 columns, the heaviest first, silenced ones with the reason last.
  returned: always
  type: str
findings:
  description:
    - All findings, each with id, severity, path, value, reason and fix.
    - C(silenced) is the reason why the intent says that a finding does not matter, or empty.
  returned: always
  type: list
  elements: dict
files:
  description: Files that were written or removed, relative to the cluster's artifacts folder.
  returned: success
  type: list
  elements: str
"""

import json
import re
import traceback
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.findings import Finding
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.intent.words import NAME
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.plan.build import make
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.render.tree import tree
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.report.grouping import data, summary
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.report.html import refusal
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.report.table import table
from ansible_collections.baremetal.dualstack.plugins.module_utils.file_tree import FileTree

try:
    import yaml

    YAML_ERROR = None
except ImportError:
    YAML_ERROR = traceback.format_exc()

REFUSED = ("refused.html", "refused.json")
OWNED = (
    *REFUSED,
    "plan.yml",
    "fabric.md",
    "fabric.html",
    "findings.json",
    "resources.yml",
    "kubernetes.yml",
    "routers",
    "nodes",
    "clusters",
)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "intent": {"type": "dict", "required": True},
            "hosts": {"type": "dict", "required": True},
            "artifacts": {"type": "path"},
        },
        supports_check_mode=True,
    )
    plan, findings = make(module.params["intent"], module.params["hosts"])
    reported = [finding.as_dict() for finding in findings]
    if plan is None:
        msg = f"nothing is planned, the intent has {summary(findings)}:\n\n{table(findings)}"
        _refuse(module, findings)
        module.fail_json(msg=msg, findings=reported)
        return
    if any(not finding.silenced for finding in findings):
        module.warn(f"the intent has {summary(findings)}: they stand in `msg`, and in findings.json beside the plan")
    result: dict[str, Any] = {
        "changed": False,
        "plan": plan,
        "findings": reported,
        "files": [],
        "msg": table(findings) or "there are no findings",
    }
    if module.params["artifacts"]:
        result.update(_keep(module, plan, findings))
    module.exit_json(**result)


def _refuse(module: AnsibleModule, findings: list[Finding]) -> None:
    """Leave the findings beside the last good plan, whose files stay as they are; the next good plan removes them."""
    cluster = module.params["intent"].get("cluster")
    name = cluster.get("name") if isinstance(cluster, dict) else None
    if not module.params["artifacts"] or not isinstance(name, str) or not re.fullmatch(NAME.pattern, name):
        return
    files = FileTree(f"{module.params['artifacts']}/{name}", REFUSED)
    wanted = {"refused.html": refusal(name, findings), "refused.json": json.dumps(data(findings), indent=2) + "\n"}
    if not module.check_mode:
        files.apply(files.compare(wanted))


def _keep(module: AnsibleModule, plan: dict[str, Any], findings: list[Finding]) -> dict[str, Any]:
    if YAML_ERROR is not None:
        module.fail_json(msg=missing_required_lib("PyYAML"), exception=YAML_ERROR)
    files = FileTree(f"{module.params['artifacts']}/{plan['cluster']['name']}", OWNED)
    wanted = {
        path: content if isinstance(content, str) else _yaml(path, content)
        for path, content in tree(plan, findings).items()
    }
    changes = files.compare(wanted)
    if not module.check_mode:
        files.apply(changes)
    return {
        "changed": bool(changes),
        "files": [change.path for change in changes],
        "diff": [change.diff() for change in changes],
    }


def _yaml(path: str, content: Any) -> str:
    options: dict[str, Any] = {"sort_keys": False, "width": 120, "default_flow_style": None}
    text: str
    if isinstance(content, list):
        options["default_flow_style"] = False
        text = yaml.safe_dump_all(content, **options)
        return "# Rendered from plan.yml; edit the intent, not this file.\n" + text
    text = yaml.safe_dump(content, **options)
    return "# The plan: made from the intent; edit that, not this file.\n" + text


if __name__ == "__main__":
    main()
