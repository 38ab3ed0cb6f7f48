# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Advertisements and communities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..addresses.blocks import IPV4, IPV6
from ..findings import ERROR, HINT, Finding
from ..intent.shapes import Report
from ..resources.model import Advertisement
from ..resources.relations import kind_of, selects
from .source import Source
from .tables import renamed

_SELECTING = {"nodeSelectors": "node_selectors", "serviceSelectors": "service_selectors"}
_BGP = {"localPref": "local_preference", "communities": "communities"}
_LENGTHS = {"aggregationLength": IPV4, "aggregationLengthV6": IPV6}


def advertise(source: Source, peers: Mapping[str, str], report: Report) -> list[dict[str, Any]]:
    """``dualstack.advertise``: BGP first, then layer 2, by name; ``peers``: BGPPeer → peer of the intent."""
    bgp, layer2 = source.case.resources.bgp_advertisements, source.case.resources.l2_advertisements
    adverts: list[Advertisement] = [*bgp.values(), *layer2.values()]
    result = []
    for advert in sorted(adverts, key=lambda each: (kind_of(each), each.name)):
        spec = source.of(kind_of(advert))[advert.name]
        pools = _pools(source, advert, report)
        if not pools:
            continue
        entry = {"name": advert.name, "pools": pools, **renamed(spec, _SELECTING)}
        if advert.name in bgp and advert is bgp[advert.name]:
            entry["bgp"] = _bgp(spec, peers)
        else:
            entry["layer2"] = _layer2(spec)
        result.append(entry)
    for name in sorted(set(bgp) & set(layer2)):
        reason = f"BGPAdvertisement {name} has the same name; an intent knows advertisements by name"
        report(Finding("name-twice", ERROR, f"L2Advertisement {name}", name, reason, "Rename one of the two."))
    return result


def selected_pools(source: Source, kind: str, name: str) -> list[str]:
    """The pools of an advertisement by name: those that it names, and those that it selects today."""
    adverts = {
        "BGPAdvertisement": source.case.resources.bgp_advertisements,
        "L2Advertisement": source.case.resources.l2_advertisements,
    }
    advert: Advertisement = adverts[kind][name]
    pools = source.case.resources.pools
    return list(dict.fromkeys([*advert.pools, *(each for each in sorted(pools) if selects(advert, pools[each]))]))


def _pools(source: Source, advert: Advertisement, report: Report) -> list[str]:
    """The pools by name: an intent has no selectors of pools, and names all where the object names none."""
    found = selected_pools(source, kind_of(advert), advert.name)
    place = f"{kind_of(advert)} {advert.name}: spec.ipAddressPool{'Selectors' if advert.pool_selectors else 's'}"
    if not found:
        reason = "selects no pool, so it is left out"
        report(Finding("left-out", HINT, place, "", reason, "Remove it, or correct its labels."))
    elif set(found) != set(advert.pools):
        reason = "an intent names pools: these are the ones that are selected today"
        fix = "Name a later pool in the advertisement too."
        report(Finding("pools-named", HINT, place, ", ".join(found), reason, fix))
    return found


def _bgp(spec: Mapping[str, Any], peers: Mapping[str, str]) -> dict[str, Any]:
    result = renamed(spec, _BGP)
    lengths = renamed(spec, _LENGTHS)
    if lengths:
        result["aggregation"] = lengths
    if "peers" in spec:
        result["peers"] = list(dict.fromkeys(peers.get(name, name) for name in spec["peers"]))
    return result


def _layer2(spec: Mapping[str, Any]) -> dict[str, Any]:
    result = renamed(spec, {"interfaces": "interfaces"})
    preferred = spec.get("preferredNodeSelectors", [])
    if preferred:
        result["preferred_nodes"] = [{"weight": each["weight"], "selector": each["preference"]} for each in preferred]
    return result
