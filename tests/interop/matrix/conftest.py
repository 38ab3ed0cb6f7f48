# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runs of the matrix, two stacks at a time, and what is printed of them in the end."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from interop.matrix.page import table
from interop.matrix.run import Results, run
from interop.peers.all import STACKS
from interop.peers.jail import root_of

SUITES = ("bookworm", "trixie")
KEYS = [f"{stack.name}-{suite}" for stack in STACKS for suite in SUITES]
_DONE: dict[str, Results] = {}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the matrix."""
    for key in filter(_DONE.__contains__, KEYS):
        terminalreporter.write_line("\n" + table(_DONE[key]))


@pytest.fixture(scope="session")
def runs(
    request: pytest.FixtureRequest, checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Results]]]:
    """A run of each stack that a chosen test asks for."""
    asked = {item.callspec.params.get("key") for item in request.session.items if hasattr(item, "callspec")}
    roots = {suite: root_of(suite, checkout) for suite in SUITES}
    with ThreadPoolExecutor(2) as pool:  # most of a run is waiting
        yield {
            f"{stack.name}-{suite}": pool.submit(run, stack, roots[suite], tmp_path_factory.mktemp("run"))
            for stack in STACKS
            for suite in SUITES
            if f"{stack.name}-{suite}" in asked
        }


@pytest.fixture
def results(runs: dict[str, Future[Results]], key: str) -> Results:
    """The run of a stack, once it is done."""
    _DONE[key] = runs[key].result()
    return _DONE[key]
