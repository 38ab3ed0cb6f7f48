#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell what of a dual-stack cluster still has one family, and start workloads anew whose pods have."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kube_one_family
short_description: Tell which Nodes, pods and Services of a cluster still have one family
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - A pod keeps the addresses that it was made with, and a Service the families that it was made with. So after a
    cluster got its second family, both go on with one until somebody makes them anew or changes them. This names them,
    each with the command that gives it both.
  - The Service C(default/kubernetes) is never named. It has one family in every cluster.
options:
  families:
    description: The families of the cluster, in its order.
    type: list
    elements: str
    choices: [ipv4, ipv6]
    required: true
  restart:
    description:
      - Namespaces whose Deployments, StatefulSets and DaemonSets are started anew where pods of theirs have one family.
        V(*) stands for all namespaces.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds to wait until the new pods of a workload are ready.
    type: int
    default: 180
extends_documentation_fragment: [baremetal.dualstack.kubectl]
attributes:
  check_mode:
    description: Names what would be started anew.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
"""

EXAMPLES = r"""
- name: See what still has one family
  baremetal.dualstack.kube_one_family:
    families: [ipv4, ipv6]
  register: left

- name: Start anew what belongs to the shop
  baremetal.dualstack.kube_one_family:
    families: [ipv4, ipv6]
    restart: [shop]
"""

RETURN = r"""
nodes:
  description: Nodes that have some pod CIDRs and not one of each family.
  returned: success
  type: list
  elements: str
workloads:
  description:
    - What pods of one family belong to, with C(namespace), C(kind), C(name), C(pods) and C(fix). Not what was started
      anew.
  returned: success
  type: list
  elements: dict
services:
  description: Services of one family, with C(namespace), C(name), C(policy), C(families) and C(fix).
  returned: success
  type: list
  elements: dict
restarted:
  description: What was started anew, or would be.
  returned: success
  type: list
  elements: str
  sample: [shop/deployment/web]
told:
  description: The same in lines for people.
  returned: success
  type: list
  elements: str
"""

import json
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.components import leftovers, node_families
from ansible_collections.baremetal.dualstack.plugins.module_utils.kube_rollout import nodes
from ansible_collections.baremetal.dualstack.plugins.module_utils.kubectl import ARGUMENTS, Kubectl, KubectlError

EVERY = "*"


def main() -> None:
    """Entry point."""
    families = {"type": "list", "elements": "str", "choices": ["ipv4", "ipv6"], "required": True}
    module = AnsibleModule(
        argument_spec={
            "families": families,
            "restart": {"type": "list", "elements": "str", "default": []},
            "timeout": {"type": "int", "default": 180},
            **ARGUMENTS,
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(**_look(module, Kubectl(module.params["kubectl"], module.params["kubeconfig"])))
    except KubectlError as problem:
        module.fail_json(msg=str(problem))


def _look(module: AnsibleModule, kubectl: Kubectl) -> dict[str, Any]:
    given, families = module.params, module.params["families"]
    words = ("get", "pods,replicasets,services", "--all-namespaces", "--output=json")
    objects = json.loads(kubectl.run(*words))["items"]
    held = [(each["metadata"]["name"], node_families.pod_cidrs(each)) for each in nodes(kubectl)]
    lacking = [str(name) for name, cidrs in held if 0 < len(cidrs) < len(families)]
    found = leftovers.workloads(objects, families)
    lone = leftovers.services(objects, families)
    stale = [each for each in found if each.restarts and {EVERY, each.namespace} & set(given["restart"])]
    if not module.check_mode:
        for each in stale:
            _restart(kubectl, each, given["timeout"])
    left = [each for each in found if each not in stale]
    return {
        "changed": bool(stale),
        "nodes": lacking,
        "workloads": [{**each._asdict(), "fix": each.fix} for each in left],
        "services": [dict(each._asdict()) for each in lone],
        "restarted": [f"{each.namespace}/{each.kind.lower()}/{each.name}" for each in stale],
        "told": leftovers.told(lacking, left, lone),
    }


def _restart(kubectl: Kubectl, workload: leftovers.Workload, seconds: int) -> None:
    at, what = f"--namespace={workload.namespace}", f"{workload.kind.lower()}/{workload.name}"
    kubectl.run("rollout", "restart", what, at)
    kubectl.run("rollout", "status", what, at, f"--timeout={seconds}s")


if __name__ == "__main__":
    main()
