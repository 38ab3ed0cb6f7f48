# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Differences between desired states."""

from __future__ import annotations

import copy
import random
from typing import Any

from dualstack_speaker.speaker.delta import EMPTY, PARTS, difference


def apply(state: Any, delta: Any) -> dict[str, dict[str, Any]]:
    result = {part: dict(state[part]) for part in PARTS}
    for part, changes in delta.items():
        for key, value in changes.items():
            if value is None:
                del result[part][key]
            else:
                result[part][key] = value
    return result


def some_state(chooser: random.Random) -> dict[str, dict[str, Any]]:
    return {
        part: {f"{part}{number}": {"value": chooser.randrange(3)} for number in range(8) if chooser.random() < 0.6}
        for part in PARTS
    }


def test_a_delta_turns_one_state_into_the_other() -> None:
    chooser = random.Random(3)
    for _unused in range(200):
        before, after = some_state(chooser), some_state(chooser)
        delta = difference(before, after)
        assert apply(before, delta) == after
        touched = [key for changes in delta.values() for key in changes]
        same = [key for part in PARTS for key in before[part] if before[part][key] == after[part].get(key)]
        assert not set(touched) & set(same)


def test_equal_states_have_no_difference() -> None:
    state = some_state(random.Random(5))
    assert difference(state, copy.deepcopy(state)) == {}
    assert difference(EMPTY, EMPTY) == {}
