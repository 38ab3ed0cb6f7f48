#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait until the nodes of a plan are registered, and give them their labels and taints."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kube_nodes
short_description: Wait until nodes are registered, and give them their labels and taints
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Waits for the API server, and for the Nodes of O(expected). Being ready is more, and needs the pod network.
  - Labels that an earlier run set and that are not wanted any more are removed; those of others stay. Of taints, only
    that of control planes is ours, and those of the plan.
  - The label by which kubeadm keeps load balancers away from control planes goes where the plan announces from one.
options:
  nodes:
    description: By name, what the Nodes shall have, as P(baremetal.dualstack.kube_nodes#filter) returns it.
    type: dict
    required: true
  expected:
    description: The nodes that are waited for. The others of O(nodes) are treated alike when they are there.
    type: list
    elements: str
    default: []
  forget:
    description: Nodes to delete first, of hosts whose join was cut. Not an error when they are not there.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds to wait, for the API server and then for the Nodes.
    type: int
    default: 180
extends_documentation_fragment: [baremetal.dualstack.kubectl]
attributes:
  check_mode:
    description: Predicts the labels and taints; does not wait.
    support: full
  diff_mode:
    description: Shows the labels and taints of a Node before and after.
    support: full
"""

EXAMPLES = r"""
- name: Wait for all nodes, and label them
  baremetal.dualstack.kube_nodes:
    nodes: "{{ dualstack_plan | baremetal.dualstack.kube_nodes }}"
    expected: [node1, node2]
"""

RETURN = r"""
registered:
  description: The names of all Nodes.
  returned: success
  type: list
  elements: str
ready:
  description: The names of those that are ready.
  returned: success
  type: list
  elements: str
"""

import json
import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.components import nodes
from ansible_collections.baremetal.dualstack.plugins.module_utils.kubectl import ARGUMENTS, Kubectl, KubectlError


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "nodes": {"type": "dict", "required": True},
            "expected": {"type": "list", "elements": "str", "default": []},
            "forget": {"type": "list", "elements": "str", "default": []},
            "timeout": {"type": "int", "default": 180},
            **ARGUMENTS,
        },
        supports_check_mode=True,
    )
    given = module.params
    kubectl = Kubectl(given["kubectl"], given["kubeconfig"])
    try:
        found = _nodes(kubectl, given["timeout"])
        forgotten = [each for each in found if each["metadata"]["name"] in given["forget"]]
        if not module.check_mode:
            kubectl.delete(forgotten)
            found = _await(kubectl, [each for each in found if each not in forgotten], given)
        changes = _changes(found, given["nodes"])
        if not module.check_mode:
            for change in changes:
                _apply(kubectl, change)
    except KubectlError as problem:
        module.fail_json(msg=str(problem))
        return
    names = [str(each["metadata"]["name"]) for each in found]
    module.exit_json(
        changed=bool(forgotten or changes),
        registered=names,
        ready=[name for name, each in zip(names, found) if _is_ready(each)],
        diff=[{"before": each.before, "after": each.after} for each in changes],
    )


def _nodes(kubectl: Kubectl, seconds: float) -> list[dict[str, Any]]:
    """All Nodes, as soon as the API server says them. Raises KubectlError, with its last word."""
    limit = time.monotonic() + seconds
    while True:
        try:
            answer = kubectl.run("get", "nodes", "--output=json", "--show-managed-fields", "--request-timeout=10s")
            return list(json.loads(answer)["items"])
        except KubectlError as problem:
            if time.monotonic() > limit:
                raise KubectlError(f"the API server does not answer for {seconds} s: {problem}") from None
        time.sleep(1)


def _await(kubectl: Kubectl, found: list[dict[str, Any]], given: dict[str, Any]) -> list[dict[str, Any]]:
    limit = time.monotonic() + given["timeout"]
    while True:
        names = {each["metadata"]["name"] for each in found}
        lacking = [name for name in given["expected"] if name not in names]
        if not lacking:
            return found
        if time.monotonic() > limit:
            raise KubectlError(
                f"{', '.join(lacking)} did not register within {given['timeout']} s: see journalctl --unit kubelet. If "
                "its Node was deleted by hand, reset the host with the playbook node_remove, and run site again"
            )
        time.sleep(1)
        found = _nodes(kubectl, given["timeout"])


def _changes(found: list[dict[str, Any]], wanted: dict[str, Any]) -> list[nodes.NodeChange]:
    there = {each["metadata"]["name"]: each for each in found}
    changes = [nodes.change(there[name], nodes.Wanted(**wish)) for name, wish in wanted.items() if name in there]
    return [each for each in changes if each is not None]


def _apply(kubectl: Kubectl, change: nodes.NodeChange) -> None:
    if change.applied is not None:
        manager = f"--field-manager={nodes.MANAGER}"
        words = ["apply", "--server-side", "--force-conflicts", manager, "--filename=-"]
        kubectl.run(*words, given=json.dumps(change.applied))
    if change.patch is not None:
        kubectl.run("patch", "node", change.name, "--type=merge", f"--patch={json.dumps(change.patch)}")


def _is_ready(node: dict[str, Any]) -> bool:
    return any(each["type"] == "Ready" and each["status"] == "True" for each in node["status"].get("conditions", []))


if __name__ == "__main__":
    main()
