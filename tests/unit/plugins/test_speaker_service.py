# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done with a unit in which state."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ansible_collections.baremetal.dualstack.plugins.module_utils import daemon_units
from ansible_collections.baremetal.dualstack.plugins.module_utils.speaker_host import FRAME, GENERATION


def state(active: str, enabled: str, pid: str = "0") -> dict[str, str]:
    return {
        "LoadState": "loaded",
        "ActiveState": active,
        "UnitFileState": enabled,
        "MainPID": pid,
        "NeedDaemonReload": "no",
    }


@pytest.mark.parametrize(
    ("active", "enabled", "verbs"),
    [
        ("inactive", "", ["enable", "start"]),
        ("inactive", "enabled", ["start"]),
        ("failed", "enabled", ["start"]),
        ("activating", "enabled", ["start"]),
    ],
)
def test_a_unit_that_does_not_run(active: str, enabled: str, verbs: list[str]) -> None:
    assert daemon_units.actions(state(active, enabled), "abc", "f") == verbs


@pytest.mark.parametrize(
    ("generation", "frame", "enabled", "verbs"),
    [
        ("abc", "f", "enabled", []),
        ("abc", "f", "disabled", ["enable"]),
        ("abc", "other", "enabled", []),
        ("old", "f", "enabled", ["reload"]),
        ("old", "f", "disabled", ["enable", "reload"]),
        ("old", "other", "enabled", ["restart"]),
        ("old", None, "enabled", ["restart"]),
        (None, None, "disabled", ["enable", "restart"]),
    ],
)
def test_a_unit_that_runs_is_replaced_for_another_generation(
    generation: str | None, frame: str | None, enabled: str, verbs: list[str]
) -> None:
    environment = {key: value for key, value in os.environ.items() if key not in (GENERATION, FRAME)}
    environment.update({key: value for key, value in ((GENERATION, generation), (FRAME, frame)) if value is not None})
    program = "print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout and process.stdout.readline()
        running = state("active", enabled, str(process.pid))
        assert daemon_units.actions(running, "abc", "f") == verbs
        assert daemon_units.actions(running, "abc", "") == [verb.replace("reload", "restart") for verb in verbs]
        process.kill()


@pytest.mark.parametrize(
    ("wire", "speaker", "pending"),
    [
        ([], [], ""),
        (["reload"], ["restart"], ""),
        (["enable", "start"], ["restart"], ""),
        (["restart"], [], "wire speaker"),
        (["enable", "restart"], ["start"], "wire speaker"),
    ],
)
def test_what_waits_for_its_turn(wire: list[str], speaker: list[str], pending: str) -> None:
    """The restart of wire is noticed, that of the speaker is not, but it comes second."""
    assert daemon_units.pending({"wire": wire, "speaker": speaker}, {"wire"}) == pending.split()


def test_what_stands_before_does_not_wait() -> None:
    actions = {"before": ["restart"], "wire": ["restart"], "behind": ["start"]}
    assert daemon_units.pending(actions, {"wire"}) == ["wire", "behind"]
