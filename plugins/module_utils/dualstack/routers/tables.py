# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BGP table, FIB and neighbour table of a router in the shape of an observation (docs/architecture.md, Evidence).

Inputs are what ``vtysh … json`` (8.4 to 10.3) and ``ip -j`` print. Absent prefixes are absent in the result.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..addresses.blocks import FAMILIES, family_of
from ..announcing.propagation import link_local

Observation = dict[str, Any]


def documents(text: str) -> Iterator[Any]:
    """JSON documents that stand one after the other. Raises ValueError for anything between them."""
    decoder = json.JSONDecoder()
    position = 0
    while text[position:].strip():
        position += len(text[position:]) - len(text[position:].lstrip())
        document, position = decoder.raw_decode(text, position)
        yield document


def by_family(prefixes: Sequence[str]) -> dict[str, list[str]]:
    """Prefixes of each family, without repetitions, in the given order."""
    return {family: [each for each in dict.fromkeys(prefixes) if family_of(each) == family] for family in FAMILIES}


def bgp(prefixes: Sequence[str], shown: Sequence[Mapping[str, Any]]) -> dict[str, list[Observation]]:
    """``shown`` holds one ``show bgp … PREFIX json`` per prefix; every path in use is ``best``, multipath included.

    A link-local next hop is written as a plan writes it: by the interface that leads to it.
    """
    return {
        prefix: [_path(path) for path in table["paths"]] for prefix, table in zip(prefixes, shown) if table.get("paths")
    }


def fib(prefixes: Sequence[str], shown: Sequence[Sequence[Mapping[str, Any]]]) -> dict[str, list[str]]:
    """``shown`` holds one ``ip -j route show exact PREFIX`` per prefix; a route without gateway shows its device.

    A link-local gateway is written by the device, as a plan does: also that of an IPv4 route over IPv6 (RFC 8950), for
    which zebra may have the kernel use 169.254.0.1 with the neighbour's MAC.
    """
    return {
        prefix: [hop for route in routes for hop in _next_hops(route)]
        for prefix, routes in zip(prefixes, shown)
        if routes
    }


def neighbours(shown: Sequence[Mapping[str, Any]]) -> dict[str, Observation]:
    """``ip -j neigh``: ``{address: {mac, state, interface}}``; an entry without a MAC has None."""
    return {
        entry["dst"]: {"mac": entry.get("lladdr"), "state": "+".join(entry.get("state", [])), "interface": entry["dev"]}
        for entry in shown
    }


def _path(path: Mapping[str, Any]) -> Observation:
    hops = path.get("nexthops", [])
    chosen = next((hop for hop in hops if hop.get("scope") == "global"), hops[0] if hops else {})
    return {
        "next_hop": _hop(chosen.get("ip", ""), path.get("peer", {}).get("interface")),
        "communities": [
            *path.get("community", {}).get("list", []),
            *(f"large:{value}" for value in path.get("largeCommunity", {}).get("list", [])),
        ],
        "local_preference": path.get("locPrf"),
        "best": bool(path.get("multipath") or path.get("bestpath", {}).get("overall")),
        "from": path.get("peer", {}).get("peerId", ""),
        "as_path": path.get("aspath", {}).get("string", ""),
    }


def _next_hops(route: Mapping[str, Any]) -> Iterator[str]:
    for hop in route.get("nexthops", [route]):
        device = hop.get("dev")
        via = hop.get("gateway") or hop.get("via", {}).get("host")
        if via or device:
            yield _hop(via, device) if via else str(device)


def _hop(address: str, interface: str | None) -> str:
    return link_local(interface) if interface and _of_the_link(address) else address


def _of_the_link(address: str) -> bool:
    """Link-local; or unspecified, which BIRD sends as the global next hop over an unnumbered link."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return parsed.is_link_local or parsed.is_unspecified
