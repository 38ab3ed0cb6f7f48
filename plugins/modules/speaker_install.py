#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the speaker's files to a host: programs, configuration, resources, units."""

from __future__ import annotations

DOCUMENTATION = r"""
module: speaker_install
short_description: Install the speaker's programs, configuration, resources and units
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Writes everything that the speaker has on a host in one call, each file atomically, and removes what an earlier call
    wrote and is not wanted any more.
  - The new programs check the new configuration and resources first, in check mode too. Nothing is written when they
    object.
  - Does not start anything; M(baremetal.dualstack.speaker_service) does. Resources are taken over by a running speaker
    as they are.
options:
  bundles:
    description:
      - File names of the programs, as M(baremetal.dualstack.speaker_bundle) returns them in
        RV(baremetal.dualstack.speaker_bundle#module:names).
    type: dict
    required: true
  contents:
    description: The programs in base64, as it returns them in RV(baremetal.dualstack.speaker_bundle#module:contents).
    type: dict
    required: true
  files:
    description: Text by path below C(/etc/dualstack), as P(baremetal.dualstack.speaker_files#filter) returns it.
    type: dict
    required: true
  secrets:
    description: Passwords by name. Written as Secrets that only the speaker can read, never shown.
    type: dict
    default: {}
  units:
    description: Texts of C(dualstack-wire.service) and C(dualstack-speaker.service).
    type: dict
    required: true
  user:
    description: User and group that the daemons run as.
    type: str
    default: dualstack
  python:
    description: The Python (3.9 or later) that runs the programs.
    type: path
    default: /usr/bin/python3
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
    contents: "{{ bundles.contents }}"
    files: "{{ dualstack_plan | baremetal.dualstack.speaker_files(inventory_hostname) }}"
    secrets: {bgp-auth: "{{ vaulted_password }}"}
    units:
      dualstack-wire.service: "{{ lookup('ansible.builtin.template', 'dualstack-wire.service.j2') }}"
      dualstack-speaker.service: "{{ lookup('ansible.builtin.template', 'dualstack-speaker.service.j2') }}"
"""

RETURN = r"""
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
"""

import base64
import binascii
import subprocess

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils import host_files, speaker_host
from ansible_collections.baremetal.dualstack.plugins.module_utils.speaker_host import Wanted


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "bundles": {"type": "dict", "required": True},
            "contents": {"type": "dict", "required": True, "no_log": True},  # only to keep them out of the system's log
            "files": {"type": "dict", "required": True},
            "secrets": {"type": "dict", "default": {}, "no_log": True},
            "units": {"type": "dict", "required": True},
            "user": {"type": "str", "default": "dualstack"},
            "python": {"type": "path", "default": "/usr/bin/python3"},
        },
        supports_check_mode=True,
    )
    wanted = _wanted(module)
    before = speaker_host.read_manifest()
    manifest = speaker_host.manifest(wanted, before)
    folders = [entry for entry in speaker_host.folders(wanted) if not host_files.folder(*entry)]
    changes = host_files.compare([*speaker_host.files(wanted), manifest], speaker_host.stale(before, manifest))
    if changes:
        _check(module, wanted)
    if not module.check_mode:
        for entry in folders:
            host_files.make_folder(*entry)
        host_files.apply(changes)
    shown = [change for change in changes if change.path != speaker_host.MANIFEST]
    module.exit_json(
        changed=bool(changes or folders),
        files=[change.path for change in shown],
        units=[
            {
                "name": unit,
                "generation": speaker_host.generation(wanted, unit),
                "frame": speaker_host.frame(wanted, unit),
            }
            for unit in speaker_host.CONFIGS
        ],
        diff=[change.diff() for change in shown],
    )


def _wanted(module: AnsibleModule) -> Wanted:
    given = module.params
    if set(given["units"]) != set(speaker_host.CONFIGS):
        module.fail_json(
            msg=f"units: {' and '.join(speaker_host.CONFIGS)} are expected, not {', '.join(given['units'])}"
        )
    try:
        bundles = {
            daemon: (str(given["bundles"][daemon]), base64.b64decode(given["contents"][daemon], validate=True))
            for daemon in ("wire", "speaker")
        }
    except (KeyError, TypeError, binascii.Error):
        module.fail_json(msg="bundles, contents: give what the module baremetal.dualstack.speaker_bundle returns")
        raise
    return Wanted(bundles, given["files"], given["secrets"], given["units"], given["python"], given["user"])


def _check(module: AnsibleModule, wanted: Wanted) -> None:
    """Fails when the host's Python is too old or the programs object."""
    try:
        command = [wanted.python, "-c", "import sys; raise SystemExit(sys.version_info < (3, 9))"]
        old = subprocess.run(command, capture_output=True, check=False).returncode
    except OSError as error:
        module.fail_json(msg=f"python: {wanted.python} cannot be run: {error.strerror}")
        return
    if old:
        module.fail_json(msg=f"python: {wanted.python} is older than 3.9; name a newer one")
    objections = speaker_host.check(wanted)
    if objections:
        text = "\n".join(f"- {line}" for line in objections)
        module.fail_json(
            msg=f"nothing was installed: the new programs refuse the new files:\n{text}", errors=objections
        )


if __name__ == "__main__":
    main()
