# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the rules about layer 2, how far prefixes travel, and limits of routers."""

from __future__ import annotations

from cases import BOTH, IPV4, IPV6, Case, Edit, append, host, put, steps, two
from edits import FABRIC, NEAR, of, one_asn, peer, spine

ADVERTISE = "dualstack.advertise"
EDGE = f"{ADVERTISE}[2]"
ON_RACK1 = ["10.0.1.200-10.0.1.219", "fd4c:9e02:7ab1:1::200-fd4c:9e02:7ab1:1::21f"]


def _client(family: str) -> Edit:
    """The client in one family alone, so that what is found is of that family."""
    return put("client: dualstack_host.addresses", [of(family, ["10.0.9.10", "fd4c:9e02:7ab1:9::10"])])


CASES = [
    *two(
        "layer2-racks",
        f"{EDGE}.pools",
        put("dualstack.pools[2].blocks", [*ON_RACK1, "10.0.2.200-10.0.2.219"]),
        put("dualstack.pools[2].blocks", [*ON_RACK1, "fd4c:9e02:7ab1:2::200/124"]),
    ),
    Case("layer2-elsewhere", BOTH, put(f"{EDGE}.nodes", ["node1", "node2", "node3"]), f"{EDGE}.nodes"),
    Case(
        "layer2-elsewhere",
        BOTH,
        put(f"{EDGE}.node_selectors", [{"matchExpressions": [{"key": "zone", "operator": "Exists"}]}]),
        f"{EDGE}.node_selectors",
    ),
    Case(
        "layer2-preferred",
        BOTH,
        put(f"{EDGE}.layer2.preferred_nodes", [{"weight": 10, "selector": {"matchLabels": {"zone": "b"}}}]),
        f"{EDGE}.layer2.preferred_nodes[0].selector",
    ),
    Case("layer2-interface", BOTH, put(f"{EDGE}.layer2.interfaces", ["docker0"]), f"{EDGE}.layer2.interfaces"),
    Case("layer2-interface", BOTH, put(f"{EDGE}.layer2.interfaces", ["lo"]), f"{EDGE}.layer2.interfaces"),
    Case("layer2-interface", BOTH, put(f"{FABRIC}.racks.rack1.interface", "cali12"), f"{FABRIC}.racks.rack1.interface"),
    Case(
        "layer2-shared",
        BOTH,
        steps(
            put("dualstack.services[3].sharing_key", "desk"),
            put("dualstack.services[3].labels", {"app": "print"}),
            put(f"{EDGE}.service_selectors", [{"matchLabels": {"app": "print"}}]),
        ),
        f"{EDGE}.service_selectors",
    ),
    Case(  # MetalLB looks at the selectors of advertisements that don't match as well
        "layer2-shared",
        BOTH,
        steps(
            put("dualstack.cluster.load_balancer", "metallb-frr-k8s"),
            put("dualstack.services[3].sharing_key", "desk"),
            put(f"{EDGE}.service_selectors", [{"matchLabels": {"app": "print"}}]),
        ),
        f"{EDGE}.service_selectors",
    ),
    *(
        Case(
            "layer2-family",
            family,
            put("node1: dualstack_host.racks.rack1", [of(other, ["10.0.1.11", "fd4c:9e02:7ab1:1::11"])]),
            EDGE,
        )
        for family, other in ((IPV4, IPV6), (IPV6, IPV4))
    ),
    Case("layer2-strict-arp", BOTH, put("dualstack.silence", []), f"{EDGE}.layer2"),
    # How far prefixes travel
    *(
        Case("unreachable", family, steps(_client(family), edit), path)
        for family in (IPV4, IPV6)
        for edit, path in (
            (one_asn(), f"{ADVERTISE}[0]"),  # iBGP is not passed on to iBGP
            (put("core: dualstack_host.asn", 64512), f"{ADVERTISE}[1]"),  # the core has the nodes' ASN
            (steps(spine(), put("core: dualstack_host.asn", 64611)), f"{ADVERTISE}[0]"),  # the core has the racks' ASN
            (steps(peer(), put(f"{ADVERTISE}[1].bgp.peers", ["firewall"])), f"{ADVERTISE}[1]"),
        )
    ),
    Case(
        "prefix-not-above",
        BOTH,
        steps(
            host("routers", "core2", {"asn": 64512}),
            append(f"{FABRIC}.links", ["core2", "tor1"]),
        ),
        f"{ADVERTISE}[0]",
    ),
    *(
        Case(
            "next-hop-unreachable",
            family,
            steps(
                host("nodes", "node4", {"racks": {"rack2": ["10.0.2.14", "fd4c:9e02:7ab1:2::14"]}}),
                peer(
                    addresses=[of(other, NEAR)],
                    both_families=True,
                    asn=64512,
                    node_selectors=[{"matchLabels": {"kubernetes.io/hostname": "node4"}}],
                ),
            ),
            f"{ADVERTISE}[0]",
        )
        for family, other in ((IPV4, IPV6), (IPV6, IPV4))
    ),
    # Limits
    Case("maximum-paths", BOTH, put(f"{FABRIC}.maximum_paths", 1), f"{FABRIC}.maximum_paths"),
    Case("maximum-paths", BOTH, put("core: dualstack_host.maximum_paths", 1), "core: dualstack_host.maximum_paths"),
    Case(
        "prefix-limit",
        BOTH,
        steps(
            put("dualstack.pools[3].blocks", ["10.3.0.0/19"]),
            put("dualstack.pools[4].blocks", ["fd4c:9e02:7ab1:a006::/115"]),
        ),
        "dualstack.pools",
    ),
]
