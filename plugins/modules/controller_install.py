#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the controller's files to a host: program, configuration, unit."""

from __future__ import annotations

DOCUMENTATION = r"""
module: controller_install
short_description: Install the controller's program, configuration and unit, and run it
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Writes everything that the controller has on a host in one call, each file atomically, and removes what an earlier
    call wrote and is not wanted any more.
  - The new program checks the new configuration first, in check mode too. Nothing is written when it objects.
  - Makes the user of the daemon, keeps its token, and with O(run) runs the unit.
options:
  files:
    description: Text by path below C(/etc/dualstack), as P(baremetal.dualstack.controller_files#filter) returns it.
    type: dict
    required: true
  units:
    description: The text of C(dualstack-controller.service).
    type: dict
    required: true
  user:
    description: User and group that the daemon runs as.
    type: str
    default: dualstack-controller
extends_documentation_fragment: [baremetal.dualstack.daemons]
attributes:
  check_mode:
    description: Checks and compares, and writes nothing.
    support: full
  diff_mode:
    description: Shows every file but the program.
    support: full
"""

EXAMPLES = r"""
- name: Install the controller
  baremetal.dualstack.controller_install:
    bundles: "{{ bundles.names }}"
    digests: "{{ bundles.digests }}"
    contents: "{{ bundles.contents }}"
    files: "{{ access.api | baremetal.dualstack.controller_files }}"
    units:
      dualstack-controller.service: "{{ lookup('ansible.builtin.template', 'dualstack-controller.service.j2') }}"
"""

RETURN = r"""
lacking:
  description:
    - What must be given before anything is done, V(programs) for O(contents), V(token) for that of O(access). Nothing
      was done then.
  returned: success
  type: list
  elements: str
files:
  description: Files that were written or removed.
  returned: success
  type: list
  elements: str
units:
  description:
    - The unit. RV(ignore:generation) is a hash of all for which the daemon must be replaced, RV(ignore:frame) is empty,
      as it knows no reload.
  returned: success
  type: list
  elements: dict
  sample: [{name: dualstack-controller.service, generation: 0b2f6d5e8a9c1f34, frame: ''}]
actions:
  description: What was done with O(run), by unit.
  returned: success
  type: dict
pending:
  description: The units that O(restart=false) left as they are; empty otherwise.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils import daemons_install
from ansible_collections.baremetal.dualstack.plugins.module_utils.speaker_host import CONTROLLER


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={**daemons_install.ARGUMENTS, "user": {"type": "str", "default": "dualstack-controller"}},
        supports_check_mode=True,
    )
    daemons_install.run(module, CONTROLLER, {}, {})


if __name__ == "__main__":
    main()
