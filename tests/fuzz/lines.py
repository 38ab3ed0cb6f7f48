# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts lines of the product's code that run, and remembers which ones: what input reaches, without other tools."""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import dualstack_speaker

HOME = Path(dualstack_speaker.__file__).parent  # as the interpreter names it: a link into the checkout


class TooMuch(AssertionError):
    """More lines than any input may take: a loop without end."""


class Lines:
    """Lines by file, and steps from one line of a function to another (branches). ``count``: how many ran."""

    def __init__(self) -> None:
        self.count = 0
        self.arcs: set[tuple[str, int, int]] = set()

    @contextmanager
    def counting(self, packages: tuple[str, ...], limit: int) -> Iterator[None]:
        """Counts within; TooMuch after ``limit`` lines."""
        folders = tuple(f"{HOME}/{package}" for package in packages)
        stop = self.count + limit

        def enter(frame: FrameType, _event: str, _argument: Any) -> Any:
            path = frame.f_code.co_filename
            if not path.startswith(folders):
                return None
            last = -frame.f_code.co_firstlineno

            def line(inner: FrameType, event: str, _more: Any) -> Any:
                nonlocal last
                if event == "line":
                    self.count += 1
                    self.arcs.add((path, last, inner.f_lineno))
                    last = inner.f_lineno
                    if self.count > stop:
                        raise TooMuch(f"{limit} lines of code and no end")
                return line

            return line

        before = sys.gettrace()
        sys.settrace(enter)
        try:
            yield
        finally:
            sys.settrace(before)

    def table(self, packages: tuple[str, ...]) -> list[tuple[str, int, int, int, int, tuple[int, ...]]]:
        """Per file: lines reached and all; branches (both ways of a decision) taken and all; the lines not reached."""
        rows = []
        for package in packages:
            path = HOME / package
            for file in sorted(path.glob("*.py")) if path.is_dir() else [path]:
                code = compile(file.read_text(encoding="utf-8"), str(file), "exec")
                lines, branches = _possible(code)
                taken = {(first, second) for name, first, second in self.arcs if name == str(file)}
                reached = {second for _unused, second in taken}
                if lines:
                    missing = tuple(sorted(lines - reached))
                    ways = (len(branches & taken), len(branches))
                    rows.append((str(file.relative_to(HOME)), len(lines & reached), len(lines), *ways, missing))
        return rows


def _possible(module: CodeType) -> tuple[set[int], set[tuple[int, int]]]:
    """Lines of functions that can run, and the steps that decisions can take; of modules and classes only functions."""
    lines: set[int] = set()
    branches: set[tuple[int, int]] = set()
    waiting = [(module, False)]
    while waiting:
        code, counts = waiting.pop()
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                waiting.append((constant, bool(constant.co_flags & 2)))  # CO_NEWLOCALS: a function
        if counts:
            found = {line for _unused, line in dis.findlinestarts(code) if line and line > code.co_firstlineno}
            lines |= found
            branches |= _decisions(code)
    return lines, branches


def _decisions(code: CodeType) -> set[tuple[int, int]]:
    steps: set[tuple[int, int]] = set()
    instructions = list(dis.get_instructions(code))
    line_of: dict[int, int] = {}
    line: int | None = None
    starts = dict(dis.findlinestarts(code))
    for instruction in instructions:
        line = starts.get(instruction.offset, line)
        line_of[instruction.offset] = line or code.co_firstlineno
    for number, instruction in enumerate(instructions[:-1]):
        if "JUMP" in instruction.opname and "IF" in instruction.opname:
            here = line_of[instruction.offset]
            targets = {line_of[instructions[number + 1].offset], line_of.get(instruction.argval, here)}
            if len(targets - {here}) == 2:  # both ways lead to other lines: a decision of its own line
                steps |= {(here, target) for target in targets}
    return steps
