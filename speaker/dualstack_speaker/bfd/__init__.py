# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BFD, asynchronous mode (RFC 5880, 5881, 5883, 5882): watches the paths to BGP peers. No I/O.

``packet``: the codec; ``fsm``: the states as a table; ``session``: one path with its timers; ``sessions``: which
session a packet belongs to. Left out on purpose: echo, authentication, demand mode of our own (a peer's is respected),
and a detect multiplier of 1.
"""

from __future__ import annotations
