# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pool holds an address: looked up for thousands of addresses."""

from __future__ import annotations

import bisect
from collections.abc import Collection, Mapping

from ..addresses.blocks import FAMILIES
from ..addresses.sets import overlaps
from ..findings import ERROR, Finding
from ..resources.model import Pool


class PoolIndex:
    """Pools by address. ``findings`` tells where they overlap: the pool that a Service notes counts then.

    So a pool that is added over addresses in use takes nothing off the air. Source: MetalLB refuses overlapping pools
    and keeps the configuration before; what a Service notes (ip-allocated-from-pool) is the controller's word.
    """

    def __init__(self, pools: Mapping[str, Pool]) -> None:
        self.pools = [pools[name] for name in sorted(pools)]
        self.findings = [
            Finding(
                "pool-overlap",
                ERROR,
                f"IPAddressPool {first}: spec.addresses",
                "",
                f"shares {shared} with the pool {second}",
                "Take the addresses out of one of the pools.",
            )
            for first, second, shared in overlaps([(pool.name, block) for pool in self.pools for block in pool.blocks])
        ]
        blocks = sorted(((block, pool) for pool in self.pools for block in pool.blocks), key=lambda entry: entry[0])
        self._firsts = {
            family: [block.first for block, _unused in blocks if block.family == family] for family in FAMILIES
        }
        self._lasts = {
            family: [(block.last, pool) for block, pool in blocks if block.family == family] for family in FAMILIES
        }

    def find(self, family: str, value: int, noted: Collection[str] = ()) -> Pool | None:
        """The pool that holds an address; of several the one in ``noted``, else the first by name."""
        if self.findings:
            holding = [
                pool
                for pool in self.pools
                if any(block.family == family and block.first <= value <= block.last for block in pool.blocks)
            ]
            return min(holding, key=lambda pool: (pool.name not in noted, pool.name), default=None)
        at = bisect.bisect_right(self._firsts[family], value) - 1
        if at < 0 or self._lasts[family][at][0] < value:
            return None
        return self._lasts[family][at][1]
