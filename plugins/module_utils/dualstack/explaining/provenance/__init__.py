# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of provenance: one entry for every kind of value that a plan holds."""

from __future__ import annotations

from .entry import Entry
from .hosts import CLIENTS, NODES, PROFILES, ROUTERS
from .reaching import ROUTES, VIPS
from .segments import CLUSTERS, MEMBERS, SEGMENTS, SELF
from .serving import ADVERTISEMENTS, POOLS, SERVICES
from .sessions import SESSIONS

PROVENANCE: tuple[Entry, ...] = (
    *SELF,
    *CLUSTERS,
    *SEGMENTS,
    *MEMBERS,
    *NODES,
    *ROUTERS,
    *CLIENTS,
    *PROFILES,
    *SESSIONS,
    *POOLS,
    *ADVERTISEMENTS,
    *SERVICES,
    *ROUTES,
    *VIPS,
)
