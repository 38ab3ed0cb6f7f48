# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the rules about names."""

from __future__ import annotations

from cases import BOTH, Case, append, drop, host, put, steps

NODE = {"racks": {"rack1": ["10.0.1.14", "fd4c:9e02:7ab1:1::14"]}}

CASES = [
    Case(rule, BOTH, edit, path)
    for rule, edit, path in [
        (
            "unknown-router",
            put("dualstack.fabric.racks.rack1.routers[0]", "tor9"),
            "dualstack.fabric.racks.rack1.routers[0]",
        ),
        ("unknown-router", append("dualstack.fabric.links", ["core", "tor9"]), "dualstack.fabric.links[2]"),
        ("unknown-router", put("client: dualstack_host.behind", "cor"), "client: dualstack_host.behind"),
        (
            "unknown-router",
            put("dualstack.advertise[0].bgp.peers", ["tor1", "tor9"]),
            "dualstack.advertise[0].bgp.peers[1]",
        ),
        ("unknown-node", put("dualstack.advertise[0].nodes", ["node1", "nod2"]), "dualstack.advertise[0].nodes[1]"),
        (
            "unknown-rack",
            host("nodes", "node4", {"racks": {"rack9": NODE["racks"]["rack1"]}}),
            "node4: dualstack_host.racks.rack9",
        ),
        ("unknown-pool", put("dualstack.advertise[0].pools[0]", "prodution"), "dualstack.advertise[0].pools[0]"),
        ("unknown-pool", put("dualstack.pairs[0].ipv6", "sixes"), "dualstack.pairs[0].ipv6"),
        ("unknown-pool", put("dualstack.services[4].pool", "bath"), "dualstack.services[4].pool"),
        (
            "unknown-peer-group",
            put("dualstack.fabric.racks.rack1.peer_group", "rack"),
            "dualstack.fabric.racks.rack1.peer_group",
        ),
        (
            "unknown-bfd-profile",
            put("dualstack.fabric.peer_groups.racks.bfd", "fats"),
            "dualstack.fabric.peer_groups.racks.bfd",
        ),
        (
            "unknown-community",
            put("dualstack.advertise[0].bgp.communities", ["bakbone"]),
            "dualstack.advertise[0].bgp.communities[0]",
        ),
        ("unknown-cluster", put("dualstack.pools[1].cluster", "bass"), "dualstack.pools[1].cluster"),
        ("link-to-itself", append("dualstack.fabric.links", ["core", "core"]), "dualstack.fabric.links[2]"),
        ("client-without-network", drop("core: dualstack_host.network"), "client: dualstack_host.behind"),
        ("node-nowhere", host("nodes", "node4", {}), "node4: dualstack_host"),
        ("name-twice", put("dualstack.pools[1].name", "production"), "dualstack.pools[1]"),
        ("name-twice", append("dualstack.fabric.links", ["tor1", "core"]), "dualstack.fabric.links[2]"),
        (
            "segment-name",
            put("dualstack.fabric.racks.core-lan", {"network": ["10.0.3.0/24", "fd4c:9e02:7ab1:3::/64"]}),
            "dualstack.fabric.racks.core-lan",
        ),
        (
            "never-announced",
            steps(put("dualstack.advertise[3].pools", ["four"])),
            "dualstack.services[4].pool",
        ),
    ]
]
