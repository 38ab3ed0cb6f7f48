# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fabric of a small cluster of any families: a router, a control plane, a worker, a client."""

from __future__ import annotations

from typing import Any

from real_cluster import Inventory


def small(inventory: Inventory, families: list[str]) -> None:
    """Make the fabric of the example small, and its cluster one of these families."""

    def of(ipv4: str, ipv6: str) -> list[str]:
        return [{"ipv4": ipv4, "ipv6": ipv6}[family] for family in families]

    def host(number: int) -> dict[str, Any]:
        return {"dualstack_host": {"racks": {"rack1": of(f"10.0.1.{number}", f"fd5c:ba11:7e24:aa01::{number}")}}}

    dualstack = inventory["vars"]["dualstack"]
    dualstack["cluster"].update(
        families=families,
        pods=of("10.244.0.0/16", "fd5c:ba11:7e24::/56"),
        services=of("10.96.0.0/16", "fd5c:ba11:7e24:ff00::/112"),
    )
    dualstack["fabric"] = {
        "node_asn": 64512,
        "loopbacks": of("10.0.0.0/24", "fd5c:ba11:7e24:aa00::/64"),
        "racks": {"rack1": {"network": of("10.0.1.0/24", "fd5c:ba11:7e24:aa01::/64"), "routers": ["router"]}},
    }
    dualstack["pools"] = [{"name": "web", "from": of("10.0.200.0/24", "fd5c:ba11:7e24:bb00::/64"), "size": 64}]
    dualstack["advertise"] = [{"pools": ["web"], "bgp": {}}]
    dualstack["services"] = [{"name": "shop", "pool": "web", "port": 80, "selector": {"app": "shop"}}]
    network = of("10.0.9.0/24", "fd5c:ba11:7e24:aa09::/64")
    client = {"behind": "router", "addresses": of("10.0.9.10", "fd5c:ba11:7e24:aa09::10")}
    inventory["children"] = {
        "routers": {"hosts": {"router": {"dualstack_host": {"asn": 64500, "network": network}}}},
        "kube_control_plane": {"hosts": {"node1": {}}},
        "kube_node": {"hosts": {"node1": host(11), "node2": host(12)}},
        "clients": {"hosts": {"client": {"dualstack_host": client}}},
    }
