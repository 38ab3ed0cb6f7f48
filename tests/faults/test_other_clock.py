# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clock that a program is given: its time of day moves while it runs, its monotonic time does not."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest
from faults.clocks import HOUR, Clock

_PROGRAM = """
import sys, time
for line in sys.stdin:
    print(time.time(), time.monotonic(), flush=True)
"""


@pytest.mark.root
@pytest.mark.skipif(platform.machine() != "x86_64", reason="x86-64 only")
def test_the_time_of_day_moves_alone(tmp_path: Path) -> None:
    clock = Clock(tmp_path / "clock", "python3")
    command = [*clock.through, "env", sys.executable, "-c", _PROGRAM]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        assert process.stdin is not None and process.stdout is not None
        seen = []
        for offset in (0, HOUR, -HOUR):
            clock.set(offset) if offset else None
            process.stdin.write("now\n")
            seen.append([float(word) for word in process.stdout.readline().split()])
        asked = clock.asked
        process.stdin.close()
        assert process.wait() == 0
    (day, steady), (day_forth, steady_forth), (day_back, steady_back) = seen
    beside = [(day_forth - day) - (steady_forth - steady), (day_back - day) - (steady_back - steady)]
    assert [round(value, -2) for value in beside] == [HOUR, -HOUR]
    assert asked >= len(seen)
