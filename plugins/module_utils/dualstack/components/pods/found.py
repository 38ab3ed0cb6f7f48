# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kernel has of the pod network, read from the JSON of iproute2, in the lines of ``state``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...addresses.blocks import parse, parse_network
from . import state
from .bridge import BRIDGE, DEVICE

Entry = Mapping[str, Any]


def found(
    links: Sequence[Entry], routes: Iterable[Entry], neighbours: Iterable[Entry], forwarding: Iterable[Entry]
) -> dict[str, list[str]]:
    """The lines that are there.

    ``links`` is of ``ip -json -details address show`` (of the VXLAN device, or nothing), ``routes`` of
    ``ip -json route show proto 144`` of both families, ``neighbours`` of ``ip -json neigh show nud permanent`` and
    ``forwarding`` of ``bridge -json fdb show``, the latter two of the device.
    """
    result: dict[str, list[str]] = {kind: [] for kind in state.KINDS}
    for link in links:
        result[state.DEVICES].append(_device(link))
        for has in link.get("addr_info", ()):
            if has["scope"] != "link":
                result[state.ADDRESSES].append(state.address_line(DEVICE, f"{has['local']}/{has['prefixlen']}"))
    for route in routes:
        result[state.ROUTES].append(_route(route))
    for each in neighbours:
        if "lladdr" in each:
            result[state.NEIGHBOURS].append(state.neighbour_line(DEVICE, each["dst"], each["lladdr"]))
    for each in forwarding:
        if each.get("dst"):
            result[state.FORWARDING].append(state.forwarding_line(DEVICE, each["mac"], each["dst"]))
    return result


def stale_gateways(bridge: Sequence[Entry], cidrs: Iterable[str]) -> list[str]:
    """Addresses of the pods' bridge that are of no pod CIDR of the node: it had others before.

    The bridge plugin refuses to work with such an address; pods that had it for a gateway are gone or cut off anyway.
    """
    own = [parse_network(cidr) for cidr in cidrs]
    addresses = [has for link in bridge for has in link.get("addr_info", ()) if has["scope"] != "link"]
    return [
        f"address del {has['local']}/{has['prefixlen']} dev {BRIDGE}"
        for has in addresses
        if not any(block.contains(parse(has["local"])) for block in own)
    ]


def _device(link: Entry) -> str:
    info = link.get("linkinfo", {})
    data = info.get("info_data", {})
    line = state.device_line(
        link["ifname"],
        data.get("id", 0),
        data.get("local") or data.get("local6") or "",
        data.get("port", 0),
        link.get("address", ""),
        link["mtu"],
    )
    wrong = [info.get("info_kind")] if info.get("info_kind") != "vxlan" else []
    wrong += ["learning"] if data.get("learning", True) else []
    wrong += ["down"] if "UP" not in link["flags"] else []
    return " ".join([line, *map(str, wrong)])


def _route(route: Entry) -> str:
    device = route.get("dev", "") if "onlink" in route.get("flags", ()) else ""
    return state.route_line(route["dst"], route.get("gateway", "nowhere"), device)
