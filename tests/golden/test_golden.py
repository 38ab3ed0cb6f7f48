# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole plan and every rendering of each example, held against the committed tree.

After a wanted change: ``UPDATE_GOLDEN=1 make unit``, then review the diff of tests/golden/.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import fabrics
import pytest
import yaml

from dualstack.plan.build import make
from dualstack.render.tree import tree

GOLDEN = Path(__file__).parent


def rendered(example: str) -> dict[str, str]:
    plan, findings = make(*fabrics.read(example))
    assert plan is not None, findings
    json.dumps(plan)
    return {path: text(content) for path, content in tree(plan, findings).items()}


def text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return yaml.safe_dump(content, sort_keys=False, width=120, default_flow_style=None)


def test_every_family_set_has_an_example() -> None:
    families = {tuple(fabrics.read(name)[0]["cluster"]["families"]) for name in fabrics.names()}
    assert {("ipv4", "ipv6"), ("ipv4",), ("ipv6",)} <= families


@pytest.mark.parametrize("example", fabrics.names())
def test_golden(example: str) -> None:
    files = rendered(example)
    folder = GOLDEN / example
    if os.environ.get("UPDATE_GOLDEN"):
        for path in [path for path in folder.rglob("*") if path.is_file()]:
            path.unlink()
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content, encoding="utf-8")
    committed = {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()
    }
    assert sorted(committed) == sorted(files)
    for name, content in files.items():
        assert committed[name] == content, f"{example}/{name} differs"


@pytest.mark.parametrize("example", fabrics.names())
def test_no_rendering_holds_a_password(example: str) -> None:
    for name, content in rendered(example).items():
        for line in content.splitlines():
            if line.strip().startswith("neighbor ") and " password " in line:
                assert "@secret:" in line, f"{name}: {line}"
