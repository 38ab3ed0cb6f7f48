# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of what the load balancer of a cluster refuses or ignores, in each of its modes."""

from __future__ import annotations

from cases import BOTH, Case, Edit, append, put, steps
from edits import FABRIC, FAR, NODE1, PEERS, group, peer, profile

RACKS = f"{FABRIC}.peer_groups.racks"


def _mode(name: str) -> Edit:
    return put("dualstack.cluster.load_balancer", f"metallb-{name}")


CASES = [
    # Our speaker
    Case(
        "mode-ignores",
        BOTH,
        steps(put(f"{RACKS}.bfd", "fast"), profile(echo=True)),
        "dualstack.bfd_profiles.fast.echo",
    ),
    Case(
        "mode-refuses",
        BOTH,
        steps(put(f"{RACKS}.bfd", "fast"), profile(transmit_interval=49)),
        "dualstack.bfd_profiles.fast.transmit_interval",
    ),
    Case(
        "mode-refuses",
        BOTH,
        steps(_mode("native"), put(f"{RACKS}.graceful_restart", True)),
        f"{RACKS}.graceful_restart",
    ),
    Case(
        "mode-refuses",
        BOTH,
        steps(_mode("native"), peer(asn=None, dynamic_asn="external")),
        f"{PEERS}[0].dynamic_asn",
    ),
    Case("mode-refuses", BOTH, steps(_mode("native"), peer(addresses=None, interface="eth1")), f"{PEERS}[0].interface"),
    Case("mode-refuses", BOTH, steps(_mode("native"), peer(local_asn=64999)), f"{PEERS}[0].local_asn"),
    Case("mode-refuses", BOTH, peer(vrf="blue"), f"{PEERS}[0].vrf"),
    # MetalLB without FRR
    Case("mode-refuses", BOTH, _mode("native"), "dualstack.pools[0]"),
    Case("mode-refuses", BOTH, steps(_mode("native"), put(f"{RACKS}.bfd", "fast")), f"{RACKS}.bfd"),
    Case("mode-refuses", BOTH, steps(_mode("native"), put(f"{RACKS}.sessions", "over-ipv4")), f"{RACKS}.sessions"),
    Case(
        "mode-refuses", BOTH, steps(_mode("native"), put(f"{RACKS}.timers.keepalive", 2)), f"{RACKS}.timers.keepalive"
    ),
    Case("mode-ignores", BOTH, steps(_mode("native"), peer(addresses=FAR, multihop=3)), f"{PEERS}[0].multihop"),
    Case(
        "mode-refuses",
        BOTH,
        steps(_mode("native"), append("dualstack.advertise[1].bgp.communities", "large:64512:1:1")),
        "dualstack.advertise[1].bgp.communities",
    ),
    # MetalLB with FRR
    Case(
        "mode-refuses",
        BOTH,
        steps(_mode("frr"), peer(router_id="10.9.9.9", node_selectors=NODE1)),
        f"{PEERS}[0].router_id",
    ),
    Case("mode-refuses", BOTH, steps(_mode("frr-k8s"), peer(port=20000)), f"{PEERS}[0].port"),
    Case(
        "mode-refuses",
        BOTH,
        steps(_mode("frr"), put(f"{RACKS}.bfd", "fast"), profile(echo=True)),
        "dualstack.bfd_profiles.fast.echo",
    ),
    Case("mode-ignores", BOTH, steps(_mode("frr-k8s"), peer(local_asn=64999)), f"{PEERS}[0].local_asn"),
    Case(
        "mode-ignores",
        BOTH,
        steps(
            _mode("frr-k8s"),
            group("x"),
            put(
                "dualstack.advertise[2].layer2.preferred_nodes",
                [{"weight": 1, "selector": {"matchLabels": {"zone": "a"}}}],
            ),
        ),
        "dualstack.advertise[2].layer2.preferred_nodes",
    ),
    Case(
        "mode-ignores",
        BOTH,
        steps(_mode("frr-k8s"), peer(source_address="10.0.1.11", node_selectors=NODE1)),
        f"{PEERS}[0].source_address",
    ),
]
