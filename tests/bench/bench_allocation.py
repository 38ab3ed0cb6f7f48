# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What allocation costs in the core: Services that get their addresses, and one that changes among many.

10,000 Services with both families, IPv4 out of one pool and IPv6 out of another, all in one turn: Services a second,
with two addresses each. Then one Service a turn, deleted and made again, at 1,000 and at 10,000: the same cost at both.
And the first turn after a restart, in which all of them are taken over. CPU seconds of this process, so that other work
on the machine does not count as ours.
"""

from __future__ import annotations

import gc
import json
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "scripts")]

import links  # noqa: E402
from machine import options  # noqa: E402
from measurements import exponent, row  # noqa: E402

sys.path.insert(0, str(links.make() / "lib"))

from dataclasses import replace  # noqa: E402

from dualstack.addresses.blocks import parse  # noqa: E402
from dualstack.allocation.allocator import Allocator  # noqa: E402
from dualstack.resources.model import Pool  # noqa: E402
from dualstack.resources.wishes import PREFER, ServicePort, ServiceWish  # noqa: E402

MANY, FEW = 10_000, 1_000
TURNS = 1_000
FAMILIES = ("ipv4", "ipv6")
POOLS = {name: Pool(name, blocks=(parse(text),)) for name, text in (("four", "10.0.0.0/12"), ("six", "fd99::/64"))}


def wishes(number: int) -> list[ServiceWish]:
    return [
        ServiceWish(
            "default",
            f"service{index}",
            policy=PREFER,
            families=FAMILIES,
            cluster_families=FAMILIES,
            ports=(ServicePort(80),),
        )
        for index in range(number)
    ]


def filled(services: list[ServiceWish]) -> Allocator:
    """An allocator that has given addresses to all of them."""
    allocator = Allocator()
    allocator.configure(POOLS, {})
    for wish in services:
        allocator.put(wish)
    verdicts = allocator.settle(0.0)
    assert len(verdicts) == len(services) and all(len(verdict.addresses) == 2 for verdict in verdicts)
    return allocator


def cpu_seconds(work: Callable[[], object]) -> float:
    gc.collect()
    began = time.process_time()
    work()
    return time.process_time() - began


def one_by_one(services: list[ServiceWish]) -> float:
    """CPU microseconds of a turn in which one of many Services goes, and of one in which it comes."""
    allocator = filled(services)

    def turns() -> None:
        for wish in services[:TURNS]:
            allocator.drop(wish.key)
            allocator.settle(0.0)
            allocator.put(wish)
            [verdict] = allocator.settle(0.0)
            assert len(verdict.addresses) == 2

    return cpu_seconds(turns) / (2 * TURNS) * 1e6


def restarted(services: list[ServiceWish]) -> float:
    """CPU seconds of the first turn with Services that all have their addresses."""
    given = {f"{wish.namespace}/{wish.name}": wish for wish in services}
    allocator = filled(services)
    held = [replace(wish, assigned=allocator.addresses(key), allocated_from="four,six") for key, wish in given.items()]
    fresh = Allocator()
    fresh.configure(POOLS, {})

    def turn() -> None:
        for wish in held:
            fresh.put(wish)
        assert fresh.settle(0.0) == []

    return cpu_seconds(turn)


def kib_each(services: list[ServiceWish]) -> float:
    """KiB that the allocator keeps for a Service beside the wish."""
    tracemalloc.start()
    allocator = filled(services)
    gc.collect()
    kept, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert allocator.due is None
    return kept / len(services) / 1024


def main() -> None:
    """Print the rows."""
    times = 1 if options(__doc__).quick else 5
    many, few = wishes(MANY), wishes(FEW)
    rates = [MANY / cpu_seconds(lambda: filled(many)) for _time in range(times)]
    turns = [one_by_one(many) for _time in range(times)]
    grown = exponent([FEW, MANY], [min(one_by_one(few) for _time in range(times)), min(turns)])
    rows = [
        row("allocations_per_s", rates, "Services/s"),
        row("allocation_one_of_10k_us", turns, "µs"),
        row("allocation_growth_exponent", [grown], "power of the number of Services"),
        row("allocation_restart_10k_s", [restarted(many) for _time in range(times)], "s"),
        row("allocation_kib_each", [kib_each(many)], "KiB"),
    ]
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
