# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Differences between desired states."""

from __future__ import annotations

import copy
import random
from typing import Any

from dualstack_speaker.base.model import Delta
from dualstack_speaker.link import messages
from dualstack_speaker.link.routes import Decoder
from dualstack_speaker.speaker.delta import EMPTY, MANY, PARTS, SLICE, difference, slices, told


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


def heard(parts: dict[str, Any]) -> Delta:
    """What ``wire`` reads of a request."""
    return messages.decode_delta({**{part: {} for part in PARTS}, **parts}, Decoder())


def some_routes(count: int) -> dict[str, Any]:
    """Of both families, in two ways and taken away; some ways are one object."""
    shared = [{"peers": ["tor1"]}]
    ways = [lambda: shared, lambda: [{"peers": ["tor1"]}], lambda: [{"peers": ["tor2"]}], lambda: None]
    prefixes = [f"10.0.{n >> 8}.{n & 255}/32" if n % 2 else f"2001:db8::{n:x}/128" for n in range(count)]
    return {prefix: ways[number % len(ways)]() for number, prefix in enumerate(prefixes)}


def test_many_routes_are_told_by_what_they_have_in_common() -> None:
    few, many = {"routes": some_routes(MANY - 1)}, {"routes": some_routes(MANY), "layer2": {}}
    assert told(few) == few
    assert [group["paths"] for group in told(many)["alike"]] == [
        [{"peers": ["tor1"]}], [{"peers": ["tor2"]}], None,
    ]  # fmt: skip
    assert heard(told(many)) == heard(many)


def test_many_routes_go_in_steps_that_amount_to_the_same() -> None:
    changes = {"routes": some_routes(2 * SLICE + 1)}
    steps = list(slices(changes))
    assert [len(step["routes"]) for step in steps] == [SLICE, SLICE, 1]
    assert {prefix: paths for step in steps for prefix, paths in step["routes"].items()} == changes["routes"]
    assert list(slices({**changes, "peers": {"tor2": None}})) == [{**changes, "peers": {"tor2": None}}]
    assert list(slices({"layer2": {}})) == [{"layer2": {}}]
