# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses in their one form, and words in a row."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterable


@functools.lru_cache(maxsize=1 << 16)
def same(address: str) -> str:
    """An address in its one canonical form, so that spellings compare; other text unchanged."""
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return address


def listing(words: Iterable[str], none: str = "none") -> str:
    """Words with commas, in order."""
    return ", ".join(sorted(words)) or none
