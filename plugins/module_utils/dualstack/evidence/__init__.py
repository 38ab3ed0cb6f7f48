# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence: what was planned against what was observed, per VIP and family."""

from __future__ import annotations

from .judge import judge
from .observations import collect
from .page import page
from .table import breaks, table

__all__ = ["breaks", "collect", "judge", "page", "table"]
