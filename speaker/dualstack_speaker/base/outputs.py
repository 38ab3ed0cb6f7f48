# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What protocol objects ask their driver to do.

A driver performs a list of these in order and calls nothing back meanwhile.
"""

from __future__ import annotations

from typing import NamedTuple, Union

Field = Union[str, int, float, bool, None]


class Dial(NamedTuple):
    """Open the connection ``number``; its inputs carry the number, so that those of an old one are dropped."""

    number: int


class Send(NamedTuple):
    """Write these octets to the connection ``number`` (0 where there is but one)."""

    data: bytes
    number: int = 0


class Hangup(NamedTuple):
    """Close the connection ``number`` after what was sent; forget a dial of it that is under way."""

    number: int


class Note(NamedTuple):
    """Something to log: a kind and plain fields, never a secret."""

    kind: str
    fields: dict[str, Field]


Output = Union[Dial, Send, Hangup, Note]
