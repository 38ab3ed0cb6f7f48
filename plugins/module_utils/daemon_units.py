# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Units of our daemons: what has to be done that they run as they should, and doing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ansible.module_utils.basic import AnsibleModule

from .speaker_host import FRAME, GENERATION

PROPERTIES = ("LoadState", "ActiveState", "UnitFileState", "MainPID", "NeedDaemonReload")


class Outcome(NamedTuple):
    """``done``: verbs by unit. ``pending``: units that wait for their restart."""

    done: dict[str, list[str]]
    pending: list[str]
    diff: dict[str, str]


def bring(module: AnsibleModule, units: Sequence[Mapping[str, str]], restart: bool) -> Outcome:
    """Units (name, generation, frame) in the order of starting; in check mode only foreseen. Ends the module where
    one does not come up."""
    states = _states(module, [unit["name"] for unit in units])
    todo = {unit["name"]: actions(states[unit["name"]], unit["generation"], unit["frame"]) for unit in units}
    waiting = [] if restart else pending(todo, {unit["name"] for unit in units if unit["frame"]})
    if not module.check_mode:
        if any(state["NeedDaemonReload"] == "yes" or state["LoadState"] != "loaded" for state in states.values()):
            _systemctl(module, "daemon-reload")
        waiting = _replace(module, todo, waiting, restart)
    done = {unit: verbs for unit, verbs in todo.items() if verbs and unit not in waiting}
    before = "".join(f"{unit}: {_words(states[unit])}\n" for unit in done)
    after = "".join(f"{unit}: {', '.join(verbs)}\n" for unit, verbs in done.items())
    return Outcome(done, waiting, {"before": before, "after": after})


def actions(state: Mapping[str, str], generation: str, frame: str) -> list[str]:
    """What has to be done with a unit, given what ``systemctl show`` says of it."""
    verbs = [] if state["UnitFileState"] == "enabled" else ["enable"]
    if state["ActiveState"] not in ("active", "reloading"):
        return [*verbs, "start"]
    running = _running(state["MainPID"])
    if running.get(GENERATION) == generation:
        return verbs
    return [*verbs, "reload" if frame and running.get(FRAME) == frame else "restart"]


def pending(todo: Mapping[str, Sequence[str]], reloadable: set[str]) -> list[str]:
    """The first unit whose restart is noticed, which is that of one that knows reloads, and all behind it."""
    names = list(todo)
    noticed = (place for place, name in enumerate(names) if name in reloadable and "restart" in todo[name])
    return names[next(noticed, len(names)) :]


def _replace(module: AnsibleModule, todo: dict[str, list[str]], waiting: list[str], restart: bool) -> list[str]:
    """Does all but what waits; returns what waits then, which is more where a reload failed."""
    names = list(todo)
    for place, unit in enumerate(names):
        if unit in waiting:
            break
        for verb in list(todo[unit]):
            if _do(module, verb, unit):
                continue
            if not restart:
                return names[place:]
            todo[unit].append("restart")
            _do(module, "restart", unit)
    return waiting


def _states(module: AnsibleModule, units: Sequence[str]) -> dict[str, dict[str, str]]:
    text = _systemctl(module, "show", *units, f"--property={','.join(PROPERTIES)}")
    blocks = [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in text.split("\n\n")]
    return {unit: {name: block.get(name, "") for name in PROPERTIES} for unit, block in zip(units, blocks)}


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


def _words(state: Mapping[str, Any]) -> str:
    return f"{state['ActiveState'] or 'unknown'}, {state['UnitFileState'] or 'not installed'}"
