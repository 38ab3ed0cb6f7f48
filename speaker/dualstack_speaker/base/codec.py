# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bounded reading of binary messages."""

from __future__ import annotations


class Short(ValueError):
    """A read beyond the end, or octets left over where the end was expected."""


class Reader:
    """Reads big-endian fields off octets and never beyond their end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        """How many octets are left."""
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        """The next ``count`` octets; Short when there are fewer."""
        if count > self.left:
            raise Short(f"{count} octets expected, {self.left} left")
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self, octets: int) -> int:
        """The next unsigned number of that many octets."""
        return int.from_bytes(self.take(octets), "big")

    def block(self, octets: int) -> Reader:
        """A reader over the next block, whose length stands in front of it in that many octets."""
        return Reader(self.take(self.number(octets)))

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(self.left)

    def end(self) -> None:
        """Short when anything is left."""
        if self.left:
            raise Short(f"{self.left} octets left over")
