# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is served: IPAddressPools, and Services that ask for the addresses that the plan gave them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ...addresses import blocks
from ...plan.selecting import read, selector
from ...resources.metallb import ranges_of
from ...resources.model import Allocation, Pool
from ...resources.modes import SPEAKER
from ...resources.wishes import ServicePort, ServiceWish


def pools(plan: Mapping[str, Any], cluster: str, mode: str) -> dict[str, Pool]:
    """Every IPAddressPool of a cluster by name.

    For us alone the pools of a pair say so; one that is in several pairs names the first.
    """
    pairs: dict[str, str] = {}
    for pair in plan["pairs"] if mode == SPEAKER else ():
        for name in pair["pools"].values():
            pairs.setdefault(name, pair["name"])
    return {
        pool["name"]: replace(_pool(pool), pair=pairs.get(pool["name"]))
        for pool in plan["pools"]
        if pool["cluster"] == cluster
    }


def services(plan: Mapping[str, Any], cluster: str, mode: str) -> Iterator[ServiceWish]:
    """The Services of a cluster in the order of the plan, each pinned to its addresses.

    Our speaker is given the addresses in the status as well, and serves from both pools of a pair. MetalLB writes the
    status itself, knows one pool per Service, and refuses one address for a Service with two families.
    """
    for service in plan["services"]:
        if service["cluster"] == cluster:
            names = list(dict.fromkeys(service["pools"].values()))
            asked = tuple(service["ip_families"])
            addresses = tuple(service["addresses"])
            yield ServiceWish(
                namespace=service["namespace"],
                name=service["name"],
                labels=service["labels"],
                annotations=service["annotations"],
                pool=",".join(names) if mode == SPEAKER or len(names) == 1 else None,
                addresses=addresses if mode == SPEAKER or len(addresses) == len(asked) else (),
                sharing_key=service["sharing_key"],
                traffic_policy=service["traffic_policy"],
                policy=service["policy"],
                families=asked,
                ports=tuple(
                    ServicePort(port["port"], port["protocol"], port["name"], port.get("target_port"))
                    for port in service["ports"]
                ),
                selector=service["selector"],
                assigned=addresses if mode == SPEAKER else (),
            )


def _pool(pool: Mapping[str, Any]) -> Pool:
    allocation = pool["service_allocation"]
    texts = [text for listed in pool["blocks"].values() for text in listed]
    parsed = tuple(blocks.parse(text) for text in texts)
    return Pool(
        name=pool["name"],
        labels=pool["labels"],
        blocks=parsed,
        auto_assign=pool["auto_assign"],
        avoid_buggy_ips=pool["avoid_buggy_ips"],
        allocation=_allocation(allocation) if allocation else None,
        ranges=ranges_of(texts, parsed),
    )


def _allocation(given: Mapping[str, Any]) -> Allocation:
    return Allocation(
        given["priority"],
        tuple(given["namespaces"]),
        tuple(selector(each) for each in read(given["namespace_selectors"])),
        tuple(selector(each) for each in read(given["service_selectors"])),
    )
