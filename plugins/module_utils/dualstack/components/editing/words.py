# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words in the files of systemd, each with its place in the text: of ``ExecStart=``, ``Environment=`` and their files.

Syntax: systemd.syntax(7), systemd.exec(5).

A backslash at the end of a line joins lines, and lines of comment between joined ones do not count. Specifiers and
escapes other than ``%%``, ``$$`` and backslash before a quote, backslash or blank are kept as they are written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from .owned import EditError

_SEPARATOR = re.compile(r"(?:[ \t]|\\\r?\n(?:[ \t]*[#;][^\n]*(?:\n|$))*)+")
_PLAIN = re.compile(r"[A-Za-z0-9_./,=:@+~<>{}\[\]-]+")
_ESCAPED = "\"'\\ "


class Word(NamedTuple):
    """``text`` is what it says, ``start`` and ``end`` are its place."""

    text: str
    start: int
    end: int


class Assignment(NamedTuple):
    """``NAME=VALUE`` of a file; ``start`` and ``end`` are the place of what follows ``=``, over joined lines."""

    name: str
    start: int
    end: int


def assignments(text: str, section: str | None = None) -> Iterator[Assignment]:
    """All assignments, of a section of a unit file, or of a file without sections."""
    current, place = None, 0
    while place < len(text):
        end = _line_end(text, place)
        line = text[place:end].strip()
        if line.startswith("[") and line.endswith("]"):
            current = line[1:-1]
        elif line and line[0] not in "#;" and current == section:
            found = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*=[ \t]*").match(text, place, end)
            if found:
                yield Assignment(found[1], found.end(), found.end() + len(text[found.end() : end].rstrip()))
        place = end + 1


def split(text: str, start: int, end: int, specifiers: bool = True) -> list[Word]:
    """The words between two places. Raises EditError for a quote that is not closed."""
    found, place = [], start
    while place < end:
        blank = _SEPARATOR.match(text, place, end)
        if blank:
            place = blank.end()
            continue
        word = _word(text, place, end, specifiers)
        found.append(word)
        place = word.end
    return found


def line_of(text: str, place: int) -> int:
    """The line of a place, counted from 1."""
    return text.count("\n", 0, place) + 1


def quoted(word: str, line: int) -> str:
    """A word as ``ExecStart=`` takes it. Raises EditError."""
    if not word.isprintable():
        raise EditError(line, f"{word!r} has characters that a unit file can't hold", "give a text of one line")
    escaped = word.replace("%", "%%").replace("$", "$$")
    if _PLAIN.fullmatch(word):
        return escaped
    return '"' + escaped.replace("\\", "\\\\").replace('"', '\\"') + '"'


def bare(word: str, line: int, specifiers: bool) -> str:
    """A word as it can stand among others in a variable. Raises EditError for one that would need quotes there."""
    if not word or not _PLAIN.fullmatch(word.replace("%", "").replace("$", "") or "x"):
        raise EditError(
            line, f"{word!r} can't stand in a variable, which is split at blanks", "put it into ExecStart= itself"
        )
    return word.replace("%", "%%") if specifiers else word


def _word(text: str, place: int, end: int, specifiers: bool) -> Word:
    start, quote, said = place, "", ""
    while place < end:
        char = text[place]
        if char == "\\" and place + 1 < end and (text[place + 1] in _ESCAPED) and quote != "'":
            said += text[place + 1]
            place += 2
        elif quote and char == quote:
            quote = ""
            place += 1
        elif not quote and char in "\"'":
            quote = char
            place += 1
        elif not quote and _SEPARATOR.match(text, place, end):
            break
        else:
            said += char
            place += 2 if specifiers and text[place : place + 2] in ("%%", "$$") else 1
    if quote:
        raise EditError(line_of(text, start), "a quote that is not closed", "close it")
    return Word(said, start, place)


def _line_end(text: str, place: int) -> int:
    """The end of a line with those that a backslash joins to it."""
    begin = place
    while True:
        end = text.find("\n", begin)
        if end < 0:
            return len(text)
        line = text[begin:end].strip()
        comment = line.startswith(("#", ";"))
        if (comment and begin == place) or not (comment or text[begin:end].rstrip("\r").endswith("\\")):
            return end
        begin = end + 1
