#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell whether a host is in a cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kubeadm_info
short_description: Tell whether a host is in a cluster
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description: Reads three files; asks no cluster.
attributes:
  check_mode:
    description: Changes nothing.
    support: full
  diff_mode:
    description: Has nothing to show.
    support: none
"""

EXAMPLES = r"""
- name: Look at the host
  baremetal.dualstack.kubeadm_info:
  register: looked
"""

RETURN = r"""
host:
  description:
    - What the host is. RV(ignore:state) is V(bare), V(member), or V(unfinished) where an init or join of
      M(baremetal.dualstack.kubeadm) was cut.
    - RV(ignore:ca) is a fingerprint of the authority of its cluster.
  returned: success
  type: dict
  sample: {state: member, control_plane: true, ca: 3b1f…}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils import kube_member


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    module.exit_json(changed=False, host=kube_member.state())


if __name__ == "__main__":
    main()
