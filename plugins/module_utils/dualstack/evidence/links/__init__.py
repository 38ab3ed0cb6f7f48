# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The links of a chain, one module each, in the order in which they are judged."""

from __future__ import annotations

from typing import Callable

from ..case import Case
from ..report import Report
from . import allocated, announced, answers, bgp_table, fib, neighbour, served

Check = Callable[[Case, Report], None]

CHAINS: dict[str, tuple[tuple[str, Check], ...]] = {
    "bgp": (
        ("allocated", allocated.check),
        ("announced", announced.check_bgp),
        ("bgp table", bgp_table.check),
        ("fib", fib.check),
        ("answers", answers.check),
        ("served", served.check),
    ),
    "layer2": (
        ("allocated", allocated.check),
        ("announced", announced.check_layer2),
        ("neighbour", neighbour.check),
        ("answers", answers.check),
        ("served", served.check),
    ),
}
