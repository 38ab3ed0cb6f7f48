#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status of a node's speaker as data."""

from __future__ import annotations

DOCUMENTATION = r"""
module: speaker_info
short_description: Read the status of a node's speaker
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Returns what C(dualstack-speaker status --json) prints, that is sessions, VIPs and announcers per family.
  - A speaker that is down is not an error of this module; its status says so.
options:
  command:
    description: The command of the speaker.
    type: path
    default: /usr/local/bin/dualstack-speaker
attributes:
  check_mode:
    description: Reads in check mode as well.
    support: full
  diff_mode:
    description: Nothing changes.
    support: none
"""

EXAMPLES = r"""
- name: Look at the speaker
  baremetal.dualstack.speaker_info:
  register: speaker
"""

RETURN = r"""
status:
  description: The status, or null when there is none.
  returned: always
  type: dict
error:
  description: Why there is no status.
  returned: always
  type: str
"""

import json

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={"command": {"type": "path", "default": "/usr/local/bin/dualstack-speaker"}},
        supports_check_mode=True,
    )
    command = [module.params["command"], "status", "--json"]
    result = {"changed": False, "status": None, "error": ""}
    error = ""
    try:
        _code, out, error = module.run_command(command, handle_exceptions=False)
        result["status"] = json.loads(out)
    except OSError as problem:
        result["error"] = f"{command[0]}: {problem.strerror}"
    except ValueError:
        result["error"] = f"{' '.join(command)}: {error.strip() or 'did not print JSON'}"
    module.exit_json(**result)


if __name__ == "__main__":
    main()
