# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From manifests to an intent: what a cluster has today becomes inventory data that plans and renders the same."""

from __future__ import annotations

from .build import Imported, intent_of

__all__ = ["Imported", "intent_of"]
