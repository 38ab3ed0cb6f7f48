# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference page is generated from the schema and kept in docs/intent.md."""

from __future__ import annotations

from pathlib import Path

import generated

from dualstack.intent.describe import markdown


def test_the_reference_page_is_current(checkout: Path) -> None:
    generated.check(checkout / "docs" / "intent.md", "the schema", markdown())
