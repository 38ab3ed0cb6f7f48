#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stop the daemons of the collection on a host that leaves its cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: daemons_stop
short_description: Stop the daemons of the collection, also after a boot
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Stops and disables speaker, wire and controller, where they are. Sessions end in order, so that routers forget the
    host at once.
attributes:
  check_mode:
    description: Predicts what would be stopped.
    support: full
  diff_mode:
    description: Has nothing to show.
    support: none
"""

EXAMPLES = r"""
- name: Announce nothing more
  baremetal.dualstack.daemons_stop:
"""

RETURN = r"""
stopped:
  description: The units that ran or would have been started by a boot.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils import kube_host
from ansible_collections.baremetal.dualstack.plugins.module_utils.kube_host import HostError

UNITS = ("dualstack-speaker", "dualstack-wire", "dualstack-controller")  # who decides stops before who announces


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    try:
        states = kube_host.service_states(UNITS)
        wanted = [
            name
            for name in UNITS
            if states[name]["ActiveState"] not in ("inactive", "failed") or states[name]["UnitFileState"] == "enabled"
        ]
        if not module.check_mode:
            for name in wanted:
                kube_host.output(["systemctl", "disable", "--now", f"{name}.service"])
    except HostError as problem:
        module.fail_json(msg=str(problem))
        return
    module.exit_json(changed=bool(wanted), stopped=wanted)


if __name__ == "__main__":
    main()
