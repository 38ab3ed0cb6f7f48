#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the speaker's units, each replaced only when what it runs from has changed."""

from __future__ import annotations

DOCUMENTATION = r"""
module: speaker_service
short_description: Run the speaker's units and replace only what changed
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Enables and starts the units, in the order given, and replaces one whose running process has another generation than
    the one wanted. What an interrupted run left undone is thus made good by the next one.
  - Where only the program or its configuration changed and the unit can be reloaded, that is done. The new process
    takes over sockets and sessions from the old one, so that nobody notices. Otherwise, and with a warning where the
    reload fails, it is restarted.
  - Waits until a unit says that it is ready.
options:
  restart:
    description:
      - With V(false), a running unit that knows reloads and yet needs a restart is left as it is, and so are the units
        behind it in the list. RV(pending) names them. A second task, with C(throttle), can do them few hosts at a time.
      - The restart of a unit that knows no reload is done in any case, unless it stands behind such a one.
    type: bool
    default: true
  units:
    description: The units in the order of starting, as M(baremetal.dualstack.speaker_install) returns them.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the unit.
        type: str
        required: true
      generation:
        description: The generation that shall run.
        type: str
        required: true
      frame:
        description: What only a restart can change; empty where the unit can not be reloaded.
        type: str
        default: ""
attributes:
  check_mode:
    description: Predicts what would be started.
    support: full
  diff_mode:
    description: Shows the state of the units before and after.
    support: full
"""

EXAMPLES = r"""
- name: Run the speaker
  baremetal.dualstack.speaker_service:
    units: "{{ installed.units }}"

- name: Replace all that nobody notices, on all hosts at once
  baremetal.dualstack.speaker_service:
    units: "{{ installed.units }}"
    restart: false
  register: run

- name: Restart the others, one host after another
  baremetal.dualstack.speaker_service:
    units: "{{ installed.units }}"
  throttle: 1
  when: run.pending | length > 0
"""

RETURN = r"""
actions:
  description: What was done, by unit.
  returned: success
  type: dict
  sample: {dualstack-wire.service: [reload], dualstack-speaker.service: [restart]}
pending:
  description: The units that O(restart=false) left as they are; empty otherwise.
  returned: success
  type: list
  elements: str
  sample: [dualstack-wire.service, dualstack-speaker.service]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils import daemon_units

UNIT = {
    "name": {"type": "str", "required": True},
    "generation": {"type": "str", "required": True},
    "frame": {"type": "str", "default": ""},
}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "units": {"type": "list", "elements": "dict", "required": True, "options": UNIT},
            "restart": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    outcome = daemon_units.bring(module, module.params["units"], module.params["restart"])
    module.exit_json(changed=bool(outcome.done), actions=outcome.done, pending=outcome.pending, diff=outcome.diff)


if __name__ == "__main__":
    main()
