# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo fabric on a lab of its own, configured and green, for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from driver import ROOT, TOKEN, Fabric


@pytest.fixture(scope="session")
def fabric(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fabric]:
    """The demo fabric after ``site.yml``, with all evidence green. Whoever breaks it mends it."""
    made = Fabric(f"test-{TOKEN}", ROOT / "examples" / "demo" / "inventory.yml", tmp_path_factory.mktemp("fabric"))
    made.playbook("plan", hosts=False).require()
    made.lab("create", "--plan", str(made.plan_file))
    try:
        made.playbook("site").require()
        made.proven = made.settle()
        yield made
    finally:
        made.lab("destroy")
