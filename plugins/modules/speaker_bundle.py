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
  - Runs on the controller, and without O(dest) inside of Ansible, wherever the task is. Nothing is written then, the
    bundles are only returned.
options:
  collection:
    description: Folder of this collection.
    type: path
    required: true
  dest:
    description: Folder to write the bundles to, to carry them to hosts by other means.
    type: path
  plain_names:
    description:
      - Whether the files in O(dest) have the names of the daemons without a hash, for instance V(wire.pyz), and are
        replaced when they differ.
    type: bool
    default: false
  contents:
    description: Whether the bundles themselves are returned.
    type: bool
    default: true
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
  run_once: true
  register: bundles
"""

RETURN = r"""
names:
  description: File names of the bundles by daemon, C(wire), C(speaker) and C(controller).
  returned: success
  type: dict
digests:
  description: SHA-256 of the bundles by daemon.
  returned: success
  type: dict
contents:
  description: The bundles themselves by daemon, in base64.
  returned: unless O(contents=false)
  type: dict
"""

import os

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils import bundle


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=bundle.ARGUMENTS, supports_check_mode=True)
    try:
        bundles = bundle.every(module.params["collection"])
    except OSError as error:
        module.fail_json(msg=bundle.UNREADABLE.format(error))
        return
    dest, plain = module.params["dest"], module.params["plain_names"]
    written = [each._replace(name=f"{command}.pyz") if plain else each for command, each in bundles.items()]
    missing = [each for each in written if dest and _content(os.path.join(dest, each.name)) != each.content]
    if not module.check_mode:
        for each in missing:
            os.makedirs(dest, exist_ok=True)
            path = os.path.join(dest, each.name)
            with open(f"{path}.new", "wb") as file:
                file.write(each.content)
            os.replace(f"{path}.new", path)
    module.exit_json(
        changed=bool(missing),
        diff={"before": "", "after": "".join(f"{each.name}\n" for each in missing)},
        **bundle.result(bundles, module.params["contents"]),
    )


def _content(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


if __name__ == "__main__":
    main()
