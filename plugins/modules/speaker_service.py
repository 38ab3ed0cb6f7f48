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
        argument_spec={
            "units": {"type": "list", "elements": "dict", "required": True, "options": UNIT},
            "restart": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    units = module.params["units"]
    states = {unit["name"]: _state(module, unit["name"]) for unit in units}
    actions = {unit["name"]: _actions(states[unit["name"]], unit["generation"], unit["frame"]) for unit in units}
    pending = [] if module.params["restart"] else _pending(actions, {unit["name"] for unit in units if unit["frame"]})
    if not module.check_mode:
        if any(state["NeedDaemonReload"] == "yes" or state["LoadState"] != "loaded" for state in states.values()):
            _systemctl(module, "daemon-reload")
        pending = _replace(module, actions, pending)
    done = {unit: verbs for unit, verbs in actions.items() if verbs and unit not in pending}
    module.exit_json(
        changed=bool(done),
        actions=done,
        pending=pending,
        diff={
            "before": "".join(f"{unit}: {_words(states[unit])}\n" for unit in done),
            "after": "".join(f"{unit}: {', '.join(verbs)}\n" for unit, verbs in done.items()),
        },
    )


def _pending(actions: dict[str, list[str]], reloadable: set[str]) -> list[str]:
    """The first unit whose restart is noticed, which is that of one that knows reloads, and all behind it."""
    names = list(actions)
    noticed = (place for place, name in enumerate(names) if name in reloadable and "restart" in actions[name])
    return names[next(noticed, len(names)) :]


def _replace(module: AnsibleModule, actions: dict[str, list[str]], pending: list[str]) -> list[str]:
    """Does all but what is pending; returns what is pending then, which is more where a reload failed."""
    names = list(actions)
    for place, unit in enumerate(names):
        if unit in pending:
            break
        for verb in list(actions[unit]):
            if _do(module, verb, unit):
                continue
            if not module.params["restart"]:
                return names[place:]
            actions[unit].append("restart")
            _do(module, "restart", unit)
    return pending


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
