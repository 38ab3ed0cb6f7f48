#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a control plane for what hosts need to join it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kubeadm_ticket
short_description: Ask a control plane for what hosts need to join its cluster
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Makes a bootstrap token that ends by itself, and puts the certificates of the control plane into the cluster, where
    others are to join as control planes. They are encrypted there, and gone after two hours.
  - The result holds secrets; run it with C(no_log).
options:
  token_minutes:
    description: For how long the token is good.
    type: int
    default: 30
  certificates:
    description: Whether control planes are to join.
    type: bool
    default: false
attributes:
  check_mode:
    description: Asks for nothing, and returns an empty ticket.
    support: full
  diff_mode:
    description: Has nothing to show.
    support: none
"""

EXAMPLES = r"""
- name: Ask for what the others need to join
  baremetal.dualstack.kubeadm_ticket:
  no_log: true
  register: asked
"""

RETURN = r"""
ticket:
  description: What M(baremetal.dualstack.kubeadm) wants to join a host.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils import kubeadm


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "token_minutes": {"type": "int", "default": 30, "no_log": False},
            "certificates": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    if module.check_mode:
        module.exit_json(changed=False, ticket={})
    try:
        ticket = kubeadm.ticket(module.params["token_minutes"], module.params["certificates"])
    except kubeadm.KubeadmError as problem:
        module.fail_json(msg=str(problem))
        return
    module.exit_json(changed=False, ticket=ticket)


if __name__ == "__main__":
    main()
