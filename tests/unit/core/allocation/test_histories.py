# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random histories of a cluster: the allocator says what the rules say, worked out by brute force, and the laws hold.

Laws: no address twice unless sharing allows it, a second look has no news, a restart keeps every address, counts are
exact. ``make soak`` runs 100,000 histories.
"""

from __future__ import annotations

import allocation_histories
import pytest
from hypothesis import settings

pytestmark = pytest.mark.soak
PARTS = 4
BRIEFLY = 3  # times the examples of a profile that is not the soak


@pytest.mark.parametrize("part", range(PARTS))
def test_any_history(part: int) -> None:
    """MetalLB 4.1 order of one Service: class, deletion, no pools yet, type, no pools, ClusterIPs, families,
    re-assign, pool, requested addresses, second family, allocate, write.
    """
    examples = settings().max_examples
    for seed in range(part, examples * BRIEFLY if examples < 1000 else examples, PARTS):
        try:
            allocation_histories.run(seed)
        except AssertionError as problem:
            raise AssertionError(f"history {seed}: {problem}") from problem
