# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs: an IPv4 pool and an IPv6 pool that serve together."""

from __future__ import annotations

from collections.abc import Iterator

from ..addresses.blocks import FAMILIES, FAMILY_NAME
from ..findings import ERROR, HINT
from ..intent.load import Intent
from . import serving
from .rule import Plan, Problem, rule


@rule("pair-family", ERROR, absence=True)
def family(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Each pool of a pair has blocks of the family that it stands for.

    Source: a dual-stack Service has one address of each family (Kubernetes KEP 563).
    """
    held = {planned["name"]: planned["blocks"] for planned in plan["pools"]}
    for pair in intent.pairs:
        for each in FAMILIES:
            if pair[each] in held and each not in held[pair[each]]:
                reason = f"pool {pair[each]} has no {FAMILY_NAME[each]} block"
                fix = f"Name a pool with {FAMILY_NAME[each]} blocks, or add one to it."
                yield Problem(f"{pair['at']}.{each}", pair[each], reason, fix)


@rule("pair-clusters", ERROR)
def clusters(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Both pools of a pair belong to one cluster.

    Source: a Service and its addresses belong to one cluster; the other half would be announced by strangers.
    """
    cluster_of = {planned["name"]: planned["cluster"] for planned in plan["pools"]}
    for pair in intent.pairs:
        found = [cluster_of.get(pair[each]) for each in FAMILIES]
        if None not in found and len(set(found)) > 1:
            reason = f"pool {pair['ipv4']} belongs to cluster {found[0]}, pool {pair['ipv6']} to {found[1]}"
            yield Problem(pair["at"], pair["name"], reason, "Pair pools of one cluster.")


@rule("pair-of-one", HINT)
def of_one(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A pair joins two pools, each of which has one family.

    Source: a pool with both families is a pair by itself; what a paired pool has of the other family serves nobody
    through the pair.
    """
    held = {planned["name"]: planned["blocks"] for planned in plan["pools"]}
    for pair in intent.pairs:
        if pair["ipv4"] == pair["ipv6"]:
            fix = "Let Services name the pool, and remove the pair."
            yield Problem(pair["at"], pair["name"], f"both halves are the pool {pair['ipv4']}", fix)
            continue
        for each, other in (FAMILIES, FAMILIES[::-1]):
            if other in held.get(pair[each], {}) and each in held[pair[each]]:
                reason = f"the {FAMILY_NAME[other]} blocks of pool {pair[each]} are not used through the pair"
                fix = f"Take them out of the pool, or name it as the pair's {other} too."
                yield Problem(f"{pair['at']}.{each}", pair[each], reason, fix)


@rule("pair-joined", ERROR)
def joined(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Services that want both addresses of a pair are served by a load balancer that can join two pools.

    Source: MetalLB `allocator.go` takes all addresses of a Service from one pool (its issues 1156 and 1757).
    """
    metallb = serving.metallb(plan)
    pairs = {pair["name"]: pair for pair in intent.pairs}
    for entry, planned in serving.services(intent, plan):
        pools = list(dict.fromkeys(planned["pools"].values()))
        if entry["pool"] in pairs and len(pools) > 1 and planned["cluster"] in metallb:
            reason = f"MetalLB never gives one Service addresses of two pools ({' and '.join(pools)})"
            fix = "Make one pool of both families' blocks, or set load_balancer: speaker."
            yield Problem(f"{entry['at']}.pool", entry["pool"], reason, fix)


@rule("pair-half-open", HINT)
def half_open(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The pools of a pair serve through the pair alone: no Service names a half, and neither gives addresses by itself.

    Source: what takes from one half alone ends the pair before the other half is used up.
    """
    named = {(each["pool"], pool) for each in plan["services"] for pool in each["pools"].values()}
    giving = {entry["name"] for entry in intent.pools if entry["auto_assign"]}
    for pair in intent.pairs:
        for each in FAMILIES if pair["ipv4"] != pair["ipv6"] else ():
            pool, path = pair[each], f"{pair['at']}.{each}"
            if pool in giving:
                reason = "gives addresses to Services that ask for none of the pair"
                yield Problem(path, pool, reason, f"Set auto_assign: false on pool {pool}.")
            elif (pool, pool) in named:
                reason = "a Service names the pool itself and takes addresses from this half alone"
                yield Problem(path, pool, reason, f"Let it name the pair {pair['name']}, or another pool.")


RULES = (family, clusters, of_one, joined, half_open)
