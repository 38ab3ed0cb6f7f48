# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of classic BPF as data, so that the kernel hands over only what may need an answer.

A row: (code, jump when true, jump when false, k).
"""

from __future__ import annotations

_LOAD_BYTE, _LOAD_HALF, _JUMP_EQUAL, _RETURN = 0x30, 0x28, 0x15, 0x06
_KEEP, _DROP = (_RETURN, 0, 0, 0xFFFF), (_RETURN, 0, 0, 0)

ARP_REQUESTS: list[tuple[int, int, int, int]] = [
    (_LOAD_HALF, 0, 0, 12),
    (_JUMP_EQUAL, 0, 3, 0x0806),
    (_LOAD_HALF, 0, 0, 20),
    (_JUMP_EQUAL, 0, 1, 1),
    _KEEP,
    _DROP,
]
SOLICITATIONS: list[tuple[int, int, int, int]] = [
    (_LOAD_HALF, 0, 0, 12),
    (_JUMP_EQUAL, 0, 5, 0x86DD),
    (_LOAD_BYTE, 0, 0, 20),
    (_JUMP_EQUAL, 0, 3, 58),
    (_LOAD_BYTE, 0, 0, 54),
    (_JUMP_EQUAL, 0, 1, 135),
    _KEEP,
    _DROP,
]
