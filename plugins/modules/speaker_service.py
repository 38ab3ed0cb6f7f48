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
"""

RETURN = r"""
actions:
  description: What was done, by unit.
  returned: success
  type: dict
  sample: {dualstack-wire.service: [reload], dualstack-speaker.service: [restart]}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils.speaker_host import FRAME, GENERATION

UNIT = {
    "name": {"type": "str", "required": True},
    "generation": {"type": "str", "required": True},
    "frame": {"type": "str", "default": ""},
}
PROPERTIES = ("LoadState", "ActiveState", "UnitFileState", "MainPID", "NeedDaemonReload")


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={"units": {"type": "list", "elements": "dict", "required": True, "options": UNIT}},
        supports_check_mode=True,
    )
    units = module.params["units"]
    states = {unit["name"]: _state(module, unit["name"]) for unit in units}
    actions = {unit["name"]: _actions(states[unit["name"]], unit["generation"], unit["frame"]) for unit in units}
    if not module.check_mode:
        if any(state["NeedDaemonReload"] == "yes" or state["LoadState"] != "loaded" for state in states.values()):
            _systemctl(module, "daemon-reload")
        for unit, verbs in actions.items():
            for verb in list(verbs):
                if not _do(module, verb, unit):
                    verbs.append("restart")
                    _do(module, "restart", unit)
    done = {unit: verbs for unit, verbs in actions.items() if verbs}
    module.exit_json(
        changed=bool(done),
        actions=done,
        diff={
            "before": "".join(f"{unit}: {_words(states[unit])}\n" for unit in done),
            "after": "".join(f"{unit}: {', '.join(verbs)}\n" for unit, verbs in done.items()),
        },
    )


def _actions(state: dict[str, str], generation: str, frame: str) -> list[str]:
    verbs = [] if state["UnitFileState"] == "enabled" else ["enable"]
    if state["ActiveState"] not in ("active", "reloading"):
        return [*verbs, "start"]
    running = _running(state["MainPID"])
    if running.get(GENERATION) == generation:
        return verbs
    return [*verbs, "reload" if frame and running.get(FRAME) == frame else "restart"]


def _state(module: AnsibleModule, unit: str) -> dict[str, str]:
    text = _systemctl(module, "show", unit, *(f"--property={name}" for name in PROPERTIES))
    found = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {name: found.get(name, "") for name in PROPERTIES}


def _running(pid: str) -> dict[str, str]:
    """The environment of a running process; empty when there is none."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            entries = file.read().decode("utf-8", "replace").split("\0")
    except OSError:
        return {}
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


def _do(module: AnsibleModule, verb: str, unit: str) -> bool:
    """Whether it worked; only a reload may not."""
    if verb == "start":
        module.run_command(["systemctl", "reset-failed", unit])
    status, _out, error = module.run_command(["systemctl", verb, unit])
    if not status:
        return True
    _status, log, _error = module.run_command(["journalctl", "--unit", unit, "--lines", "20", "--no-pager"])
    if verb != "reload":
        module.fail_json(msg=f"{unit}: cannot {verb}: {error.strip()}\n{log.strip()}")
    module.warn(f"{unit}: cannot reload, so it is restarted: {error.strip()}\n{log.strip()}")
    return False


def _systemctl(module: AnsibleModule, *words: str) -> str:
    status, out, error = module.run_command(["systemctl", *words])
    if status:
        module.fail_json(msg=f"systemctl {' '.join(words)}: {error.strip() or out.strip()}")
    return str(out)


def _words(state: dict[str, str]) -> str:
    return f"{state['ActiveState'] or 'unknown'}, {state['UnitFileState'] or 'not installed'}"


if __name__ == "__main__":
    main()
