# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about what reaches a host, how large it may be, and whom it finds: ports, MTU, firewalls, the endpoint."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ...addresses.blocks import FAMILIES, FAMILY_NAME, IPV6, family_of
from ...findings import ERROR, WARNING
from ..membership import MEMBER
from ..pods.bridge import LEAST_MTU
from .addresses import holders, of_family
from .said import Said

Needs = Mapping[str, Any]
Facts = Mapping[str, Any]


def ports(needs: Needs, facts: Facts, installs: Collection[str]) -> Iterator[Said]:
    """On a host that is no node yet, nobody has the ports of the components."""
    if facts["member"]:
        return
    for protocol in ("tcp", "udp"):
        for port, component in needs[protocol].items():
            if port in facts["listening"][protocol]:
                owner = facts["listening"][protocol][port] or "a program"
                reason = f"{owner} has the port of {component}, and the host is no node of a cluster yet"
                yield Said(
                    "host-port", ERROR, f"{protocol} port", port, reason, f"Stop {owner}, or give it another port."
                )


def mtu(needs: Needs, facts: Facts, installs: Collection[str]) -> Iterator[Said]:
    """Pods get an MTU that IPv6 can live with, and no larger one than there is."""
    carrier = next(iter(needs["addresses"].values()), "")
    for device, link in holders(carrier, facts):
        most = link["mtu"] - needs["overhead"]
        value = f"mtu {link['mtu']}"
        if needs["mtu"] and needs["mtu"] > most:
            reason = f"pods are to have an MTU of {needs['mtu']}, and VXLAN takes {needs['overhead']} octets besides"
            fix = f"Raise the MTU of the interface, or set dualstack.cluster.kubernetes.cni.mtu to {most} or less."
            yield Said("host-mtu", ERROR, device, value, reason, fix)
        elif IPV6 in needs["families"] and most < LEAST_MTU:
            reason = f"pods would have {most}, and IPv6 needs {LEAST_MTU} (RFC 8200 section 5)"
            yield Said(
                "host-mtu", ERROR, device, value, reason, f"Raise it to {LEAST_MTU + needs['overhead']} or more."
            )


def firewall(needs: Needs, facts: Facts, installs: Collection[str]) -> Iterator[Said]:
    """ICMPv6 comes in: without neighbour discovery and "packet too big", IPv6 does not work (RFC 4890)."""
    if IPV6 not in needs["families"]:
        return
    for place in facts["firewall"]["icmpv6"]:
        reason = "it drops what no rule accepts, and none of its rules names ICMPv6"
        fix = "Accept ICMPv6 there: RFC 4890 section 4.4 says which types."
        yield Said("host-icmpv6", ERROR, place, "", reason, fix)
    if facts["firewall"]["rpfilter"]:
        reason = "firewalld drops IPv6 packets for whose source another interface would be used (IPv6_rpfilter)"
        fix = "Set IPv6_rpfilter=no (or loose) in /etc/firewalld/firewalld.conf, and restart firewalld."
        yield Said("host-ipv6-rpfilter", WARNING, "firewalld", facts["firewall"]["rpfilter"], reason, fix)


def endpoint(needs: Needs, facts: Facts, installs: Collection[str]) -> Iterator[Said]:
    """The name of the endpoint leads somewhere, over a family that the host has: kubeadm and kubelet go there.

    Where nothing joins it is no error: a resolver may be away for a while.
    """
    name, found = needs["endpoint"], facts["endpoint"]
    if not name or found is None:
        return
    if not found["addresses"]:
        joins = needs["run_by"] == "kubeadm" and facts["membership"]["state"] != MEMBER
        why = "kubeadm would wait for the API server and give up" if joins else "its kubelet loses the API server"
        reason = f"the host does not resolve it ({found['problem']}): {why}"
        fix = "Give it addresses in the DNS that the host asks (/etc/resolv.conf), or in /etc/hosts there."
        yield Said("host-endpoint", ERROR if joins else WARNING, "endpoint", name, reason, fix)
        return
    own = [family for family in FAMILIES if any(of_family(facts, family))]
    if own and not any(family_of(address) in own for address in found["addresses"]):
        has = " and ".join(FAMILY_NAME[family] for family in own)
        reason = f"it resolves to {', '.join(found['addresses'])} alone, and the host has {has} addresses alone"
        fix = f"Give the name {has} addresses too, or the host one of the other family."
        yield Said("host-endpoint", WARNING, "endpoint", name, reason, fix)


RULES = (ports, mtu, firewall, endpoint)
