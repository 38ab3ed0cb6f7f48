#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the API of a cluster what its evidence needs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_info
short_description: Ask the API of a cluster for its families
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Reads Nodes, Services, ServiceCIDRs, IPAddresses, EndpointSlices, events, the static pods of the control plane and
    the ConfigMaps of kubeadm, kube-proxy and CoreDNS, and asks every API server by itself whether it is ready and
    which families it gives a Service (by C(--dry-run=server), so nothing is kept).
  - An API that does not answer is a result, RV(cluster) with C(error), and no failure. Secrets are neither read nor
    told.
options:
  namespace:
    description: The namespace that M(baremetal.dualstack.proof_pods) made. Empty where it made none.
    type: str
    default: ''
extends_documentation_fragment: [baremetal.dualstack.kubectl]
attributes:
  check_mode:
    description: Asks as it always does; it changes nothing.
    support: full
  diff_mode:
    description: Changes nothing.
    support: N/A
"""

EXAMPLES = r"""
- name: Which families Services of the cluster get
  baremetal.dualstack.cluster_info:
  register: asked
"""

RETURN = r"""
cluster:
  description: What the API says, in the shape of docs/architecture.md.
  returned: always
  type: dict
  sample: {error: '', version: v1.36.3, nodes: {node1: {addresses: [10.0.1.11, '2001:db8:dc:1::11']}}}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils.cluster_view import View
from ansible_collections.baremetal.dualstack.plugins.module_utils.kubectl import ARGUMENTS, Kubectl, KubectlError


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "namespace": {"type": "str", "default": ""},
            **ARGUMENTS,
        },
        supports_check_mode=True,
    )
    view = View(Kubectl(module.params["kubectl"], module.params["kubeconfig"]))
    try:
        found = view.look(module.params["namespace"])
    except KubectlError as problem:
        found = {"error": " ".join(str(problem).split())}
    module.exit_json(changed=False, cluster=found)


if __name__ == "__main__":
    main()
