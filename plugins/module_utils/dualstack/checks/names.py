# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names: every name that the intent uses must exist, and only once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from ..findings import ERROR, Finding, nearest
from ..intent.load import Intent, host_path


def unknown_hosts(intent: Intent, plan: Mapping[str, Any]) -> Iterator[Finding]:
    """Racks, links, advertisements, nodes and clients may only name hosts and racks of the inventory."""
    del plan
    fabric = intent.fabric
    for name, rack in fabric["racks"].items():
        for index, router in enumerate(rack["routers"]):
            yield from _known(router, intent.routers, f"dualstack.fabric.racks.{name}.routers[{index}]", "router")
    for index, link in enumerate(fabric["links"]):
        path = f"dualstack.fabric.links[{index}]"
        for end in link["between"]:
            yield from _known(end, intent.routers, path, "router")
        if len(set(link["between"])) < 2:
            yield Finding(
                "link-to-itself", ERROR, path, link["between"][0], "both ends are the same router", "Name two routers."
            )
    for node, facts in intent.nodes.items():
        for rack in facts["racks"]:
            yield from _known(rack, fabric["racks"], f"{host_path(node)}.racks", "rack")
    for client, facts in intent.clients.items():
        path = f"{host_path(client)}.behind"
        yield from _known(facts["behind"], intent.routers, path, "router")
        if facts["behind"] in intent.routers and not intent.routers[facts["behind"]]["network"]:
            yield Finding(
                "no-network",
                ERROR,
                path,
                facts["behind"],
                "the router has no network behind it",
                "Give the router a network.",
            )
    for index, advert in enumerate(intent.advertise):
        for node in advert["nodes"] or []:
            yield from _known(node, intent.nodes, f"dualstack.advertise[{index}].nodes", "node")
        for router in (advert["bgp"] or {}).get("local_preference", {}):
            yield from _known(router, intent.routers, f"dualstack.advertise[{index}].bgp.local_preference", "router")


def unknown_pools(intent: Intent, plan: Mapping[str, Any]) -> Iterator[Finding]:
    """MetalLB accepts an advertisement of an unknown pool silently and never announces; here it is an error."""
    del plan
    known = [pool["name"] for pool in intent.pools]
    for index, advert in enumerate(intent.advertise):
        for place, name in enumerate(advert["pools"]):
            yield from _known(name, known, f"dualstack.advertise[{index}].pools[{place}]", "pool")
    for index, service in enumerate(intent.services):
        path = f"dualstack.services[{index}].pool"
        yield from _known(service["pool"], known, path, "pool")
        if service["pool"] in known and not any(service["pool"] in advert["pools"] for advert in intent.advertise):
            yield Finding(
                "never-announced",
                ERROR,
                path,
                service["pool"],
                "no advertisement names the pool, so nobody announces the VIP",
                "Add the pool to dualstack.advertise.",
            )


def twice(intent: Intent, plan: Mapping[str, Any]) -> Iterator[Finding]:
    """Pools, advertisements, Services and links must be unique."""
    lists = {
        "dualstack.pools": [pool["name"] for pool in intent.pools],
        "dualstack.advertise": [advert["name"] for advert in plan["advertisements"]],
        "dualstack.services": [f"{service['namespace']}/{service['name']}" for service in intent.services],
        "dualstack.fabric.links": [" - ".join(sorted(link["between"])) for link in intent.fabric["links"]],
    }
    for path, names in lists.items():
        for name, count in Counter(names).items():
            if count > 1:
                places = [f"[{index}]" for index, other in enumerate(names) if other == name]
                yield Finding(
                    "name-twice",
                    ERROR,
                    f"{path}{places[-1]}",
                    name,
                    f"stands {count} times (at {', '.join(places)})",
                    "Give each its own name.",
                )
    for name in intent.fabric["racks"]:
        if "--" in name or name.endswith("-lan"):
            yield Finding(
                "segment-name",
                ERROR,
                f"dualstack.fabric.racks.{name}",
                name,
                "looks like the name of a link or of a router's network",
                "Rename the rack.",
            )


def _known(name: str, known: Any, path: str, what: str) -> Iterator[Finding]:
    if name not in known:
        yield Finding(
            "unknown-name", ERROR, path, name, f"no {what} has this name", f"Correct it: {nearest(name, known)}"
        )
