# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a measurement is: a name, a value, its unit, how often it was taken, and what it is held against."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any


def row(
    name: str, samples: Sequence[float], unit: str, baseline: tuple[str, Sequence[float]] | None = None
) -> dict[str, Any]:
    """A row of bench.json; values are medians. ``baseline``: the name and samples of what was measured beside it."""
    beside = None
    if baseline is not None:
        beside = {"name": baseline[0], "value": round(statistics.median(baseline[1]), 3)}
    value = round(statistics.median(samples), 3)
    return {"name": name, "value": value, "unit": unit, "samples": len(samples), "baseline": beside}
