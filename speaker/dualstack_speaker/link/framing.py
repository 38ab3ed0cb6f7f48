# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON lines: octets in, whole lines out, bounded."""

from __future__ import annotations

MAX_LINE = 32 * 1024 * 1024  # octets: a full state of some 200 000 prefixes


class LineTooLong(ValueError):
    """A line above the bound: the sender is not to be trusted any further."""


class Lines:
    """Cuts a stream into lines without their newline."""

    def __init__(self, limit: int = MAX_LINE) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Adds octets and returns the lines that became whole; LineTooLong when what is kept grows above the bound."""
        *whole, rest = data.split(b"\n")
        lines = []
        for part in whole:
            lines.append(b"".join([*self._parts, part]))
            self._parts, self._size = [], 0
        if rest:
            self._parts.append(rest)
            self._size += len(rest)
        if self._size > self._limit or any(len(line) > self._limit for line in lines):
            raise LineTooLong(f"a line of more than {self._limit} octets")
        return lines
