# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How BFD watches the path to a peer, as JSON: checked reading and writing."""

from __future__ import annotations

from typing import Any

from ..base.model import Bfd
from .fields import Fields

LEAST_MS, MOST_MS = 50, 60_000  # a process below 50 ms would fail paths that work


def decode(where: str, value: Any) -> Bfd | None:
    """The settings, None for null; LinkError names the bad field."""
    if value is None:
        return None
    fields = Fields(where, value)
    settings = Bfd(
        receive_ms=fields.number("receive_ms", LEAST_MS, MOST_MS),
        transmit_ms=fields.number("transmit_ms", LEAST_MS, MOST_MS),
        multiplier=fields.number("multiplier", 2, 255),
        passive=fields.flag("passive", False),
        minimum_ttl=fields.optional_number("minimum_ttl", 1, 255),
    )
    fields.end()
    return settings


def encode(settings: Bfd | None) -> dict[str, Any] | None:
    """The JSON object."""
    return None if settings is None else settings._asdict()
