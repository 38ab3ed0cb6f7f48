# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table and the verdict of the measurements."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def load(checkout: Path, name: str) -> ModuleType:
    """A file of tests/bench as a module."""
    spec = importlib.util.spec_from_file_location(f"bench_{name}", checkout / "tests" / "bench" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_rows_are_medians_beside_their_baseline(checkout: Path) -> None:
    row = load(checkout, "measurements").row
    assert row("wire_rss_mib", [3.0, 1.0, 2.0], "MiB") == {
        "name": "wire_rss_mib", "value": 2.0, "unit": "MiB", "samples": 3, "baseline": None,
    }  # fmt: skip
    assert row("a", [1.0], "ms", ("FRR", [5.0, 7.0]))["baseline"] == {"name": "FRR", "value": 6.0}


def test_a_missed_bar_is_named(checkout: Path) -> None:
    run, row = load(checkout, "run"), load(checkout, "measurements").row
    good, bad = row("wire_rss_mib", [39.0], "MiB"), row("wire_add_10k_ms", [251.0], "ms", ("FRR", [900.0]))
    assert run.missed([good]) == []
    assert run.missed([good, bad]) == ["wire_add_10k_ms"]
    assert [line.split() for line in run.table([good, bad]).splitlines()[1:]] == [
        ["wire_rss_mib", "39", "MiB", "≤", "40", "1"],
        ["wire_add_10k_ms", "251", "ms", "MISSED:", "250", "1", "900", "ms", "(FRR)"],
    ]
