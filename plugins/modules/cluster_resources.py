#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a Kubernetes cluster to what a plan wants of it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_resources
short_description: Bring a Kubernetes cluster to what a plan wants of it
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Applies the namespace, the definitions of metallb.io, the rights of our processes and the resources of a plan, by
    server-side apply, with the field manager C(baremetal.dualstack).
  - The API server judges everything first, and nothing is changed when it objects. Fields of our kinds that are not
    stated get their default, whoever set them before.
  - What carries the label C(baremetal.dualstack/plan) with the plan's name and is not wanted any more is deleted.
    Nothing else ever is; neither are namespaces nor definitions.
  - Runs on a host that has kubectl and the kubeconfig of an administrator. No Python library is needed.
options:
  objects:
    description: The objects, as P(baremetal.dualstack.cluster_objects#filter) returns them.
    type: list
    elements: dict
    required: true
  plan:
    description: The name by which the objects of this plan are known, usually that of the cluster in the plan.
    type: str
    required: true
  secrets:
    description: Passwords by name. Written as Secrets of the type C(kubernetes.io/basic-auth), never shown.
    type: dict
    default: {}
  heartbeat_key:
    description:
      - The key that signs heartbeats between nodes, 64 hexadecimal digits, for the Secret C(dualstack-heartbeat).
      - Without it, an existing one stays, and a missing one is made.
    type: str
  namespace:
    description: The namespace of the Secrets.
    type: str
    default: metallb-system
  heartbeats:
    description: Whether nodes send heartbeats, so that there must be a key. Not where MetalLB is the load balancer.
    type: bool
    default: true
  patience:
    description: Seconds for which a webhook that does not answer is asked again, as MetalLB's does not while it starts.
    type: int
    default: 0
extends_documentation_fragment: [baremetal.dualstack.kubectl]
attributes:
  check_mode:
    description:
      - The API server does everything but store it. On a cluster without the definitions or the namespace, what needs
        them is foreseen without it.
    support: full
  diff_mode:
    description: Shows every object but the content of Secrets.
    support: full
"""

EXAMPLES = r"""
- name: Bring the cluster to the plan
  baremetal.dualstack.cluster_resources:
    objects: "{{ dualstack_plan | baremetal.dualstack.cluster_objects }}"
    plan: "{{ dualstack_plan.cluster.name }}"
    secrets: {bgp-auth: "{{ vaulted_password }}"}
"""

RETURN = r"""
changes:
  description: What was created, changed and deleted.
  returned: success
  type: dict
  sample: {created: [IPAddressPool metallb-system/production], changed: [], deleted: []}
"""

from secrets import token_hex

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils.cluster import converge, patiently, told
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.kubernetes import secrets
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.kubernetes.applying import Object
from ansible_collections.baremetal.dualstack.plugins.module_utils.kubectl import ARGUMENTS, Kubectl, KubectlError


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "objects": {"type": "list", "elements": "dict", "required": True},
            "plan": {"type": "str", "required": True},
            "secrets": {"type": "dict", "default": {}, "no_log": True},
            "heartbeat_key": {"type": "str", "no_log": True},
            "namespace": {"type": "str", "default": "metallb-system"},
            "heartbeats": {"type": "bool", "default": True},
            "patience": {"type": "int", "default": 0},
            **ARGUMENTS,
        },
        supports_check_mode=True,
    )
    given = module.params
    kubectl = Kubectl(given["kubectl"], given["kubeconfig"])
    passwords = [
        secrets.of_session(name, str(value), given["namespace"], given["plan"])
        for name, value in sorted(given["secrets"].items())
    ]
    try:
        wanted = [*given["objects"], *passwords, *_heartbeat(module, kubectl)]
        found = patiently(lambda: converge(kubectl, wanted, given["plan"], module.check_mode), given["patience"])
    except KubectlError as problem:
        module.fail_json(msg=f"the cluster refuses: {problem}")
        return
    module.exit_json(changed=bool(found), changes=told(found), diff=[change.diff() for change in found])


def _heartbeat(module: AnsibleModule, kubectl: Kubectl) -> list[Object]:
    """The Secret of the key: the one given, or one that is made because there is none."""
    if not module.params["heartbeats"]:
        return []
    key, namespace = module.params["heartbeat_key"], module.params["namespace"]
    secret = secrets.of_heartbeats(key or token_hex(32), namespace)
    return [secret] if key or not kubectl.existing([secret]) else []


if __name__ == "__main__":
    main()
