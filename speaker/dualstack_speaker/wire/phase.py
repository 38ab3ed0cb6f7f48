# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a node is taken out of service."""

from __future__ import annotations

import enum


class Phase(enum.Enum):
    """Phases of a drain; values are what the status shows."""

    OFF = "off"
    TOLD = "told"  # everything is announced with GRACEFUL_SHUTDOWN
    WITHDRAWN = "withdrawn"
