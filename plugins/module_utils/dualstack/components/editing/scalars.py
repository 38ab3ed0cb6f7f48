# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scalars of YAML: what a plain one means to the components (YAML 1.1), and how one is written.

What is read differently by different readers (octal, sexagesimal, dates, infinities, escapes beyond JSON's) is
``ODD``: equal to nothing.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final


class Odd:
    """A scalar of which no value is claimed."""

    def __eq__(self, other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "ODD"


ODD: Final = Odd()
_NULLS = ("", "~", "null", "Null", "NULL")
_SWITCHES = {
    word: switch
    for small, switch in (("true", True), ("yes", True), ("on", True), ("false", False), ("no", False), ("off", False))
    for word in (small, small.capitalize(), small.upper())
}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FRACTION = re.compile(r"[-+]?[0-9]+\.[0-9]*([eE][-+][0-9]+)?")
_PECULIAR = re.compile(
    r"[-+]?[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?|[-+]?\.[0-9_]+([eE][-+]?[0-9]+)?"
    r"|[-+]?0[xbo][0-9a-fA-F_]+|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*|=|<<|[yYnN]"
)
_PLAIN = re.compile(r"[A-Za-z0-9_./-][A-Za-z0-9_./,=:@+%-]*")


def plain(text: str) -> Any:
    """The value of a plain scalar."""
    if text in _NULLS:
        return None
    if text in _SWITCHES:
        return _SWITCHES[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FRACTION.fullmatch(text):
        return float(text)
    return ODD if _PECULIAR.fullmatch(text) else text


def quoted(text: str) -> Any:
    """The value of a quoted scalar of one line, with its quotes."""
    if text[0] == "'":
        return text[1:-1].replace("''", "'")
    try:
        return json.loads(text)
    except ValueError:
        return ODD


def write(value: Any, like: str = "") -> str:
    """A scalar as text; ``like`` is a quote in which a text is put if it needs none but had it before.
    Raises TypeError for what is no scalar."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return json.dumps(value)
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} is no scalar")
    if like == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    simple = _PLAIN.fullmatch(value) and not value.endswith(":") and value.strip("-.") and plain(value) == value
    return value if simple and like != '"' else json.dumps(value, ensure_ascii=not value.isprintable())


def same(one: Any, other: Any) -> bool:
    """Whether two values are one to a component: ``1`` and ``true`` are not, as Python has it."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
