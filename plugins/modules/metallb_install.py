#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install MetalLB from its manifests, and wait until it works."""

from __future__ import annotations

DOCUMENTATION = r"""
module: metallb_install
short_description: Install MetalLB from its manifests, and wait until it works
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Applies the manifests by server-side apply, with the field manager C(baremetal.dualstack). What MetalLB itself
    writes into them (certificates of its webhook) stays.
  - What an earlier run applied and the manifests hold no more, such as the FRR of another backend, is deleted;
    namespaces and definitions never are.
  - Then waits until all pods of its Deployments and DaemonSets are ready and the webhook answers.
  - Runs on a host that has kubectl and the kubeconfig of an administrator. No Python library is needed.
options:
  mode:
    description: The BGP backend that the plan has.
    type: str
    choices: [metallb-native, metallb-frr, metallb-frr-k8s]
    required: true
  cluster:
    description: The cluster of the plan.
    type: str
    required: true
  objects:
    description:
      - The manifests, as P(baremetal.dualstack.metallb_objects#filter) returns them.
      - Without them nothing is installed, and everything in the namespace is waited for.
    type: list
    elements: dict
    default: []
  namespace:
    description: The namespace of MetalLB.
    type: str
    default: metallb-system
  timeout:
    description: For how many seconds is waited. With V(0), nothing is.
    type: int
    default: 300
extends_documentation_fragment: [baremetal.dualstack.kubectl]
attributes:
  check_mode:
    description: The API server does everything but store it, and nothing is waited for.
    support: full
  diff_mode:
    description: Shows every object but the content of Secrets.
    support: full
seealso:
  - plugin: baremetal.dualstack.metallb_objects
    plugin_type: filter
  - module: baremetal.dualstack.cluster_resources
"""

EXAMPLES = r"""
- name: Install MetalLB
  baremetal.dualstack.metallb_install:
    mode: "{{ dualstack_plan.cluster.load_balancer }}"
    cluster: "{{ dualstack_plan.cluster.name }}"
    objects: "{{ dualstack_plan | baremetal.dualstack.metallb_objects(manifests) }}"
  vars:
    manifests: "{{ lookup('ansible.builtin.file', 'metallb-native.yaml', rstrip=false) }}"

- name: Wait for a MetalLB that Helm installs
  baremetal.dualstack.metallb_install:
    mode: metallb-frr-k8s
    cluster: demo
"""

RETURN = r"""
changes:
  description: What was created, changed and deleted.
  returned: success
  type: dict
  sample: {created: [Deployment metallb-system/controller], changed: [], deleted: []}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils.cluster import converge, told
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.kubernetes import metallb
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.resources.modes import METALLB
from ansible_collections.baremetal.dualstack.plugins.module_utils.kubectl import ARGUMENTS, Kubectl, KubectlError
from ansible_collections.baremetal.dualstack.plugins.module_utils.metallb_ready import NotReady, wait


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "mode": {"type": "str", "choices": list(METALLB), "required": True},
            "cluster": {"type": "str", "required": True},
            "objects": {"type": "list", "elements": "dict", "default": []},
            "namespace": {"type": "str", "default": "metallb-system"},
            "timeout": {"type": "int", "default": 300},
            **ARGUMENTS,
        },
        supports_check_mode=True,
    )
    given = module.params
    kubectl = Kubectl(given["kubectl"], given["kubeconfig"])
    names = [(item["kind"], item["metadata"]["name"]) for item in given["objects"] if item["kind"] in metallb.WORKLOADS]
    try:
        found = []
        if given["objects"]:
            found = converge(kubectl, given["objects"], metallb.label(given["cluster"]), module.check_mode)
        if given["timeout"] and not module.check_mode:
            wait(kubectl, given["namespace"], given["mode"], names, given["timeout"])
    except KubectlError as problem:
        module.fail_json(msg=f"the cluster refuses: {problem}")
        return
    except NotReady as problem:
        module.fail_json(msg=str(problem))
        return
    module.exit_json(changed=bool(found), changes=told(found), diff=[change.diff() for change in found])


if __name__ == "__main__":
    main()
