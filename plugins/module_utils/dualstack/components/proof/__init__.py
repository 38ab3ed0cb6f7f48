# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proof that the cluster itself is of the families of its plan: what is asked, and rows of what was seen.

A row is about one thing (``id``), on one node or of the whole cluster, in one family or in none. Left out on purpose:
how it is gathered (modules), and VIPs, which have chains of their own (``evidence``).
"""

from __future__ import annotations

from .asking import asks, probes
from .judging import judge
from .sheet import IDS

__all__ = ["IDS", "asks", "judge", "probes"]
