# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deadlines and back-off."""

from __future__ import annotations

import pytest

from dualstack_speaker.base.backoff import Backoff, jittered
from dualstack_speaker.base.codec import Reader, Short
from dualstack_speaker.base.deadlines import Deadlines


def test_deadlines_fall_due_in_order_and_once() -> None:
    deadlines = Deadlines()
    assert deadlines.next is None
    for name, at in (("b", 2.0), ("a", 1.0), ("c", 3.0)):
        deadlines.set(name, at)
    deadlines.set("a", 1.5)
    assert deadlines.next == 1.5
    assert deadlines.take_due(2.0) == ["a", "b"]
    assert deadlines.take_due(2.0) == []
    assert (deadlines.at("a"), deadlines.at("c")) == (None, 3.0)
    deadlines.clear()
    assert deadlines.next is None


def test_back_off_doubles_up_to_its_ceiling_and_forgets() -> None:
    backoff = Backoff(1.0, 5.0)
    assert [backoff.delay(1.0) for _unused in range(5)] == [1.0, 2.0, 4.0, 5.0, 5.0]
    backoff.forget()
    assert backoff.delay(1.0) == 1.0
    assert all(Backoff(1.0, 5.0).delay(0.0) == 0.75 for _unused in range(3))


def test_jitter_takes_up_to_a_quarter() -> None:
    assert (jittered(8.0, 0.0), jittered(8.0, 0.5), jittered(8.0, 1.0)) == (6.0, 7.0, 8.0)


def test_a_reader_never_reads_beyond_its_end() -> None:
    reader = Reader(bytes.fromhex("02aabb0102"))
    assert reader.block(1).rest() == b"\xaa\xbb"
    assert reader.number(1) == 1
    with pytest.raises(Short):
        reader.number(2)
    with pytest.raises(Short):
        reader.end()
    assert reader.number(1) == 2
    reader.end()
