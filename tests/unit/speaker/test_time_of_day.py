# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time of day may jump: no daemon asks for it. What takes a time takes it from the monotonic clock."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

NAMES = {"CLOCK_REALTIME", "ctime", "datetime", "fromtimestamp", "gmtime", "localtime", "strftime", "utcnow"}
MODULES = {"datetime"}


def asked(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, what) of every place that asks for the time of day."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names if name.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module in {"time", *MODULES}:
            taken = {name.name for name in node.names}
            yield from ((node.lineno, name) for name in taken & {"time", "time_ns", *NAMES})
        elif isinstance(node, ast.Attribute):
            of_time = isinstance(node.value, ast.Name) and node.value.id == "time"
            if node.attr in NAMES or (of_time and node.attr in {"time", "time_ns"}):
                yield node.lineno, node.attr


@pytest.mark.parametrize(
    "text",
    [
        "import datetime",
        "from time import time",
        "import time\ntime.time()",
        "import time\ntime.time_ns()",
        "import time\ntime.strftime('%H')",
        "import time\ntime.clock_gettime(time.CLOCK_REALTIME)",
    ],
)
def test_the_time_of_day_is_found(text: str) -> None:
    assert list(asked(ast.parse(text)))


def test_no_daemon_asks_for_the_time_of_day(checkout: Path) -> None:
    files = sorted((checkout / "speaker" / "dualstack_speaker").rglob("*.py"))
    found = [f"{path.name}:{line}: {what}" for path in files for line, what in asked(ast.parse(path.read_text()))]
    assert len(files) > 50
    assert not found
    steady = "import time\ntime.monotonic()\nloop.time()\nself._loop.time()"
    assert not list(asked(ast.parse(steady)))
