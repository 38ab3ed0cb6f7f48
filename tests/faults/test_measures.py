# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made of probes and rounds: counts, gaps, medians, verdicts, the table."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from faults import measures
from faults.catalogue import FAULTS
from faults.measures import row, table
from faults.probes import Record


def record(*answered: bool) -> Record:
    """Probes 5 ms apart, answered at once or never."""
    sent = [number * 0.005 for number in range(len(answered))]
    return Record(sent, [at if good else None for at, good in zip(sent, answered)], ["n"] * len(sent))


@pytest.mark.parametrize(
    ("answered", "lost", "gap"),
    [
        ([True] * 5, 0, 0),
        ([True, False, True], 1, 5),
        ([True, False, False, True, False, True], 3, 10),
        ([True, False, False, False], 3, 10),  # to the last probe: no answer ends it
    ],
)
def test_probes_that_were_lost(answered: Sequence[bool], lost: int, gap: float) -> None:
    found = record(*answered)
    assert (found.lost, round(found.gap_ms, 6)) == (lost, gap)


def test_the_first_answer_after_a_moment() -> None:
    found = record(True, True, False, False, True)
    assert round(found.back_ms(0.009), 6) == 11
    assert found.back_ms(1) == math.inf


def test_rounds_become_a_row() -> None:
    found = row("cut", "ipv4", "wire", [{"gap_ms": value} for value in (300.0, 700.0, 280.04)])
    assert found["measures"]["gap_ms"] == {"median": 300, "least": 280, "most": 700}
    assert (found["rounds"], found["missed"]) == (3, [])
    assert row("cut", "ipv4", "wire", [{"gap_ms": 501.0}])["missed"] == ["gap_ms"]
    assert row("cut", "ipv4", "FRR", [{"gap_ms": 501.0}])["missed"] == []


def test_what_never_came_misses_every_bar() -> None:
    found = row("cut", "ipv4", "wire", [{"gap_ms": math.inf}])
    assert found["measures"]["gap_ms"]["median"] is None
    assert found["missed"] == ["gap_ms"]
    assert "gap never" in table([found])


def test_the_table_puts_what_is_compared_side_by_side() -> None:
    ours = row("killed", "ipv6", "wire", [{"lost": 2.0}, {"lost": 0.0}, {"lost": 3.0}])
    theirs = row("killed", "ipv6", "FRR", [{"lost": 0.0}])
    *_unused, line = table([ours, theirs]).splitlines()
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells == ["killed", "ipv6", "1", "lost 2 (0–3); **lost is above 0**", "FRR: lost 0"]


def test_rows_are_renewed_fault_by_fault() -> None:
    old = [row(fault, "ipv4", "wire", [{"lost": 1.0}]) for fault in ("cut", "killed", "clock")]
    new = [row("killed", "ipv4", "wire", [{"lost": 0.0}] * 5)]
    found = measures.renewed(old, new, ["clock", "cut", "killed"])
    assert [(one["fault"], one["rounds"]) for one in found] == [("clock", 1), ("cut", 1), ("killed", 5)]


def test_bars_are_of_faults_that_are_played() -> None:
    assert {fault for fault, _unused in measures.BARS} <= {fault.name for fault in FAULTS}
    assert {name for _unused, name in measures.BARS} <= set(measures.WORDS)
