#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bundle the daemons of the speaker into single files."""

from __future__ import annotations

DOCUMENTATION = r"""
module: speaker_bundle
short_description: Bundle the daemons of the speaker into single files
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Makes one zip per daemon that Python runs as it is, of exactly the modules that the daemon needs. Nothing is
    downloaded.
  - The names carry a hash of the sources; a daemon has another name only when its own code changed.
  - Runs on the controller. Without O(dest) nothing is written, the bundles are only returned.
options:
  collection:
    description: Folder of this collection.
    type: path
    required: true
  dest:
    description: Folder to write the bundles to, to carry them to hosts by other means.
    type: path
attributes:
  check_mode:
    description: Predicts what would be written to O(dest).
    support: full
  diff_mode:
    description: Names the files.
    support: full
"""

EXAMPLES = r"""
- name: Bundle the daemons
  baremetal.dualstack.speaker_bundle:
    collection: "{{ role_path }}/../.."
  delegate_to: localhost
  run_once: true
  register: bundles
"""

RETURN = r"""
names:
  description: File names of the bundles by daemon, C(wire) and C(speaker).
  returned: success
  type: dict
contents:
  description: The bundles themselves by daemon, in base64.
  returned: success
  type: dict
"""

import base64
import os

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils.bundle import COMMANDS, build


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={"collection": {"type": "path", "required": True}, "dest": {"type": "path"}},
        supports_check_mode=True,
    )
    try:
        bundles = [build(module.params["collection"], command) for command in COMMANDS]
    except OSError as error:
        module.fail_json(msg=f"cannot read the sources of the daemons: {error}")
        return
    dest = module.params["dest"]
    missing = [bundle for bundle in bundles if dest and not os.path.exists(os.path.join(dest, bundle.name))]
    if not module.check_mode:
        for bundle in missing:
            os.makedirs(dest, exist_ok=True)
            path = os.path.join(dest, bundle.name)
            with open(f"{path}.new", "wb") as file:
                file.write(bundle.content)
            os.replace(f"{path}.new", path)
    module.exit_json(
        changed=bool(missing),
        diff={"before": "", "after": "".join(f"{bundle.name}\n" for bundle in missing)},
        names={command: bundle.name for command, bundle in zip(COMMANDS, bundles)},
        contents={command: base64.b64encode(bundle.content).decode() for command, bundle in zip(COMMANDS, bundles)},
    )


if __name__ == "__main__":
    main()
