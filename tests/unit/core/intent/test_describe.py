# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference page is generated from the schema and kept in docs/intent.md."""

from __future__ import annotations

import os
from pathlib import Path

from dualstack.intent.describe import markdown

MARK = "<!-- generated from the schema: UPDATE_GOLDEN=1 make unit -->\n"


def test_the_reference_page_is_current(checkout: Path) -> None:
    page = checkout / "docs" / "intent.md"
    prose, mark, reference = page.read_text(encoding="utf-8").partition(MARK)
    assert mark, f"{page} has lost its mark {MARK!r}"
    if os.environ.get("UPDATE_GOLDEN"):
        page.write_text(prose + MARK + markdown(), encoding="utf-8")
        return
    assert reference == markdown()
