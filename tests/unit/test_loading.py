# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every Python file that comes to hosts can be loaded by this Python, also the oldest one (scripts/oldest.py)."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = "ansible_collections.baremetal.dualstack.plugins"
PARTS = {  # package → its folder
    "dualstack": "plugins/module_utils/dualstack",
    "dualstack_speaker": "speaker/dualstack_speaker",
    f"{PLUGINS}.module_utils": "plugins/module_utils",
    f"{PLUGINS}.modules": "plugins/modules",
}


def names(package: str, folder: Path) -> list[str]:
    """The modules of a package, those that run as a program left out; the core once, under its own name."""
    found = [path.relative_to(folder).with_suffix("").parts for path in sorted(folder.rglob("*.py"))]
    inside = [parts for parts in found if "__main__" not in parts and (len(parts) < 2 or "." not in package)]
    return [".".join((package, *parts)).replace(".__init__", "") for parts in inside]


@pytest.mark.parametrize("package", PARTS)
def test_every_file_loads(package: str) -> None:
    found = names(package, ROOT / PARTS[package])
    assert len(found) > 10
    for name in found:
        importlib.import_module(name)
