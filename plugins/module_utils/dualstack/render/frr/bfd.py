# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BFD profiles (RFC 5880) as FRR writes them itself: what equals its own defaults is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# bfdd's defaults (8.4 to 10.3): milliseconds, packets, hops.
DEFAULTS = {
    "detect-multiplier": 3,
    "transmit-interval": 300,
    "receive-interval": 300,
    "echo transmit-interval": 50,
    "echo receive-interval": 50,
    "minimum-ttl": 254,
}


def lines(profiles: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The block ``bfd`` with the profiles; nothing when there is none."""
    if not profiles:
        return
    yield "bfd"
    for name, profile in profiles.items():
        yield f" profile {name}"
        for word, value in _values(profile).items():
            if value is not None and value != DEFAULTS[word]:
                yield f"  {word} {value}"
        if profile["echo"]:
            yield "  echo-mode"
        if profile["passive"]:
            yield "  passive-mode"
        yield " exit"
        yield " !"
    yield "exit"
    yield "!"


def _values(profile: Mapping[str, Any]) -> dict[str, int | None]:
    echo = profile["echo_interval"] if profile["echo"] else None
    return {
        "detect-multiplier": profile["detect_multiplier"],
        "transmit-interval": profile["transmit_interval"],
        "receive-interval": profile["receive_interval"],
        "echo transmit-interval": echo,
        "echo receive-interval": echo,
        "minimum-ttl": profile["minimum_ttl"],
    }
