# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fabric that is no demo: configured at once, proven, and nothing to do the second time. Molecule has another."""

from __future__ import annotations

from pathlib import Path

import pytest
from driver import ROOT, TOKEN, Fabric

pytestmark = [pytest.mark.root, pytest.mark.lab]


@pytest.mark.parametrize("example", ["unnumbered"])
def test_a_fabric_works_as_planned(example: str, tmp_path: Path) -> None:
    made = Fabric(f"{example[:5]}-{TOKEN}", ROOT / "examples" / example / "inventory.yml", tmp_path)
    made.playbook("plan", hosts=False).require()
    made.lab("create", "--plan", str(made.plan_file))
    try:
        made.playbook("site").require()
        evidence = made.settle()
        assert {vip["family"] for vip in evidence["vips"]} == {"ipv4", "ipv6"}
        assert made.playbook("site").require().changed == []
    finally:
        made.lab("destroy")
