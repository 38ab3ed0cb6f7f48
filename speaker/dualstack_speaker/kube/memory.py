# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory that a large list has taken, given back to the system: the C library keeps what threads have freed."""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """By glibc's malloc_trim(3), which takes milliseconds; elsewhere nothing."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
