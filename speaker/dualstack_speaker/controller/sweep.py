# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds Services that ceased to be of the type LoadBalancer while nobody looked, and still carry our annotation."""

from __future__ import annotations

import asyncio

from ..kube.errors import ApiError, SettingsError
from ..kube.kinds import KINDS
from .fenced import Fenced, LeaseOver
from .heart import SERVICE, Heart
from .patches import NOTE, OLD_NOTE

PAGE = "500"  # objects
PAUSE = 2.0  # seconds, after a request that failed
_TOO_OLD = 410


async def sweep(fenced: Fenced, heart: Heart) -> None:
    """Puts them into the heart, which clears them. Tries until all were seen, or the term has ended."""
    query = {"fieldSelector": "spec.type!=LoadBalancer", "limit": PAGE}
    ordering = heart.ordering
    while ordering is heart.ordering:
        try:
            answer = await fenced.get(KINDS[SERVICE].path(), query)
        except (ApiError, OSError, SettingsError, LeaseOver) as error:
            if isinstance(error, ApiError) and error.status == _TOO_OLD:
                query.pop("continue", None)
            await asyncio.sleep(PAUSE)
            continue
        if ordering is not heart.ordering:
            return
        for given in answer.get("items") or ():
            if {NOTE, OLD_NOTE} & (given["metadata"].get("annotations") or {}).keys():
                heart.put({**given, "apiVersion": "v1", "kind": SERVICE})
        following = (answer.get("metadata") or {}).get("continue")
        if not following:
            return
        query["continue"] = following
