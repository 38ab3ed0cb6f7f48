#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel settings that belong together: one file for the next boot, and the values of now."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kernel_settings
short_description: Keep a set of sysctls in a file of their own and in the running kernel
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Writes O(path) and sets those values that the running kernel does not have yet, all in one call.
  - A setting that this kernel does not know is an error, before anything is changed.
options:
  path:
    description: The file, of which this module owns the whole content.
    type: path
    required: true
  settings:
    description: Values by key, as C(net.ipv4.ip_forward). A slash separates parts that hold a dot themselves.
    type: dict
    required: true
attributes:
  check_mode:
    description: Predicts the change.
    support: full
  diff_mode:
    description: Shows the file and the values that change.
    support: full
"""

EXAMPLES = r"""
- name: Forward both families
  baremetal.dualstack.kernel_settings:
    path: /etc/sysctl.d/60-router.conf
    settings: {net.ipv4.ip_forward: 1, net.ipv6.conf.all.forwarding: 1}
"""

RETURN = r"""
set:
  description: The settings that the running kernel did not have.
  returned: always
  type: list
  elements: str
"""

import os

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils import sysctls
from ansible_collections.baremetal.dualstack.plugins.module_utils.file_tree import FileTree

HEAD = "# Written by Ansible (baremetal.dualstack); change the inventory, not this file.\n"


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={"path": {"type": "path", "required": True}, "settings": {"type": "dict", "required": True}},
        supports_check_mode=True,
    )
    settings = {str(key): str(value) for key, value in module.params["settings"].items()}
    unknown = [key for key in settings if not sysctls.exists(key)]
    if unknown:
        module.fail_json(msg=f"this kernel has no setting {', '.join(unknown)}; is the family switched off?")
    folder, name = os.path.split(module.params["path"])
    tree = FileTree(folder, [name] if os.path.exists(module.params["path"]) else [])
    changes = tree.compare({name: HEAD + "".join(f"{key} = {value}\n" for key, value in settings.items())})
    stale = sysctls.stale(settings)
    diff = [change.diff() for change in changes] + ([sysctls.diff(stale, settings)] if stale else [])
    if not module.check_mode:
        tree.apply(changes)
        for key in stale:
            try:
                sysctls.write(key, settings[key])
            except OSError as error:
                module.fail_json(msg=str(error.strerror))
    module.exit_json(changed=bool(changes or stale), set=stale, diff=diff)


if __name__ == "__main__":
    main()
