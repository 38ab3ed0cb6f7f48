# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random input that can be repeated: cases made of a seed, played step by step, watched, and made small when they fail.

A fuzzer makes cases (lists of steps, which are plain data) and plays them: a generator that yields the size of every
input, in octets, after it was given and everything that must hold was looked at. Watched here: exceptions; work
without end (of every 20th case the lines of code per input are counted, of the others the CPU time of the case); memory
that is not given back (blocks of the interpreter after every 10,000 inputs; tracemalloc over 10,000 inputs to one
object).
"""

from __future__ import annotations

import gc
import itertools
import json
import random
import signal
import sys
import tracemalloc
from collections.abc import Iterable, Iterator
from functools import partial
from types import FrameType
from typing import Any, NamedTuple, Protocol

from fuzz.lines import Lines

Step = list[Any]  # a verb and plain data; octets as hex
BLOCK = 10_000  # inputs between two looks at the memory
METERED = 20  # every so manieth case has its lines counted
CPU = 30.0  # seconds of a case that count as a hang
LINES = 40_000  # lines of code that any input may take (a slice of UPDATEs takes the most) …
LINES_PER_OCTET = 60  # … and per octet of it
SLACK_BLOCKS = 3_000  # blocks that may come to stay in the interpreter (caches of it, of patterns, of texts)
SLACK_OCTETS = 200_000  # octets that one object may keep beyond what it kept after a fifth of its inputs


class Broken(AssertionError):
    """Something that must hold does not."""


class Fuzzer(Protocol):
    """Makes cases and plays them. ``packages``: folders of the product whose code is watched."""

    name: str
    packages: tuple[str, ...]

    def case(self, chance: random.Random) -> list[Step]:
        """A case."""

    def play(self, steps: Iterable[Step]) -> Iterator[int]:
        """Plays it, with new objects; yields after every input."""


class Report(NamedTuple):
    """What a run did. ``kept``: octets that one object kept more after 10,000 inputs than after 2,000."""

    inputs: int
    cases: int
    most_lines: float
    kept: int


def run(fuzzer: Fuzzer, seed: str, wanted: int, lines: Lines | None = None) -> Report:
    """Gives at least ``wanted`` inputs; Broken with a case that was made small. ``lines`` collects what was reached."""
    inputs = cases = 0
    most = 0.0
    meter = lines or Lines()
    blocks, looked = None, 0
    while inputs < wanted:
        steps = fuzzer.case(random.Random(f"{fuzzer.name} {seed} {cases}"))
        try:
            if cases % METERED == 0:
                given, share = _metered(fuzzer, steps, meter)
                most = max(most, share)
            else:
                given = _timed(fuzzer, steps)
        except Exception as error:
            raise Broken(explain(fuzzer, seed, cases, steps, error)) from error
        inputs += given
        cases += 1
        if inputs >= looked + BLOCK:
            looked = inputs
            gc.collect()
            now = sys.getallocatedblocks()
            if blocks is not None and now > blocks + SLACK_BLOCKS:
                raise Broken(f"{fuzzer.name}: {now - blocks} blocks of memory stayed after {inputs} inputs")
            blocks = blocks or now
    return Report(inputs, cases, most, 0)


def endure(fuzzer: Fuzzer, seed: str, wanted: int = BLOCK) -> Report:
    """Gives ``wanted`` inputs to one object; Broken when it keeps more and more."""
    steps: list[Step] = []

    def more() -> Iterator[Step]:
        for number in itertools.count():
            made = fuzzer.case(random.Random(f"{fuzzer.name} {seed} long {number}"))
            for step in made if number == 0 else made[1:]:  # the first step says what the object is
                steps[:] = [*steps[-20:], step]
                yield step

    inputs = early = 0
    gc.collect()
    tracemalloc.start()
    try:
        for _unused in fuzzer.play(more()):
            inputs += 1
            if inputs == wanted // 5:
                gc.collect()
                early = tracemalloc.get_traced_memory()[0]
            elif inputs >= wanted:
                break
        gc.collect()
        kept = max(0, tracemalloc.get_traced_memory()[0] - early)
    except Exception as error:
        last = f"{fuzzer.name}, seed {seed}, after {inputs} inputs to one object: {type(error).__name__}: {error}"
        raise Broken(f"{last}; the last steps were {json.dumps(steps)}") from error
    finally:
        tracemalloc.stop()
    if kept > getattr(fuzzer, "slack", SLACK_OCTETS):
        raise Broken(f"{fuzzer.name}: one object kept {kept} octets more after {inputs} inputs")
    return Report(inputs, 1, 0.0, kept)


def explain(fuzzer: Fuzzer, seed: str, case: int, steps: list[Step], error: Exception) -> str:
    """What to tell of a failure: how to repeat it, and the least that fails in the same way."""
    small = minimise(fuzzer, steps, error)
    return "\n".join(
        [
            f"{fuzzer.name}, seed {seed}, case {case}: {type(error).__name__}: {error}",
            f"to repeat: python3 tests/fuzz/run.py --replay {fuzzer.name} '{json.dumps(small)}'",
        ]
    )


def minimise(fuzzer: Fuzzer, steps: list[Step], error: Exception) -> list[Step]:
    """Leaves out steps, then octets, as long as it fails in the same way."""

    def fails(candidate: list[Step]) -> bool:
        try:
            _metered(fuzzer, candidate, Lines())
        except Exception as found:
            return _alike(found) == _alike(error)
        return False

    if not fails(steps):
        return steps  # only time brings it out
    small = _shrink(steps, fails)
    for number, step in enumerate(small):
        for place, value in enumerate(step):
            if isinstance(value, str) and len(value) > 2 and _is_hex(value):
                with_octets = partial(_with_octets, small, number, place)
                kept = _shrink(list(bytes.fromhex(value)), lambda octets, make=with_octets: fails(make(octets)))
                small = with_octets(kept)
    return small


def _alike(error: Exception) -> tuple[type, str]:
    """What failures of one kind have in common: all but numbers."""
    return type(error), "".join(char for char in str(error) if not char.isdigit())


def _with_octets(steps: list[Step], number: int, place: int, octets: list[int]) -> list[Step]:
    """The steps with other octets in one place."""
    changed = [list(step) for step in steps]
    changed[number][place] = bytes(octets).hex()
    return changed


def _shrink(parts: list[Any], fails: Any) -> list[Any]:
    size = max(1, len(parts) // 2)
    tries = 400
    while size and tries:
        at, before = 0, len(parts)
        while at < len(parts) and tries:
            tries -= 1
            candidate = parts[:at] + parts[at + size :]
            if fails(candidate):
                parts = candidate
            else:
                at += size
        if len(parts) == before or size > len(parts):
            size //= 2
    return parts


def _is_hex(text: str) -> bool:
    try:
        return bool(bytes.fromhex(text))
    except ValueError:
        return False


def _metered(fuzzer: Fuzzer, steps: list[Step], lines: Lines) -> tuple[int, float]:
    """Plays with lines counted; how many inputs, and the greatest share of what an input may take."""
    inputs, most = 0, 0.0
    with lines.counting(fuzzer.packages, LINES + LINES_PER_OCTET * 70_000):
        before = lines.count
        for size in fuzzer.play(steps):
            inputs += 1
            share = (lines.count - before) / (LINES + LINES_PER_OCTET * size)
            if share > 1:
                raise Broken(f"{lines.count - before} lines of code for an input of {size} octets")
            most = max(most, share)
            before = lines.count
    return inputs, most


def _timed(fuzzer: Fuzzer, steps: list[Step]) -> int:
    """Plays with the CPU time limited."""
    before = signal.signal(signal.SIGPROF, _hung)
    signal.setitimer(signal.ITIMER_PROF, CPU)
    try:
        return sum(1 for _unused in fuzzer.play(steps))
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _hung(_number: int, _frame: FrameType | None) -> None:
    raise Broken(f"a case took more than {CPU} s of CPU")
