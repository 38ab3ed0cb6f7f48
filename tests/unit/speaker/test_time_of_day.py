# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time of day may jump: what takes a time takes it from the monotonic clock.

Only what others read as a time of day is one: times in objects of the API server, in messages, and in tokens.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

NAMES = {"CLOCK_REALTIME", "ctime", "datetime", "fromtimestamp", "gmtime", "localtime", "strftime", "utcnow"}
MODULES = {"datetime"}
TOLD = {
    "controller/holding.py",  # renewTime of the Lease
    "kube/reflector.py",  # since when the API server is away
    "kube/renewal.py",  # when a token ends
    "reporting/configuration_state.py",
    "reporting/events.py",
    "reporting/wording.py",
    "sources/kubernetes_findings.py",
}


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
    top = checkout / "speaker" / "dualstack_speaker"
    files = {str(path.relative_to(top)): path for path in sorted(top.rglob("*.py"))}
    asking = {name: list(asked(ast.parse(path.read_text()))) for name, path in files.items()}
    assert len(files) > 50
    assert {name for name, found in asking.items() if found} == TOLD
    steady = "import time\ntime.monotonic()\nloop.time()\nself._loop.time()"
    assert not list(asked(ast.parse(steady)))
