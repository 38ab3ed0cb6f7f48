# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a measurement is: a name, a value, its unit, how often it was taken, and what it is held against."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any


def row(name: str, samples: Sequence[float], unit: str, *baselines: tuple[str, Sequence[float]]) -> dict[str, Any]:
    """A row of bench.json; values are medians, ``range`` is the least and the greatest sample.

    ``baselines``: names and samples of what was measured beside it in the same run; ``baseline`` is the lowest.
    """
    beside = [{"name": other, "value": round(statistics.median(found), 3)} for other, found in baselines]
    return {
        "name": name,
        "value": round(statistics.median(samples), 3),
        "unit": unit,
        "samples": len(samples),
        "range": [round(min(samples), 3), round(max(samples), 3)],
        "baseline": min(beside, key=lambda one: one["value"], default=None),
        "baselines": beside,
    }


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """The power of the size with which a cost grows, by least squares over the logarithms; 1 is linear."""
    x, y = [math.log(size) for size in sizes], [math.log(cost) for cost in costs]
    return statistics.linear_regression(x, y).slope


def percentile(samples: Sequence[float], share: float) -> float:
    """The least sample that is not below ``share`` (0 to 1) of them."""
    return sorted(samples)[max(0, math.ceil(share * len(samples)) - 1)]
