# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading whatever people write addresses in: text of one or many lines, lists, lists of lists, mappings of lists.

Text is what an AWX survey returns: entries between commas, semicolons and line breaks; ``#`` begins a comment. A
mapping reads as its values; under the keys ``ipv4`` and ``ipv6`` only that family may stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .blocks import FAMILIES, FAMILY_NAME, AddressError, Block, parse
from .explain import shown

_SEPARATORS = re.compile("[,;]")
_LONGEST = 120
_DEEPEST = 16
_PROBLEMS_TOLD = 20


class Entry(NamedTuple):
    """A block, the text that it was written as, and where that stands (``line 3, entry 2``; empty for a lone text)."""

    block: Block
    text: str
    where: str


class Problem(NamedTuple):
    """An entry that is no block, where it stands, and why; the reason names the fix."""

    text: str
    where: str
    reason: str

    def __str__(self) -> str:
        literal = "" if not self.text or repr(self.text) in self.reason else f"{self.text!r}: "
        return ": ".join(filter(None, [self.where, f"{literal}{self.reason}"]))


def read(value: Any) -> tuple[list[Entry], list[Problem]]:
    """All entries of ``value`` in the order in which they stand, and all that is wrong with it.

    An empty list or mapping is the empty set; a text without an entry is a problem.
    """
    entries: list[Entry] = []
    problems: list[Problem] = []
    for text, where, family in _texts(value, (), "", problems):
        if len(text) > _LONGEST:
            reason = f"{len(text)} characters are no block; put a comma or a line break between entries"
            problems.append(Problem(f"{text[:40]}…", where, reason))
            continue
        try:
            block = parse(text)
        except AddressError as problem:
            problems.append(Problem(text, where, str(problem)))
            continue
        if family and block.family != family:
            reason = f"is {FAMILY_NAME[block.family]} and stands under {family}; move it to {block.family}"
            problems.append(Problem(text, where, reason))
        else:
            entries.append(Entry(block, text, where))
    return entries, problems


def entries(value: Any, family: str | None = None) -> list[Entry]:
    """All entries of ``value``, of ``family`` only if one is named.

    Raises AddressError that tells every problem with its position.
    """
    found, problems = read(value)
    tell(problems)
    if family is None:
        return found
    check_family(family)
    return [entry for entry in found if entry.block.family == family]


def blocks(value: Any, family: str | None = None) -> list[Block]:
    """The blocks of ``entries``."""
    return [entry.block for entry in entries(value, family)]


def owned(value: Any) -> list[tuple[str, Entry]]:
    """All entries with their owners: the key of a mapping, else the position.

    Raises AddressError that tells every problem with its position.
    """
    if not isinstance(value, Mapping):
        return [(entry.where or entry.text, entry) for entry in entries(value)]
    found: list[tuple[str, Entry]] = []
    problems: list[Problem] = []
    for owner, item in value.items():
        good, bad = read({owner: item})
        found += [(str(owner), entry) for entry in good]
        problems += bad
    tell(problems)
    return found


def tell(problems: Sequence[Problem]) -> None:
    """Raises AddressError with all of ``problems``, one a line, unless there are none."""
    if problems:
        told = [str(problem) for problem in problems[:_PROBLEMS_TOLD]]
        if len(problems) > len(told):
            told.append(f"and {len(problems) - len(told)} more problems")
        raise AddressError("\n".join(told))


def check_family(family: Any) -> None:
    """Raises AddressError unless ``family`` is ``ipv4`` or ``ipv6``."""
    if family not in FAMILIES:
        raise AddressError(f"{shown(family)} is not a family; write ipv4 or ipv6")


def _texts(value: Any, where: tuple[str, ...], family: str, problems: list[Problem]) -> Iterator[tuple[str, str, str]]:
    """Every text with its position and the family that it must be of."""
    if isinstance(value, str):
        yield from _texts_of_lines(value, where, family, problems)
    elif len(where) >= _DEEPEST:
        problems.append(Problem("", ", ".join(where), f"lists within lists, {_DEEPEST} deep; write one list"))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            inner = str(key) if key in FAMILIES else family
            yield from _texts(item, (*where, f"key {key}"), inner, problems)
    elif isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        for number, item in enumerate(value, start=1):
            yield from _texts(item, (*where, f"entry {number}"), family, problems)
    else:
        reason = f"{shown(value)} is {_kind(value)}; write addresses as text, in quotes"
        problems.append(Problem("", ", ".join(where), reason))


def _texts_of_lines(
    value: str, where: tuple[str, ...], family: str, problems: list[Problem]
) -> Iterator[tuple[str, str, str]]:
    lines = value.splitlines()
    empty = True
    for number, line in enumerate(lines, start=1):
        parts = [part.strip() for part in _SEPARATORS.split(line.partition("#")[0])]
        alone = len(lines) == len(parts) == 1
        for position, part in enumerate(parts, start=1):
            if part:
                empty = False
                inside = () if alone else (f"line {number}", f"entry {position}")
                yield part, ", ".join((*where, *inside)), family
    if empty:
        reason = "the text holds no address; write an address, a CIDR or a range first-last"
        problems.append(Problem(value[:40], ", ".join(where), reason))


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "a boolean"
    return "a number" if isinstance(value, (int, float)) else f"of type {type(value).__name__}"
