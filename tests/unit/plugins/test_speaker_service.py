# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done with a unit in which state."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ansible_collections.baremetal.dualstack.plugins.module_utils.speaker_host import GENERATION
from ansible_collections.baremetal.dualstack.plugins.modules import speaker_service


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
    assert speaker_service._actions(state(active, enabled), "abc") == verbs


@pytest.mark.parametrize(
    ("generation", "enabled", "verbs"),
    [
        ("abc", "enabled", []),
        ("abc", "disabled", ["enable"]),
        ("old", "enabled", ["restart"]),
        (None, "disabled", ["enable", "restart"]),
    ],
)
def test_a_unit_that_runs_is_restarted_for_another_generation(
    generation: str | None, enabled: str, verbs: list[str]
) -> None:
    environment = {key: value for key, value in os.environ.items() if key != GENERATION}
    if generation is not None:
        environment[GENERATION] = generation
    program = "print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout and process.stdout.readline()
        assert speaker_service._actions(state("active", enabled, str(process.pid)), "abc") == verbs
        process.kill()
