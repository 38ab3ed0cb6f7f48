# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the kernel that a node needs, by what is planned for it and what its host is like.

An interface that learns its default route from router advertisements (RFC 4861) forgets it once the host forwards,
unless ``accept_ra`` is 2 (Linux, ip-sysctl.rst). That is set on such interfaces alone, and before forwarding is turned
on: where systemd-networkd or NetworkManager handle the advertisements, the kernel's ``accept_ra`` is 0 and stays so,
and where the routes are static, nothing has to be accepted. For all interfaces it would let any neighbour of any of
them set routes.

Sizes of the neighbour tables are never lowered. Strict ARP is for kube-proxy's mode ipvs alone, and there is none for
IPv6. Left out on purpose: what kubelet and kube-proxy set themselves (vm.overcommit_memory, conntrack limits).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ...addresses.blocks import IPV4, IPV6

BRIDGED = ("bridge", "flannel", "other")  # plugins whose pods stand on a bridge of Linux
NEIGHBOURS = (4096, 8192, 16384)  # gc_thresh1 to 3: entries that stay, that may stay for a while, that there may be
IPVS = ("ip_vs", "ip_vs_rr", "ip_vs_wrr", "ip_vs_sh")

Facts = Mapping[str, Any]


class Setting(NamedTuple):
    """A value by its key under /proc/sys, with slashes. ``harmless``: a kernel without the key does without it."""

    key: str
    value: str
    harmless: bool = False


def settings(needs: Mapping[str, Any], facts: Facts) -> list[Setting]:
    """The settings in the order to set them in, out of the facts ``links``, ``default_routes`` and ``sysctls``."""
    return [
        *_router_advertisements(needs, facts),
        *_forwarding(needs),
        *_bridged(needs),
        *_reverse_path(needs, facts),
        *_neighbours(needs, facts),
        *_strict_arp(needs),
    ]


def modules(needs: Mapping[str, Any]) -> list[str]:
    """The modules of the kernel that a node needs, loaded or built in."""
    names = ["overlay", "nf_conntrack"]
    if needs["plugin"] in BRIDGED:
        names.append("br_netfilter")
    if needs["proxy"] == "nftables" or needs["plugin"] == "bridge":
        names.append("nf_tables")
    if needs["overhead"]:
        names.append("vxlan")
    if needs["proxy"] == "ipvs":
        names += IPVS
    return names


def uplinks(needs: Mapping[str, Any], facts: Facts) -> list[str]:
    """The interfaces that have an address of the node, or lead to a default route."""
    own = set(needs["addresses"].values())
    found = [name for name, link in facts["links"].items() if any(has["address"] in own for has in link["addresses"])]
    routes = [route["device"] for family in needs["families"] for route in facts["default_routes"].get(family, ())]
    return list(dict.fromkeys([*found, *routes]))


def learns(name: str, facts: Facts) -> bool:
    """Whether the kernel takes routes or addresses of an interface from router advertisements, or was told to."""
    accepts = _value(facts, f"net/ipv6/conf/{name}/accept_ra")
    routes = any(
        route["device"] == name and route["protocol"] == "ra" for route in facts["default_routes"].get(IPV6, ())
    )
    addresses = any(has["dynamic"] and ":" in has["address"] for has in facts["links"][name]["addresses"])
    return accepts == "2" or (accepts == "1" and (routes or addresses))


def _router_advertisements(needs: Mapping[str, Any], facts: Facts) -> Iterator[Setting]:
    if IPV6 in needs["families"]:
        for name in uplinks(needs, facts):
            if name in facts["links"] and learns(name, facts):
                yield Setting(f"net/ipv6/conf/{name}/accept_ra", "2")


def _forwarding(needs: Mapping[str, Any]) -> Iterator[Setting]:
    if IPV4 in needs["families"]:
        yield Setting("net/ipv4/ip_forward", "1")
    if IPV6 in needs["families"]:
        for where in ("all", "default"):
            yield Setting(f"net/ipv6/conf/{where}/disable_ipv6", "0")
        for where in ("all", "default"):  # kubeadm looks at default
            yield Setting(f"net/ipv6/conf/{where}/forwarding", "1")


def _bridged(needs: Mapping[str, Any]) -> Iterator[Setting]:
    """What pods of one node send to a Service and another one of them answers passes the bridge, and must be seen."""
    if needs["plugin"] in BRIDGED:
        for family, word in ((IPV4, "iptables"), (IPV6, "ip6tables")):
            if family in needs["families"]:
                yield Setting(f"net/bridge/bridge-nf-call-{word}", "1")


def _reverse_path(needs: Mapping[str, Any], facts: Facts) -> Iterator[Setting]:
    """On several uplinks, what comes by one may be answered by another (RFC 3704, loose). IPv6 has no such setting."""
    if IPV4 in needs["families"] and needs["segments"] > 1:
        for name in uplinks(needs, facts):
            yield Setting(f"net/ipv4/conf/{name}/rp_filter", "2")


def _neighbours(needs: Mapping[str, Any], facts: Facts) -> Iterator[Setting]:
    """Neighbours are pods of the node and other nodes; a namespace of a container has no such keys."""
    for family in needs["families"]:
        for number, least in enumerate(NEIGHBOURS, start=1):
            key = f"net/{family}/neigh/default/gc_thresh{number}"
            has = _value(facts, key)
            yield Setting(key, str(max(least, int(has) if has.isdigit() else 0)), harmless=True)


def _strict_arp(needs: Mapping[str, Any]) -> Sequence[Setting]:
    if needs["proxy"] != "ipvs" or IPV4 not in needs["families"]:
        return []
    return [Setting("net/ipv4/conf/all/arp_ignore", "1"), Setting("net/ipv4/conf/all/arp_announce", "2")]


def _value(facts: Facts, key: str) -> str:
    return str(facts["sysctls"].get(key) or "")
