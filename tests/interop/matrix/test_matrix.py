# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every stack × transport × kind of peer × password × what is tried, on real sockets; and the page that tells it.

UPDATE_INTEROP=1 writes the page anew.
"""

from __future__ import annotations

import os
from concurrent.futures import Future
from pathlib import Path

import pytest
from interop.matrix.conftest import KEYS
from interop.matrix.page import PAGE, problems, read, table, write
from interop.matrix.run import Results


@pytest.mark.parametrize("key", KEYS)
def test_every_session_is_as_it_should_be(key: str, results: Results) -> None:
    assert not problems(results), "\n".join([key, *problems(results)])
    assert results.looks > 2, "the tables were looked at while wire was away"


@pytest.mark.parametrize("key", KEYS)
def test_the_page_says_what_was_seen(key: str, results: Results, checkout: Path) -> None:
    if "UPDATE_INTEROP" in os.environ:
        pytest.skip("the page is written anew")
    part = list(read((checkout / PAGE).read_text()).values())[KEYS.index(key)]
    # A release of theirs that changes nothing else is no fault.
    assert part.splitlines()[1:] == table(results).splitlines()[1:], f"UPDATE_INTEROP=1 writes {PAGE} anew"


def test_the_page_has_every_stack_and_no_other(checkout: Path, request: pytest.FixtureRequest) -> None:
    page = checkout / PAGE
    if "UPDATE_INTEROP" in os.environ:
        runs: dict[str, Future[Results]] = request.getfixturevalue("runs")
        page.write_text(write(page.read_text(), [table(runs[key].result()) for key in KEYS]))
    names = [title.split()[0] for title in read(page.read_text())]
    assert names == [key.partition("-")[0] for key in KEYS]
