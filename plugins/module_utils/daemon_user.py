# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The user that a daemon runs as: a user of the system without home and shell, in a group of its name."""

from __future__ import annotations

import grp
import pwd

from ansible.module_utils.basic import AnsibleModule

HOME, SHELL = "/nonexistent", "/usr/sbin/nologin"


def difference(name: str, comment: str) -> dict[str, str]:
    """What there is and what there should be, in the shape of Ansible's diff mode; empty when both are the same."""
    want = f"{name}: {comment}, {HOME}, {SHELL}\n"
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        return {"before": "", "after": want}
    have = f"{name}: {found.pw_gecos}, {found.pw_dir}, {found.pw_shell}\n"
    return {} if have == want else {"before": have, "after": want}


def make(module: AnsibleModule, name: str, comment: str) -> None:
    """Makes the user, or corrects it. Ends the module where that fails."""
    words = ["--comment", comment, "--home", HOME, "--shell", SHELL, name]
    if _known(name):
        command = ["usermod", *words]
    else:
        command = ["useradd", "--system", "--no-create-home", *_group(name), *words]
    status, out, error = module.run_command(command)
    if status:
        module.fail_json(msg=f"{' '.join(command)}: {error.strip() or out.strip()}")


def _known(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _group(name: str) -> list[str]:
    try:
        grp.getgrnam(name)
    except KeyError:
        return ["--user-group"]
    return ["--gid", name]
