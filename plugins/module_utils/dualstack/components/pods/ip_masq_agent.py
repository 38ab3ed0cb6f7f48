# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of ip-masq-agent, for clusters whose pod network does not masquerade per family by itself.

The agent masquerades everything that leaves for somewhere outside its list, of whatever source. Without a list of its
own it spares the private networks of IPv4 (RFC 1918) and nothing of IPv6, and it leaves IPv6 alone unless it is started
with ``--enable-ipv6``; with that flag missing, a list with an IPv6 CIDR is refused as a whole. It takes 64 CIDRs and no
ranges. The built-in pod network needs no agent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...addresses.blocks import BITS, IPV6, parse_network
from ...addresses.sets import cidrs, merge
from .peers import Peers

LIMIT = 64
FLAG = "--enable-ipv6"
NAMESPACE, NAME = "kube-system", "ip-masq-agent"
EVERYTHING = {"ipv4": "0.0.0.0/0", "ipv6": "::/0"}


def config(plan: Mapping[str, Any], cluster: Mapping[str, Any]) -> dict[str, Any]:
    """The agent's configuration: pods, Services, nodes and what the plan excepts stay as they are.

    A family that is not masqueraded is excepted as a whole. Raises ValueError when the list is longer than the agent
    takes; where the nodes alone are too many, they are left out: they see pods by their node's address then.
    """
    peers, cni = Peers(plan, cluster["name"]), cluster["kubernetes"]["cni"]
    fixed: list[str] = []
    nodes: list[str] = []
    for family in cluster["families"]:
        if family not in cni["masquerade"]:
            fixed.append(EVERYTHING[family])
            continue
        fixed += [cluster[key][family] for key in ("pods", "services") if family in cluster[key]]
        fixed += cni["non_masquerade"].get(family, [])
        nodes += [f"{each}/{BITS[family]}" for name in peers.nodes for each in peers.addresses(name, family)]
    listed = _cidrs([*fixed, *nodes])
    if len(listed) > LIMIT:
        listed = _cidrs(fixed)
    if len(listed) > LIMIT:
        raise ValueError(f"ip-masq-agent takes {LIMIT} CIDRs, and these are {len(listed)}: shorten cni.non_masquerade")
    return {
        "nonMasqueradeCIDRs": listed,
        "masqLinkLocal": False,
        "masqLinkLocalIPv6": False,
        "resyncInterval": "60s",
    }


def arguments(cluster: Mapping[str, Any]) -> list[str]:
    """What the agent is started with."""
    return [FLAG] if IPV6 in cluster["families"] else []


def _cidrs(given: list[str]) -> list[str]:
    return [str(part) for block in merge(map(parse_network, given)) for part in cidrs(block)]
