#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install a configuration of FRR, with FRR's own check and reload tool, and go back when it breaks a session."""

from __future__ import annotations

DOCUMENTATION = r"""
module: frr_config
short_description: Make FRR's whole configuration what it should be, without losing a session
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Replaces the whole integrated configuration of FRR (8.4 and later) and chooses the daemons that run.
  - FRR's own syntax check comes first. The lines that change come from FRR's reload tool, which also applies them, so
    that what is unchanged is not touched. An unchanged password resets no session.
  - FRR is restarted only when it does not run or when other daemons are to run.
  - Afterwards every BGP session that was up, and that the new configuration still has, must be up again within
    O(settle) seconds. If one is not, the configuration that ran before is put back and the module fails.
  - Values of secrets appear in no result, diff or message; passwords that are not in O(secrets) are shown as asterisks.
options:
  config:
    description:
      - The text of C(frr.conf), in the form in which FRR writes it itself, else there is always a difference.
      - C(@secret:NAME@) stands for the value of C(NAME) in O(secrets).
      - Lines C(hostname) and C(domainname) are replaced by those that FRR shows, the host's own.
    type: str
    required: true
  secrets:
    description: Values of the secrets that O(config) names. TCP MD5 keys, at most 80 printable characters, no spaces.
    type: dict
    default: {}
  daemons:
    description: The daemons that run besides those that FRR always starts. All others are switched off.
    type: list
    elements: str
    default: [bgpd, bfdd]
  settle:
    description: Seconds in which sessions must be up again, and daemons after a restart.
    type: float
    default: 60
  rollback:
    description: Whether to put the former configuration back when the new one breaks a session or is not taken whole.
    type: bool
    default: true
  change_passwords:
    description:
      - Whether the TCP MD5 key of a neighbour may become another one than C(frr.conf) gave it last.
      - Without it such a change is refused before anything is touched, because it ends the session until the other end
        has the new key too. A key that was only typed into the running configuration is put right all the same.
    type: bool
    default: true
  config_dir:
    description: Folder of C(frr.conf) and C(daemons).
    type: path
    default: /etc/frr
  vtysh:
    description: FRR's command line.
    type: path
    default: /usr/bin/vtysh
  tools:
    description: Folder of C(frr-reload.py) and C(frrinit.sh).
    type: path
    default: /usr/lib/frr
requirements:
  - FRR 8.4 or later with its reload tool (package frr-pythontools)
attributes:
  check_mode:
    description: Shows the lines and changes nothing, also when FRR does not run or is not installed yet.
    support: full
  diff_mode:
    description: Shows both files and the lines that change, without secrets.
    support: full
"""

EXAMPLES = r"""
- name: Configure FRR
  baremetal.dualstack.frr_config:
    config: "{{ dualstack_plan | baremetal.dualstack.frr_conf('tor1') }}"
    secrets: "{{ dualstack_secrets }}"
"""

RETURN = r"""
commands:
  description: The configuration lines that change, in the order in which they are applied, without secrets.
  returned: always
  type: list
  elements: str
restarted:
  description: Whether FRR was (in check mode, would be) started or restarted.
  returned: always
  type: bool
rolled_back:
  description: Whether the former configuration was put back.
  returned: when a change was applied
  type: bool
sessions:
  description: The sessions after the change, by address, with state, counters of FRR and families.
  returned: when a change was applied
  type: dict
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.routers.names import NO_DOMAIN, named
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.routers.passwords import changed
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.routers.secrets import (
    Mask,
    SecretError,
    fill,
)
from ansible_collections.baremetal.dualstack.plugins.module_utils.frr import Frr, FrrError, read
from ansible_collections.baremetal.dualstack.plugins.module_utils.frr_change import Change, Difference


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "config": {"type": "str", "required": True},
            "secrets": {"type": "dict", "default": {}, "no_log": True},
            "daemons": {"type": "list", "elements": "str", "default": ["bgpd", "bfdd"]},
            "settle": {"type": "float", "default": 60},
            "rollback": {"type": "bool", "default": True},
            "change_passwords": {"type": "bool", "default": True},
            "config_dir": {"type": "path", "default": "/etc/frr"},
            "vtysh": {"type": "path", "default": "/usr/bin/vtysh"},
            "tools": {"type": "path", "default": "/usr/lib/frr"},
        },
        supports_check_mode=True,
    )
    given = module.params
    mask = Mask(given["secrets"])
    frr = Frr(module.run_command, mask, given["config_dir"], given["vtysh"], given["tools"])
    try:
        template = _with_names(given["config"])
        text = fill(template, given["secrets"])
    except SecretError as error:
        module.fail_json(msg=str(error))
        return
    if frr.missing():
        _not_installed(module, frr, template)
        return
    neighbours = [] if given["change_passwords"] else changed(read(frr.config_path) or "", text)
    if neighbours:
        module.fail_json(
            msg=f"the password of {', '.join(neighbours)} would change, which ends these sessions until the other ends "
            "change too. Nothing was touched. If the value in dualstack_secrets is right, allow it by change_passwords "
            "(role: router_change_passwords), in a maintenance window"
        )
        return
    change = Change(frr, text, given["daemons"], given["settle"], given["rollback"])
    try:
        _bring(module, change, template, mask)
    except FrrError as error:
        module.fail_json(msg=str(error))


def _with_names(config: str) -> str:
    return named(config, os.uname().nodename, (read("/proc/sys/kernel/domainname") or NO_DOMAIN).strip())


def _bring(module: AnsibleModule, change: Change, template: str, mask: Mask) -> None:
    difference = change.compute()
    result: dict[str, Any] = {
        "changed": bool(difference),
        "commands": difference.delta.commands,
        "restarted": difference.restart,
        "diff": _diff(module, difference, template, mask),
    }
    if difference and not module.check_mode:
        outcome = change.apply(difference)
        result.update(rolled_back=outcome.rolled_back, sessions=outcome.sessions)
        if outcome.problem:
            module.fail_json(msg=outcome.problem, **{**result, "changed": not outcome.rolled_back})
            return
    module.exit_json(**result)


def _diff(module: AnsibleModule, difference: Difference, template: str, mask: Mask) -> list[dict[str, str]]:
    folder = module.params["config_dir"]
    shown = [
        _file(f"{folder}/frr.conf", mask(difference.config_before or ""), template),
        _file(f"{folder}/daemons", difference.daemons_before or "", difference.daemons_after),
    ]
    if difference.delta:
        shown.append({"prepared": "# running configuration\n" + "\n".join(difference.delta.commands) + "\n"})
    return [each for each in shown if each.get("before") != each.get("after") or "prepared" in each]


def _file(path: str, before: str, after: str) -> dict[str, str]:
    return {"before_header": path, "after_header": path, "before": before, "after": after}


def _not_installed(module: AnsibleModule, frr: Frr, template: str) -> None:
    if not module.check_mode:
        module.fail_json(msg=f"FRR is not installed here: {', '.join(frr.missing())} not found")
        return
    lines = [line for line in template.splitlines() if line.strip("! ")]
    module.exit_json(changed=True, commands=lines, restarted=True, diff=[_file(frr.config_path, "", template)])


if __name__ == "__main__":
    main()
