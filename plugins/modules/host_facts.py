#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host says of itself before it becomes a node: one quick call, which changes nothing."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_facts
short_description: Read what a host must have to be a node
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Reads addresses, default routes with the time they have left, settings and modules of the kernel, swap, cgroups,
    free disk, programs, ports in use, the policy of firewalls, whether the host is in a cluster, to what it
    resolves the name of the O(endpoint), and which pod and service CIDRs the files of its O(components) state, whether
    these run or not.
  - P(baremetal.dualstack.host_findings#filter) judges it.
options:
  asked_at:
    description: Seconds since the epoch on the host that runs Ansible, to know how far the clock is off.
    type: float
  modules:
    description: Modules of the kernel to look for.
    type: list
    elements: str
    default: [overlay, nf_conntrack, br_netfilter, nf_tables, vxlan, ip_vs, ip_vs_rr, ip_vs_wrr, ip_vs_sh]
  endpoint:
    description:
      - The name of the API server of the cluster, which is looked up as programs of the host do. No answer within ten
        seconds counts as a problem. Empty, nothing is looked up.
    type: str
    default: ""
  components:
    description:
      - Components that are told CIDRs, where they have files on this host. As M(baremetal.dualstack.kube_component) has
        it, what a change noted that was cut counts more than what it wrote.
    type: list
    elements: dict
    default: [{name: kube-apiserver}, {name: kube-controller-manager}]
    suboptions:
      name:
        description: The program.
        type: str
        required: true
        choices: [kube-apiserver, kube-controller-manager]
      unit:
        description:
          - The systemd unit that runs it. Without, it is looked for as a static pod, then as the unit of its name.
        type: str
      manifests:
        description: The folder of the manifests of static pods.
        type: path
        default: /etc/kubernetes/manifests
      notes:
        description: The folder on the host for the notes of changes under way.
        type: path
        default: /var/lib/dualstack-components
attributes:
  check_mode:
    description: Reads all the same.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
"""

EXAMPLES = r"""
- name: Look at the host
  baremetal.dualstack.host_facts:
    asked_at: "{{ now(utc=true).timestamp() }}"
    endpoint: "{{ (dualstack_plan | baremetal.dualstack.host_needs(inventory_hostname)).endpoint }}"
  register: looked
"""

RETURN = r"""
host:
  description: The facts.
  returned: always
  type: dict
"""

import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils import kube_member, kube_ranges
from ansible_collections.baremetal.dualstack.plugins.module_utils.host_reading import (
    network_facts,
    resolving,
    system_facts,
)

MODULES = (
    "overlay",
    "nf_conntrack",
    "br_netfilter",
    "nf_tables",
    "vxlan",
    "ip_vs",
    "ip_vs_rr",
    "ip_vs_wrr",
    "ip_vs_sh",
)
COMPONENT = {
    "name": {"type": "str", "required": True, "choices": list(kube_ranges.COMPONENTS)},
    "unit": {"type": "str"},
    "manifests": {"type": "path", "default": "/etc/kubernetes/manifests"},
    "notes": {"type": "path", "default": "/var/lib/dualstack-components"},
}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "asked_at": {"type": "float"},
            "modules": {"type": "list", "elements": "str", "default": list(MODULES)},
            "endpoint": {"type": "str", "default": ""},
            "components": {
                "type": "list",
                "elements": "dict",
                "default": [{"name": name} for name in kube_ranges.COMPONENTS],
                "options": COMPONENT,
            },
        },
        supports_check_mode=True,
    )
    asked, name = module.params["asked_at"], module.params["endpoint"]
    resolved = resolving(name) if name else None
    skew = None if asked is None else time.time() - asked
    facts = {**network_facts(), **system_facts(module.params["modules"])}
    components = kube_ranges.told(module.params["components"], module.run_command)
    cluster = {"membership": kube_member.state(), "components": components}
    endpoint = resolved() if resolved else None
    module.exit_json(changed=False, host={"skew": skew, "endpoint": endpoint, **cluster, **facts})


if __name__ == "__main__":
    main()
