# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What planning costs: a leaf-spine fabric of two sizes from its intent to the plan, every file of the large one, and
overlaps of many blocks.

The baseline of the overlaps is the same question asked of the standard library's ``ipaddress`` for 1,000 blocks, pair
by pair, scaled up by the number of pairs.
"""

from __future__ import annotations

import ipaddress
import itertools
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "scripts")]

import links  # noqa: E402
from machine import options  # noqa: E402
from measurements import exponent, row  # noqa: E402

sys.path.insert(0, str(links.make() / "lib"))

from dualstack.addresses import blocks, sets  # noqa: E402
from dualstack.plan.build import make  # noqa: E402
from dualstack.render.tree import tree  # noqa: E402

SMALL = (16, 200, 1_000)  # racks, nodes, VIPs
LARGE = (64, 1_000, 10_000)
SPINES = 4
PER_POOL = 200  # Services


def fabric(racks: int, nodes: int, vips: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two border routers, four spines, two ToRs a rack, an ASN a rack; a pool for every 200 dual-stack Services."""
    routers: dict[str, Any] = {f"br{number}": {"asn": 64510} for number in range(2)}
    routers.update({f"spine{number}": {"asn": 64600} for number in range(SPINES)})
    ways = [[f"br{border}", f"spine{spine}"] for border in range(2) for spine in range(SPINES)]
    segments = {}
    for rack in range(racks):
        pair = [f"tor{rack}a", f"tor{rack}b"]
        routers.update({name: {"asn": 4_200_000_000 + rack} for name in pair})
        ways += [[f"spine{spine}", name] for spine in range(SPINES) for name in pair]
        segments[f"rack{rack}"] = {"network": [f"10.0.{rack}.0/24", f"2001:db8:{rack + 1:x}::/64"], "routers": pair}
    members = {}
    for node in range(nodes):
        rack, number = node % racks, node // racks + 10
        addresses = [f"10.0.{rack}.{number}", f"2001:db8:{rack + 1:x}::{number:x}"]
        members[f"node{node}"] = {"racks": {f"rack{rack}": addresses}}
    services = vips // 2
    pools = [
        {"name": f"pool{number}", "blocks": [f"192.168.{number}.0/24", f"fd99:{number:x}::/64"]}
        for number in range(-(-services // PER_POOL))
    ]
    intent = {
        "cluster": {
            "name": "bench",
            "families": ["ipv4", "ipv6"],
            "pods": ["10.128.0.0/10", "fd00:10:244::/48"],
            "services": ["10.96.0.0/16", "fd00:10:96::/112"],
        },
        "fabric": {
            "node_asn": 64512,
            "loopbacks": ["10.99.0.0/16", "2001:db8:0:1::/64"],
            "links_from": ["172.16.0.0/16", "2001:db8:0:2::/64"],
            "password": {"secret": "bgp-auth"},
            "racks": segments,
            "links": ways,
        },
        "pools": pools,
        "advertise": [{"pools": [pool["name"] for pool in pools], "bgp": {}}],
        "services": [
            {"name": f"service{number}", "pool": f"pool{number // PER_POOL}", "port": 80} for number in range(services)
        ],
    }
    return intent, {"routers": routers, "nodes": members, "clients": {}}


def seconds(work: Callable[[], Any], times: int) -> list[float]:
    """How long ``work`` takes, several times."""
    taken = []
    for _time in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return taken


def plan(size: tuple[int, int, int]) -> None:
    made, findings = make(*fabric(*size))
    assert made is not None and len(made["vips"]) == size[2], findings[:3]


def overlap_ms() -> tuple[list[float], list[float]]:
    """Milliseconds for 10,000 blocks of both families, and what ``ipaddress`` would take pair by pair."""
    texts = [f"10.{number // 256}.{number % 256}.0/25" for number in range(5_000)]
    texts += [f"2001:db8:{number:x}::/64" for number in range(5_000)]
    owned = [(text, blocks.parse(text)) for text in texts]
    ours = [value * 1000 for value in seconds(lambda: list(sets.overlaps(owned)), 5)]
    networks = [ipaddress.ip_network(text) for text in texts[::10]]

    def pairwise() -> int:
        return sum(a.version == b.version and a.overlaps(b) for a, b in itertools.combinations(networks, 2))

    return ours, [value * 1000 * 100 for value in seconds(pairwise, 1)]


def main() -> None:
    """Print the rows."""
    if sys.argv[1:] == ["--peak"]:  # of a process of its own
        plan(LARGE)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    quick = options(__doc__).quick
    # First: a child begins with the peak of its parent.
    peak = float(subprocess.run([sys.executable, __file__, "--peak"], check=True, stdout=subprocess.PIPE).stdout)
    small, large = seconds(lambda: plan(SMALL), 5), seconds(lambda: plan(LARGE), 1 if quick else 3)
    sizes = [racks * 8 + nodes * 4 + vips for racks, nodes, vips in (SMALL, LARGE)]  # links, sessions, VIPs
    grown = exponent(sizes, [min(small), min(large)])
    made, findings = make(*fabric(*LARGE))
    assert made is not None
    files = seconds(lambda: tree(made, findings), 1 if quick else 3)
    ours, pairwise = overlap_ms()
    rows = [
        row("plan_200_nodes_s", small, "s"),
        row("plan_1000_nodes_s", large, "s"),
        row("plan_1000_nodes_mib", [peak], "MiB"),
        row("plan_growth_exponent", [grown], "power of the size"),
        row("plan_tree_1000_s", files, "s"),
        row("overlap_10k_blocks_ms", ours, "ms", ("ipaddress, pair by pair, scaled from 1,000 blocks", pairwise)),
    ]
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
