#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pod CIDRs of Nodes, once kube-controller-manager has given them all of their families."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_pod_cidrs
short_description: Read the pod CIDRs of a cluster's Nodes
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Asks the API server by kubectl, and waits until every Node of O(nodes) that exists has as many pod CIDRs as there
    are O(families). A Node gets them all at once, some time after it has joined.
  - Names the Nodes that don't exist, which is no failure, and fails with those that have not got theirs. Nodes that
    have some and not all of them, as those of a cluster that had one family, are not waited for.
options:
  nodes:
    description: Names of Nodes.
    type: list
    elements: str
    required: true
  families:
    description: The families of the cluster.
    type: list
    elements: str
    required: true
  wait:
    description: Seconds to wait.
    type: float
    default: 60
  foreseen:
    description: In check mode, pod CIDRs that Nodes are about to get, by Node. What they have is not looked at.
    type: dict
    default: {}
extends_documentation_fragment: [baremetal.dualstack.kubectl]
attributes:
  check_mode:
    description: Reads all the same.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
"""

EXAMPLES = r"""
- name: Read the pod CIDRs
  baremetal.dualstack.node_pod_cidrs:
    nodes: [node1, node2]
    families: [ipv4, ipv6]
  register: found
"""

RETURN = r"""
cidrs:
  description: Pod CIDRs by Node.
  returned: success
  type: dict
  sample: {node1: [10.244.0.0/24, "fd00:10:244::/64"]}
absent:
  description: Those of O(nodes) that the cluster has not.
  returned: success
  type: list
  elements: str
"""

import json
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.components import node_families
from ansible_collections.baremetal.dualstack.plugins.module_utils.kubectl import ARGUMENTS, Kubectl, KubectlError

PAUSE = 0.5


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "nodes": {"type": "list", "elements": "str", "required": True},
            "families": {"type": "list", "elements": "str", "required": True},
            "wait": {"type": "float", "default": 60},
            "foreseen": {"type": "dict", "default": {}},
            **ARGUMENTS,
        },
        supports_check_mode=True,
    )
    kubectl = Kubectl(module.params["kubectl"], module.params["kubeconfig"])
    wanted, count = module.params["nodes"], len(module.params["families"])
    foreseen = module.params["foreseen"] if module.check_mode else {}
    end = time.monotonic() + float(module.params["wait"])
    while True:
        try:
            items = json.loads(kubectl.run("get", "nodes", "--output=json"))["items"]
        except KubectlError as error:
            module.fail_json(msg=str(error))
        cidrs = {**{item["metadata"]["name"]: node_families.pod_cidrs(item) for item in items}, **foreseen}
        here = {name: cidrs[name] for name in wanted if name in cidrs}
        lacking = [name for name, has in here.items() if len(has) < count]
        if not lacking:
            module.exit_json(changed=False, cidrs=here, absent=[name for name in wanted if name not in cidrs])
        partly = [f"{name} ({', '.join(here[name])})" for name in lacking if here[name]]
        if partly:
            module.fail_json(
                msg=f"these Nodes have pod CIDRs, but not one of each family: {'; '.join(partly)}. They were there "
                "before the cluster had its second family, and no Node gets a second one by itself: run the playbook "
                "cluster_convert, which gives them theirs (docs/clusters.md)"
            )
        if time.monotonic() >= end:
            module.fail_json(
                msg=f"these Nodes have no pod CIDR of each family yet: {', '.join(lacking)}. Look for events "
                "CIDRNotAvailable (a pod CIDR of the cluster is used up) and whether kube-controller-manager runs "
                "with --allocate-node-cidrs"
            )
        time.sleep(PAUSE)


if __name__ == "__main__":
    main()
