# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who claims which addresses of the fabric, with the place in the intent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..addresses import blocks
from ..addresses.blocks import Block
from ..intent.load import Intent, host_path
from ..plan.clusters import places
from ..plan.pools import pool_blocks
from ..plan.segments import REMOTE
from .rule import Plan

RACK, POOL, LINK, OTHER = "rack", "pool", "link", "other"


class Owner(NamedTuple):
    """Who claims a block: ``kind``, a name for people and the path in the intent. Blocks of one ``group`` may nest."""

    kind: str
    name: str
    path: str
    group: str = ""
    layer2: bool = False


def owned(intent: Intent, plan: Plan) -> Iterator[tuple[Owner, Block]]:
    """Every network, loopback, CIDR and pool block."""
    for path, cluster in places(intent):
        of = "" if cluster is intent.cluster else f" of {cluster['name']}"
        for key, name in (("pods", "the pod CIDR"), ("services", "the service CIDR")):
            for text in (cluster[key] or {}).values():
                yield Owner(OTHER, f"{name}{of}", f"{path}.{key}"), blocks.parse_network(text)
    for key, name in (("loopbacks", "the loopbacks"), ("links_from", "the links")):
        for text in (intent.fabric[key] or {}).values():
            yield (
                Owner(LINK if key == "links_from" else OTHER, name, f"dualstack.fabric.{key}", key),
                blocks.parse_network(text),
            )
    for name, rack in intent.fabric["racks"].items():
        for text in rack["network"].values():
            yield Owner(RACK, f"rack {name}", f"dualstack.fabric.racks.{name}.network"), blocks.parse_network(text)
    for link in intent.fabric["links"]:
        for text in (link["network"] or {}).values():
            yield (
                Owner(LINK, f"link {' - '.join(link['between'])}", f"{link['at']}.network"),
                blocks.parse_network(text),
            )
    for router, facts in intent.routers.items():
        for text in (facts["network"] or {}).values():
            yield (
                Owner(OTHER, f"the network behind {router}", f"{host_path(router)}.network"),
                blocks.parse_network(text),
            )
        for text in (facts["loopback"] or {}).values():
            yield (
                Owner(OTHER, f"the loopback of {router}", f"{host_path(router)}.loopback", "loopbacks"),
                blocks.parse_address(text),
            )
    layer2 = {name for advert in plan["advertisements"] if advert["kind"] == "layer2" for name in advert["pools"]}
    for pool, entry in zip(plan["pools"], intent.pools):
        for block in pool_blocks(pool):
            yield Owner(POOL, f"pool {pool['name']}", entry["at"], layer2=pool["name"] in layer2), block


def stated(intent: Intent, plan: Plan) -> Iterator[tuple[str, Block]]:
    """Every block and every single address that the intent states outside of its networks, with its place."""
    for owner, block in owned(intent, plan):
        yield owner.path, block
    for node, facts in intent.nodes.items():
        for text in (facts["addresses"] or {}).values():
            yield f"{host_path(node)}.addresses", blocks.parse_address(text)
    for peer in intent.fabric["peers"]:
        for text in (peer["addresses"] or {}).values():
            yield f"{peer['at']}.addresses", blocks.parse_address(text)
        if peer["source_address"] is not None:
            yield f"{peer['at']}.source_address", blocks.parse_address(peer["source_address"])


def host_addresses(plan: Plan) -> Iterator[tuple[str, str, str]]:
    """(host, where, address) of every host; nodes are not repeated for the peers that they reach."""
    for name, segment in plan["segments"].items():
        for host, member in segment["members"].items():
            if segment["kind"] != REMOTE or host not in plan["nodes"]:
                for address in member["addresses"].values():
                    yield host, name, address
    for host, router in plan["routers"].items():
        for address in router["loopback"].values():
            yield host, "loopback", address
    for host, node in plan["nodes"].items():
        for address in node["addresses"].values():
            yield host, "addresses", address
