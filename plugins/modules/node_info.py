#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a node what the evidence of its cluster needs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_info
short_description: Ask a node for its settings, routes and components of Kubernetes
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Reads the kernel's settings of both families, the default routes with what is left of their lifetime, the flags of
    the running components, and which addresses of the cluster's DNS the kubelet gives pods; asks kube-proxy for its
    mode, and looks for its rules in each family and for the ports of Services in them.
  - Lists rules with the programs of the host, or else with those beside kube-proxy in its container.
  - Changes nothing. Values of flags that are about anything else than addresses are told as a short digest, which
    compares and can't be read.
attributes:
  check_mode:
    description: Asks as it always does; it changes nothing.
    support: full
  diff_mode:
    description: Changes nothing.
    support: N/A
"""

EXAMPLES = r"""
- name: What the node does for both families
  baremetal.dualstack.node_info:
  register: asked
"""

RETURN = r"""
node:
  description: What the node says, in the shape of docs/architecture.md.
  returned: success
  type: dict
  sample: {sysctls: {net.ipv4.ip_forward: '1'}, proxy: {mode: nftables}}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils.node_view import NodeView


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    module.exit_json(changed=False, node=NodeView().look())


if __name__ == "__main__":
    main()
