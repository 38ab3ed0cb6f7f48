# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an election is told of this node, and what it puts out."""

from __future__ import annotations

from typing import NamedTuple, Union

from ..base.outputs import Note


class Settings(NamedTuple):
    """This node's name, seconds between heartbeats, how many may be missing."""

    node: str
    interval: float
    multiplier: int

    @property
    def detection(self) -> float:
        """Seconds after which a node that is not heard is silent."""
        return self.interval * self.multiplier


class Transmit(NamedTuple):
    """Send these octets to a node, to all its addresses."""

    node: str
    data: bytes


class Owners(NamedTuple):
    """Whose addresses are now (None: nobody's, or this node's where it has no name); ``mine``: this node's of them."""

    changes: dict[bytes, str | None]
    mine: frozenset[bytes]


Output = Union[Transmit, Owners, Note]
