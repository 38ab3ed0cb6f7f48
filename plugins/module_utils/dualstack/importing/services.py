# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services of the type LoadBalancer: their families, their pool, and the addresses that they have, which they keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..addresses.blocks import FAMILIES, FAMILY_NAME, IPV4, IPV6
from ..findings import ERROR, HINT, Finding
from ..intent.shapes import Report
from ..resources.model import Pool
from ..resources.modes import SPEAKER
from ..resources.rules.asking import candidates
from ..resources.shapes import mapping
from ..resources.wishes import CLUSTER, PREFER, SINGLE_STACK, ServicePort, ServiceWish
from .source import Source

_LAST = 2**63  # priority 0 comes behind all others


class Serving(NamedTuple):
    """``dualstack.services`` and the ``dualstack.pairs`` that they name."""

    services: list[dict[str, Any]]
    pairs: list[dict[str, str]]


def serving(source: Source, families: Sequence[str], report: Report) -> Serving:
    """All Services, those with addresses first: what they hold is then given to no other. Within both by name.

    One that finds no pool is left out, with an error here or from the rules.
    """
    pairs = _stated(source) if source.case.mode == SPEAKER else {}
    refused = {finding.path.partition(": ")[0] for finding in source.findings if finding.severity == ERROR}
    services = []
    for key, wish in sorted(source.case.wishes.items(), key=lambda item: (not _addresses(item[1]), item[0])):
        if wish.load_balancer_class is not None:
            reason = "belongs to the load balancer of this class, so it is left out"
            place = f"Service {key}: spec.loadBalancerClass"
            report(Finding("left-out", HINT, place, wish.load_balancer_class, reason, "Remove the class to change it."))
            continue
        pool = _pool(source, wish, families, pairs)
        if pool is not None:
            services.append(_service(wish, pool, families))
        elif f"Service {key}" not in refused:
            names = " and ".join(FAMILY_NAME[family] for family in _wanted(wish, families))
            reason = f"no pool that is open to it holds {names}"
            fix = "Ask for a pool that does, or change ipFamilyPolicy and ipFamilies."
            report(Finding("no-pool-of-family", ERROR, f"Service {key}", "", reason, fix))
    _others(source, report)
    named = [{"name": name, "ipv4": pools[0], "ipv6": pools[1]} for pools, name in pairs.items()]
    return Serving(services, named)


def _others(source: Source, report: Report) -> None:
    names = [
        f"{key.namespace}/{key.name}"
        for key, given in source.case.objects
        if key.kind == "Service" and mapping(given.get("spec")).get("type") != "LoadBalancer"
    ]
    if names:
        reason = "are not of the type LoadBalancer: they need no VIP, and an intent does not name them"
        value = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        report(Finding("no-load-balancer", HINT, "Services", value, reason, "Nothing is to be done."))


def _service(wish: ServiceWish, pool: str, families: Sequence[str]) -> dict[str, Any]:
    result: dict[str, Any] = {"name": wish.name}
    if wish.namespace != "default":
        result["namespace"] = wish.namespace
    result["pool"] = pool
    result["policy"] = wish.policy or SINGLE_STACK
    result["families"] = _wanted(wish, families)
    if _addresses(wish):
        result["addresses"] = list(_addresses(wish))
    result["ports"] = [_port(port) for port in wish.ports]
    if wish.sharing_key is not None:
        result["sharing_key"] = wish.sharing_key
    if wish.traffic_policy != CLUSTER:
        result["traffic_policy"] = wish.traffic_policy
    if wish.labels:
        result["labels"] = dict(wish.labels)
    if wish.annotations:
        result["annotations"] = dict(wish.annotations)
    if wish.selector:
        result["selector"] = dict(wish.selector)
    return result


def _addresses(wish: ServiceWish) -> tuple[str, ...]:
    """What a Service asks for, else what it has."""
    return wish.addresses or wish.assigned


def _wanted(wish: ServiceWish, families: Sequence[str]) -> list[str]:
    """ipFamilies, else what the API server settles on: all families of the cluster, or the primary one."""
    return list(wish.families or (families if wish.dual_stack else families[:1]))


def _port(port: ServicePort) -> dict[str, Any]:
    result: dict[str, Any] = {"port": port.port}
    if port.name is not None:
        result["name"] = port.name
    if port.protocol != "TCP":
        result["protocol"] = port.protocol
    if isinstance(port.target, int):
        result["target_port"] = port.target
    return result


def _pool(source: Source, wish: ServiceWish, families: Sequence[str], pairs: dict[tuple[str, str], str]) -> str | None:
    """The pool that a Service names, else the one that holds its addresses, else the first one that is open to it."""
    pools = source.case.resources.pools
    by_name = [name.strip() for name in (wish.pool or "").split(",")]
    if wish.pool is not None and len(by_name) == 1:
        return wish.pool if wish.pool in pools else None
    found = [pools[name] for name in by_name if name in pools] if wish.pool else []
    if not found:
        held = [source.case.pool_of(text) for text in _addresses(wish)]
        found = [pool for pool in held if pool is not None]
    if not found and wish.allocated_from in pools:
        found = [pools[str(wish.allocated_from)]]
    open_to_it = found or _by_priority(candidates(source.case, wish))
    chosen = _chosen(open_to_it, wish, _wanted(wish, families), source.case.mode)
    if len(chosen) == 2:
        return _pair(chosen, pairs, pools)
    return chosen[0].name if chosen else None


def _by_priority(pools: list[Pool]) -> list[Pool]:
    """Pools that are for chosen Services first, lower priorities before higher ones (MetalLB `allocator.go`)."""
    return sorted(
        pools, key=lambda pool: (pool.allocation is None, (pool.allocation and pool.allocation.priority) or _LAST)
    )


def _chosen(pools: list[Pool], wish: ServiceWish, wanted: Sequence[str], mode: str) -> list[Pool]:
    """One pool with all families; else, with our speaker, one of each; else the first that has the first family."""
    have = {pool.name: {block.family for block in pool.blocks} for pool in pools}
    whole = next((pool for pool in pools if set(wanted) <= have[pool.name]), None)
    if whole is not None:
        return [whole]
    by_family = {family: next((pool for pool in pools if family in have[pool.name]), None) for family in FAMILIES}
    each = [pool for pool in by_family.values() if pool is not None]
    if mode == SPEAKER and len(each) == 2 and len(wanted) == 2:
        return each
    first = [by_family[family] for family in wanted]
    found = [pool for pool in first if pool is not None]
    return found[:1] if wish.policy == PREFER else []


def _stated(source: Source) -> dict[tuple[str, str], str]:
    """The pairs that pools state by their annotation: the first pool of each family, by name."""
    pools = source.case.resources.pools
    members: dict[str, dict[str, str]] = {}
    for name in sorted(pools):
        for block in pools[name].blocks if pools[name].pair else ():
            members.setdefault(str(pools[name].pair), {}).setdefault(block.family, name)
    return {
        (found[IPV4], found[IPV6]): pair
        for pair, found in members.items()
        if len(found) == 2 and found[IPV4] != found[IPV6] and pair not in pools
    }


def _pair(chosen: list[Pool], pairs: dict[tuple[str, str], str], pools: Mapping[str, Pool]) -> str:
    """The name of a pair of an IPv4 and an IPv6 pool: what their names have in common, where that is free."""
    names = (chosen[0].name, chosen[1].name)
    if names not in pairs:
        bases = [name[: -len(family) - 1] for name, family in zip(names, FAMILIES) if name.endswith(f"-{family}")]
        base = bases[0] if len(bases) == 2 and bases[0] == bases[1] else ""
        taken = {*pools, *pairs.values()}
        name = base if base and base not in taken else f"{names[0]}--{names[1]}"[:63].rstrip("-")
        number = 2
        while name in taken:
            name, number = f"{name[:59]}-{number}", number + 1
        pairs[names] = name
    return pairs[names]
