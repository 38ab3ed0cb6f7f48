# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sound intent: no rule finds anything in it, apart from what it silences. Cases of the rules are edits of it."""

from __future__ import annotations

from typing import Any

import yaml

INTENT = """
dualstack:
  cluster:
    name: base
    families: [ipv4, ipv6]
    pods: [10.244.0.0/16, "fd4c:9e02:7ab1:4000::/56"]
    services: [10.96.0.0/16, "fd4c:9e02:7ab1:5000::/112"]
  bfd_profiles:
    fast: {receive_interval: 300, transmit_interval: 300, detect_multiplier: 3}
  communities: {backbone: "64512:300"}
  fabric:
    node_asn: 64512
    loopbacks: [10.0.0.0/24, "fd4c:9e02:7ab1::/64"]
    links_from: [172.16.0.0/24, "fd4c:9e02:7ab1:ff::/64"]
    password: {secret: bgp-auth}
    timers: {keepalive: 3, hold: 9}
    peer_groups:
      racks: {timers: {connect: 4}}
      links: {bfd: fast}
    racks:
      rack1: {network: [10.0.1.0/24, "fd4c:9e02:7ab1:1::/64"], routers: [tor1, tor2], peer_group: racks}
      rack2: {network: [10.0.2.0/24, "fd4c:9e02:7ab1:2::/64"], routers: [tor1, tor2], peer_group: racks}
    links:
      - {between: [core, tor1], peer_group: links}
      - {between: [core, tor2], peer_group: links}
  pools:
    - {name: production, from: [10.1.0.0/24, "fd4c:9e02:7ab1:a000::/64"], take: first-half}
    - {name: staging, from: [10.1.0.0/24, "fd4c:9e02:7ab1:a000::/64"], take: second-half, auto_assign: false}
    - name: edge
      blocks: [10.0.1.200-10.0.1.219, "fd4c:9e02:7ab1:1::200-fd4c:9e02:7ab1:1::21f"]
      reserve: [10.0.1.210, "fd4c:9e02:7ab1:1::210"]
      auto_assign: false
    - {name: four, blocks: [10.1.4.0/26], auto_assign: false}
    - {name: six, blocks: ["fd4c:9e02:7ab1:a006::/112"], auto_assign: false}
  pairs:
    - {name: both, ipv4: four, ipv6: six}
  advertise:
    - {pools: [production], bgp: {communities: [backbone], local_preference: {core: 200}}}
    - {pools: [staging], bgp: {}}
    - {pools: [edge], layer2: {}}
    - {name: both, pools: [four, six], bgp: {}}
  services:
    - {name: shop, pool: production, port: 80}
    - {name: pay, pool: production, port: 443, addresses: [10.1.0.50, "fd4c:9e02:7ab1:a000::50"]}
    - {name: shop-staging, pool: staging, port: 80, policy: PreferDualStack}
    - {name: printer, pool: edge, port: 631}
    - {name: mail, pool: both, ports: [{name: smtp, port: 25}, {name: imaps, port: 993}]}
  silence:
    - {rule: node-two-racks, path: node2, reason: it has a routing table per rack}
    - {rule: layer2-strict-arp, reason: kube-proxy runs with nftables}
routers:
  core: {asn: 64601, network: [10.0.9.0/24, "fd4c:9e02:7ab1:9::/64"]}
  tor1: {asn: 64611}
  tor2: {asn: 64611}
nodes:
  node1: {racks: {rack1: [10.0.1.11, "fd4c:9e02:7ab1:1::11"]}, labels: {zone: a}}
  node2: {racks: {rack1: [10.0.1.12, "fd4c:9e02:7ab1:1::12"], rack2: [10.0.2.12, "fd4c:9e02:7ab1:2::12"]}}
  node3: {racks: {rack2: [10.0.2.13, "fd4c:9e02:7ab1:2::13"]}, labels: {zone: b}}
clients:
  client: {behind: core, addresses: [10.0.9.10, "fd4c:9e02:7ab1:9::10"]}
"""


def base() -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """(the variable dualstack, hosts by kind); a fresh copy."""
    read: dict[str, Any] = yaml.safe_load(INTENT)
    return read.pop("dualstack"), read
