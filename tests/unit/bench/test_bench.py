# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table and the verdict of the measurements."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def load(checkout: Path, name: str) -> ModuleType:
    """A file of tests/bench as a module."""
    spec = importlib.util.spec_from_file_location(f"bench_{name}", checkout / "tests" / "bench" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_rows_are_medians_beside_their_baselines(checkout: Path) -> None:
    row = load(checkout, "measurements").row
    assert row("wire_rss_mib", [3.0, 1.0, 2.0], "MiB") == {
        "name": "wire_rss_mib", "value": 2.0, "unit": "MiB", "samples": 3, "range": [1.0, 3.0],
        "baseline": None, "baselines": [],
    }  # fmt: skip
    beside = row("a", [1.0], "ms", ("FRR", [5.0, 7.0]), ("BIRD", [4.0]))
    assert beside["baselines"] == [{"name": "FRR", "value": 6.0}, {"name": "BIRD", "value": 4.0}]
    assert beside["baseline"] == {"name": "BIRD", "value": 4.0}


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_growth_is_told_as_a_power_of_the_size(power: float, checkout: Path) -> None:
    exponent = load(checkout, "measurements").exponent
    assert exponent([10, 20, 40], [7 * size**power for size in (10, 20, 40)]) == pytest.approx(power)


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_percentiles_are_samples(share: float, value: float, checkout: Path) -> None:
    assert load(checkout, "measurements").percentile(list(range(100, 0, -1)), share) == value


def test_bars_are_for_the_most_the_least_and_being_ahead(checkout: Path) -> None:
    bars, row = load(checkout, "bars"), load(checkout, "measurements").row
    limit = bars.Bar(most=5, ahead=True)
    others = (("FRR", [51.0]), ("BIRD", [1.5]))
    assert str(limit) == "≤ 5, less than each beside it"
    assert limit.misses(row("a", [1.4], "ms", *others)) == []
    assert limit.misses(row("a", [1.5], "ms", *others)) == ["not less than BIRD"]
    assert limit.misses(row("a", [60.0], "ms", *others)) == ["more than 5", "not less than FRR", "not less than BIRD"]
    least = bars.Bar(least=20_000)
    assert least.misses(row("a", [20_000.0], "/s")) == []
    assert least.misses(row("a", [19_999.0], "/s")) == ["less than 20000"]


AHEAD = ["less", "than", "each", "beside", "it)"]


def test_a_missed_bar_is_named(checkout: Path) -> None:
    run, row = load(checkout, "run"), load(checkout, "measurements").row
    good = run.judged(row("wire_rss_mib", [39.0, 38.0, 40.0], "MiB"))
    bad = run.judged(row("wire_add_10k_ms", [251.0], "ms", ("FRR", [900.0])))
    unjudged = run.judged(row("anything", [1.0], "s"))
    assert (good["missed"], bad["missed"], unjudged["missed"]) == ([], ["more than 250"], [])
    assert (good["bar"], unjudged["bar"]) == ("≤ 40", None)
    assert [line.split() for line in run.table([good, bad, unjudged]).splitlines()[1:]] == [
        ["wire_rss_mib", "39", "MiB", "38", "to", "40", "3", "≤", "40"],
        ["wire_add_10k_ms", "251", "ms", "1", "MISSED:", "more", "than", "250", "(≤", "250,", *AHEAD],
        ["FRR", "900", "ms"],
        ["anything", "1", "s", "1"],
    ]
