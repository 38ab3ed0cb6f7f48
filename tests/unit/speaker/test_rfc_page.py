# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every test that docs/rfc.md names is there."""

from __future__ import annotations

import re
from pathlib import Path


def test_the_named_tests_exist(checkout: Path) -> None:
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", (checkout / "docs" / "rfc.md").read_text(encoding="utf-8"))
    assert named
    lost = [
        f"{path}::{test}"
        for path, test in named
        if f"\ndef {test}(" not in (checkout / "tests" / path).read_text(encoding="utf-8")
    ]
    assert not lost
