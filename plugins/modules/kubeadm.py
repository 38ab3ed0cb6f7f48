#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a host into a cluster with kubeadm, or out of it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kubeadm
short_description: Make a cluster, join one, or leave it, with kubeadm
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - A host that is in a cluster is left alone. What an earlier run of this module began and did not finish is cleaned
    with C(kubeadm reset), and done again; nothing else is ever reset without being asked for.
  - kubeadm's preflight comes first, and when it objects nothing was touched.
  - Tokens and keys are in a file of root alone while kubeadm runs, and in no result.
options:
  state:
    description:
      - V(initialised) makes a cluster, V(joined) joins one, V(absent) resets the host.
    type: str
    choices: [initialised, joined, absent]
    required: true
  documents:
    description: What kubeadm is given, as P(baremetal.dualstack.kubeadm_documents#filter) returns it.
    type: list
    elements: dict
    default: []
  ticket:
    description: What M(baremetal.dualstack.kubeadm_ticket) returned on a control plane, for V(joined).
    type: dict
  ignore_preflight:
    description: The checks of kubeadm's preflight whose errors are warnings.
    type: list
    elements: str
    default: []
  whole:
    description: With V(absent), whether the cluster ends on all its hosts. Nobody is then told that one leaves.
    type: bool
    default: false
  token_minutes:
    description: For how long the token that C(kubeadm init) makes is good.
    type: int
    default: 5
attributes:
  check_mode:
    description: Predicts from what the host is; does not run kubeadm.
    support: full
  diff_mode:
    description: Shows what the host was and will be.
    support: full
"""

EXAMPLES = r"""
- name: Make the cluster
  baremetal.dualstack.kubeadm:
    state: initialised
    documents: "{{ dualstack_plan | baremetal.dualstack.kubeadm_documents(inventory_hostname) }}"

- name: Take the host out of its cluster
  baremetal.dualstack.kubeadm:
    state: absent
"""

RETURN = r"""
was:
  description: What the host was.
  returned: success
  type: str
  sample: bare
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils import kube_member, kubeadm
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.components.membership import (
    BARE,
    MEMBER,
    UNFINISHED,
)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["initialised", "joined", "absent"], "required": True},
            "documents": {"type": "list", "elements": "dict", "default": []},
            "ticket": {"type": "dict", "no_log": True},
            "ignore_preflight": {"type": "list", "elements": "str", "default": []},
            "whole": {"type": "bool", "default": False},
            "token_minutes": {"type": "int", "default": 5, "no_log": False},
        },
        required_if=[("state", "joined", ["ticket"])],
        supports_check_mode=True,
    )
    was = kube_member.state()["state"]
    wanted = BARE if module.params["state"] == "absent" else MEMBER
    if was != wanted and not module.check_mode:
        try:
            _act(module, was)
        except kubeadm.KubeadmError as problem:
            module.fail_json(msg=str(problem))
    module.exit_json(changed=was != wanted, was=was, diff={"before": f"{was}\n", "after": f"{wanted}\n"})


def _act(module: AnsibleModule, was: str) -> None:
    given = module.params
    if was == UNFINISHED or given["state"] == "absent":
        for problem in kubeadm.reset(given["whole"]):
            module.warn(problem)
    if given["state"] == "initialised":
        kubeadm.init(given["documents"], given["ignore_preflight"], given["token_minutes"])
    elif given["state"] == "joined":
        kubeadm.join(given["documents"], given["ticket"], given["ignore_preflight"])


if __name__ == "__main__":
    main()
