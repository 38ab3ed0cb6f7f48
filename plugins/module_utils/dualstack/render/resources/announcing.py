# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How pools are announced: L2Advertisements, BGPAdvertisements and the Community that names their communities.

An advertisement that no node announces, or that goes to nobody, is left out: an empty list would select all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...plan.selecting import read, selector
from ...resources.model import FULL_LENGTHS, BGPAdvertisement, Communities, L2Advertisement, Preference
from .hosts import Selecting
from .peers import PeerNames

COMMUNITY = "dualstack"


def bgp(plan: Mapping[str, Any], names: PeerNames) -> dict[str, BGPAdvertisement]:
    """Every BGPAdvertisement of a cluster by name; routers and peers of the plan become the names of their BGPPeers."""
    aliases, selecting = _aliases(plan), Selecting(plan, names.cluster)
    result = {}
    for advert in _announced(plan, names.cluster, "bgp"):
        peers = tuple(name for router in advert["peers"] or () for name in names.of_router(router))
        if peers or advert["peers"] is None or not names.sessions:
            result[advert["name"]] = BGPAdvertisement(
                **_selection(plan, selecting, advert),
                lengths={**FULL_LENGTHS, **advert["aggregation"]},
                local_preference=advert["local_preference"] or 0,
                communities=tuple(aliases.get(value, value) for value in advert["communities"]),
                peers=peers,
            )
    return result


def layer2(plan: Mapping[str, Any], cluster: str) -> dict[str, L2Advertisement]:
    """Every L2Advertisement of a cluster by name."""
    selecting = Selecting(plan, cluster)
    return {
        advert["name"]: L2Advertisement(
            **_selection(plan, selecting, advert),
            interfaces=tuple(advert["interfaces"]),
            preferences=tuple(
                Preference(each["weight"], selector(read([each["selector"]])[0])) for each in advert["preferred_nodes"]
            ),
        )
        for advert in _announced(plan, cluster, "layer2")
    }


def communities(plan: Mapping[str, Any], cluster: str) -> dict[str, Communities]:
    """One Community object with the names that the BGPAdvertisements use; none when they use no name."""
    used = {value for advert in _announced(plan, cluster, "bgp") for value in advert["communities"]}
    named = tuple((alias, value) for value, alias in _aliases(plan).items() if value in used)
    return {COMMUNITY: Communities(COMMUNITY, named)} if named else {}


def _aliases(plan: Mapping[str, Any]) -> dict[str, str]:
    """Value → its first name in the intent."""
    result: dict[str, str] = {}
    for alias, value in plan["communities"].items():
        result.setdefault(value, alias)
    return result


def _announced(plan: Mapping[str, Any], cluster: str, kind: str) -> Iterator[Mapping[str, Any]]:
    nodes = any(facts["cluster"] == cluster for facts in plan["nodes"].values())
    for advert in plan["advertisements"]:
        if advert["cluster"] == cluster and advert["kind"] == kind and (advert["nodes"] or not nodes):
            yield advert


def _selection(plan: Mapping[str, Any], selecting: Selecting, advert: Mapping[str, Any]) -> dict[str, Any]:
    """What both kinds have. The selectors of the pools stand in for those of the advertisement."""
    pools = [pool for pool in plan["pools"] if pool["name"] in advert["pools"]]
    stated: list[Any] = advert["node_selectors"] or next((pool["node_selectors"] for pool in pools), [])
    return {
        "name": advert["name"],
        "pools": tuple(advert["pools"]),
        "node_selectors": selecting.of(advert["nodes"], stated),
        "service_selectors": tuple(selector(each) for each in read(advert["service_selectors"])),
    }
