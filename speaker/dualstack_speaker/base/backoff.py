# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Delays between tries that double up to a ceiling. Randomness is passed in."""

from __future__ import annotations


class Backoff:
    """``delay`` gives first, 2 first, 4 first … ceiling (seconds), each times 0.75 to 1.0 (RFC 4271 section 10)."""

    def __init__(self, first: float, ceiling: float) -> None:
        self.ceiling = ceiling
        self._first = first
        self._tries = 0

    def delay(self, jitter: float) -> float:
        """The next delay; ``jitter`` is in [0, 1)."""
        plain = min(self.ceiling, self._first * 2.0 ** min(self._tries, 30))
        self._tries += 1
        return jittered(plain, jitter)

    def forget(self) -> None:
        """Starts again with the first delay."""
        self._tries = 0


def jittered(seconds: float, jitter: float) -> float:
    """``seconds`` shortened by up to a quarter (RFC 4271 section 10); ``jitter`` is in [0, 1)."""
    return seconds * (0.75 + 0.25 * jitter)
