# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages whose end is generated: current, or written anew with ``UPDATE_GOLDEN=1 make unit``."""

from __future__ import annotations

import os
from pathlib import Path


def check(page: Path, source: str, generated: str) -> None:
    """What stands behind the page's mark is what is generated from ``source`` (how the mark calls it)."""
    mark = f"<!-- generated from {source}: UPDATE_GOLDEN=1 make unit -->\n"
    prose, found, reference = page.read_text(encoding="utf-8").partition(mark)
    assert found, f"{page} has lost its mark {mark!r}"
    if os.environ.get("UPDATE_GOLDEN"):
        page.write_text(prose + mark + generated, encoding="utf-8")
        return
    assert reference == generated
