# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence page in a real browser."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from page.browser import Browser, program


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    assert program(), "no Chromium; `make test` installs it"
    with tempfile.TemporaryDirectory(prefix="dualstack-browser-", ignore_cleanup_errors=True) as folder:
        started = Browser(Path(folder))
        yield started
        started.close()
