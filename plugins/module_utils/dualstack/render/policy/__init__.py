# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one router accepts, sends and prefers, computed once and in no router's language: ``view(plan, router)``.

FRR, BIRD, EOS and the peering sheet are ways of writing a ``View`` down. ``fabric`` tells who stands where,
``prefixes`` which prefixes belong to whom, ``clauses`` what is accepted and sent.
"""

from __future__ import annotations

from .clauses import Clause, Policy, Preference
from .fabric import Neighbour, Plan
from .view import View, view

__all__ = ["Clause", "Neighbour", "Plan", "Policy", "Preference", "View", "view"]
