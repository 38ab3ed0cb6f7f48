#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the speaker's files to a host: programs, configuration, resources, units."""

from __future__ import annotations

DOCUMENTATION = r"""
module: speaker_install
short_description: Install the speaker's programs, configuration, resources and units, and run it
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Writes everything that the speaker has on a host in one call, each file atomically, and removes what an earlier call
    wrote and is not wanted any more.
  - The new programs check the new configuration and resources first, in check mode too. Nothing is written when they
    object.
  - Makes the user of the daemons, keeps their token, and with O(run) runs the units, so that a host on which nothing
    has to be done costs one call. Resources are taken over by a running speaker as they are.
options:
  files:
    description: Text by path below C(/etc/dualstack), as P(baremetal.dualstack.speaker_files#filter) returns it.
    type: dict
    required: true
  secrets:
    description: Passwords by name. Written as Secrets that only the speaker can read, never shown.
    type: dict
    default: {}
  heartbeat_key:
    description: The key that signs heartbeats, for C(heartbeat.key), which only the daemons can read. Never shown.
    type: str
    default: ''
  units:
    description: Texts of C(dualstack-wire.service) and C(dualstack-speaker.service).
    type: dict
    required: true
  user:
    description: User and group that the daemons run as.
    type: str
    default: dualstack
extends_documentation_fragment: [baremetal.dualstack.daemons]
attributes:
  check_mode:
    description: Checks and compares, and writes nothing.
    support: full
  diff_mode:
    description: Shows every file but secrets and programs.
    support: full
"""

EXAMPLES = r"""
- name: Install the speaker
  baremetal.dualstack.speaker_install:
    bundles: "{{ bundles.names }}"
    digests: "{{ bundles.digests }}"
    contents: "{{ bundles.contents }}"
    files: "{{ dualstack_plan | baremetal.dualstack.speaker_files(inventory_hostname) }}"
    secrets: {bgp-auth: "{{ vaulted_password }}"}
    units:
      dualstack-wire.service: "{{ lookup('ansible.builtin.template', 'dualstack-wire.service.j2') }}"
      dualstack-speaker.service: "{{ lookup('ansible.builtin.template', 'dualstack-speaker.service.j2') }}"
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
    - The units in the order of starting. RV(ignore:generation) is a hash of all for which the daemon must be replaced,
      RV(ignore:frame) of what only a restart can change, empty where the unit knows no reload.
  returned: success
  type: list
  elements: dict
  sample: [{name: dualstack-wire.service, generation: 0b2f6d5e8a9c1f34, frame: 9c1f340b2f6d5e8a}]
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
from ansible_collections.baremetal.dualstack.plugins.module_utils.speaker_host import SPEAKER


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            **daemons_install.ARGUMENTS,
            "secrets": {"type": "dict", "default": {}, "no_log": True},
            "heartbeat_key": {"type": "str", "default": "", "no_log": True},
            "user": {"type": "str", "default": "dualstack"},
        },
        supports_check_mode=True,
    )
    key = module.params["heartbeat_key"]
    daemons_install.run(module, SPEAKER, module.params["secrets"], {"heartbeat.key": key} if key else {})


if __name__ == "__main__":
    main()
