#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make or take away what the evidence of a cluster needs in it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: proof_pods
short_description: Make or take away the pods by which a cluster is proven
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Makes a namespace with a pod of the pause image on each node, a Service of the type NodePort with all families of
    the cluster, and, where somebody enforces NetworkPolicies, guarded pods with policies of one family each. No other
    image is needed.
  - Waits until the pods run. Pods that do not are a finding of the evidence, no failure of the module.
  - With O(state=absent) the namespace goes, and all that is in it. Pods end by themselves after 15 minutes, and a
    namespace that an earlier run left goes before a new one is made.
  - Makes and removes for the time of a run what nobody else knows of, so it never reports a change.
options:
  state:
    description: Whether it is made or taken away.
    type: str
    choices: [present, absent]
    default: present
  nodes:
    description: Nodes on which a pod is put. What is no Node in the cluster is left out.
    type: list
    elements: str
    default: []
  families:
    description: The families of the cluster, C(ipv4) and C(ipv6).
    type: list
    elements: str
    default: []
  image:
    description: The pause image. By default each node's own, as the Node tells of it.
    type: str
    default: ''
  image_repository:
    description: Where images of Kubernetes are taken from; of several pause images the one from there is taken.
    type: str
    default: ''
  wait:
    description: Seconds to wait until all pods run.
    type: float
    default: 60
  namespace:
    description: The namespace to take away.
    type: str
    default: ''
extends_documentation_fragment: [baremetal.dualstack.kubectl]
attributes:
  check_mode:
    description: Makes nothing; what needs the pods is then not asked.
    support: full
  diff_mode:
    description: There is no diff.
    support: N/A
"""

EXAMPLES = r"""
- name: Put a pod on each node
  baremetal.dualstack.proof_pods:
    nodes: [node1, node2]
    families: [ipv4, ipv6]
  register: made

- name: Take them away
  baremetal.dualstack.proof_pods:
    state: absent
    namespace: "{{ made.namespace }}"
"""

RETURN = r"""
namespace:
  description: The namespace that was made, empty when none was.
  returned: success
  type: str
why:
  description: Why none was made.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils.cluster_stand import Stand
from ansible_collections.baremetal.dualstack.plugins.module_utils.kubectl import ARGUMENTS, Kubectl, KubectlError


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "nodes": {"type": "list", "elements": "str", "default": []},
            "families": {"type": "list", "elements": "str", "default": []},
            "image": {"type": "str", "default": ""},
            "image_repository": {"type": "str", "default": ""},
            "wait": {"type": "float", "default": 60},
            "namespace": {"type": "str", "default": ""},
            **ARGUMENTS,
        },
        supports_check_mode=True,
    )
    given = module.params
    if module.check_mode:
        module.exit_json(changed=False, namespace="", why="check mode makes no pods")
    stand = Stand(Kubectl(given["kubectl"], given["kubeconfig"]))
    try:
        if given["state"] == "absent":
            if given["namespace"]:
                stand.remove(given["namespace"])
            module.exit_json(changed=False, namespace="", why="")
        words = (given["nodes"], given["families"], given["image"], given["image_repository"])
        module.exit_json(changed=False, **stand.make(*words, seconds=given["wait"]))
    except KubectlError as problem:
        module.fail_json(msg=f"the cluster refuses: {problem}")


if __name__ == "__main__":
    main()
