# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes as the API has them: their addresses, their pod CIDRs, and the addresses of the pods of the check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...addresses.blocks import FAMILY_NAME, AddressError, Block, family_of, parse_network
from .case import Case, by_family
from .sheet import Sheet

_OWN_IPAM = ("calico", "cilium")


def check(case: Case, sheet: Sheet) -> None:
    """Rows ``node addresses``, ``pod cidrs`` and ``pod addresses`` of each node and family."""
    owners: dict[str, str] = {}
    for node in case.nodes:
        found = case.node(node)
        for family in case.node_families(node):
            _addresses(case, sheet, node, family, found)
            _pod_cidrs(case, sheet, node, family, found, owners)
            _pod_addresses(case, sheet, node, family)


def _addresses(case: Case, sheet: Sheet, node: str, family: str, found: Mapping[str, Any] | None) -> None:
    key = ("node addresses", node, family)
    wanted = (case.plan["nodes"].get(node, {}).get("kubernetes") or {}).get("node_ip")
    expected = f"an InternalIP of {FAMILY_NAME[family]}"
    if wanted:
        expected = f"InternalIP {', '.join(by_family(wanted)[family])}, of {', '.join(wanted)} in this order"
    fix = (
        "kubelet takes the addresses from --node-ip, both of them and the first family first, at its start: set it on "
        "the node, restart kubelet; an address that is not on an interface, or can't be read, is ignored "
        "without an error."
    )
    wrong = []
    if found is None:
        sheet.judge(["there is no such Node"], key, expected, "", "Join it, or take it out of the inventory.")
        return
    have = by_family(found.get("addresses"))
    if not have[family]:
        wrong.append(f"its addresses are {', '.join(found.get('addresses') or ['none'])}")
    elif wanted and have[family] != by_family(wanted)[family]:
        wrong.append(f"it has {', '.join(have[family])}")
    elif wanted and family_name(found["addresses"][0]) != family_name(wanted[0]) and have[family_of(wanted[0])]:
        wrong.append(
            f"the order is {', '.join(found['addresses'])}: Pods and kube-proxy take the first as their family"
        )
    sheet.judge(wrong, key, expected, ", ".join(have[family]), fix)


def family_name(address: str) -> str:
    """IPv4 or IPv6."""
    return "IPv6" if ":" in address else "IPv4"


def _pod_cidrs(
    case: Case, sheet: Sheet, node: str, family: str, found: Mapping[str, Any] | None, owners: dict[str, str]
) -> None:
    key = ("pod cidrs", node, family)
    cni = (case.kubernetes or {}).get("cni") or {}
    given = [cidr for one in (case.api.get("nodes") or {}).values() for cidr in one.get("pod_cidrs") or ()]
    if found is None:
        sheet.not_reached(key, "there is no such Node")
        return
    if cni.get("allocate_node_cidrs") is False or (not cni and not given):
        sheet.not_asked(key, "the pod network gives the addresses itself: no Node has pod CIDRs")
        return
    cluster = case.cluster["pods"].get(family)
    expected = f"one of {cluster}" if cluster else f"one of {FAMILY_NAME[family]}"
    have = by_family(found.get("pod_cidrs"))[family]
    wrong = []
    if not have:
        wrong.append(f"it has {', '.join(found.get('pod_cidrs') or ['none'])}")
    for cidr in have:
        if cluster and not _inside(cidr, cluster):
            wrong.append(f"{cidr} lies outside")
        other = owners.setdefault(cidr, node)
        if other != node:
            wrong.append(f"{cidr} is that of {other} as well")
    fix = (
        "kube-controller-manager gives a Node its pod CIDRs once, and never a second one later: has it --cluster-cidr "
        "with both families, is there a CIDR left (event CIDRNotAvailable)? The playbook cluster_convert mends Nodes."
    )
    sheet.judge(wrong, key, expected, ", ".join(have), fix)


def _inside(cidr: str, cluster: str) -> bool:
    try:
        outer: Block = parse_network(cluster)
        return outer.contains(parse_network(cidr))
    except AddressError:
        return False


def _pod_addresses(case: Case, sheet: Sheet, node: str, family: str) -> None:
    key = ("pod addresses", node, family)
    if node not in case.planned:
        return
    if not case.probe:
        sheet.not_asked(key, str(case.api.get("no_probe") or "no pod was made"))
        return
    pod = case.pod(node) or {}
    after = [("host answers", node, None), ("node addresses", node, family), ("pod cidrs", node, family)]
    cluster = case.cluster["pods"].get(family)
    expected = "an address of the pod, one of the host" + (f", the pod's of {cluster}" if cluster else "")
    have, hosted = by_family(pod.get("ips"))[family], by_family(pod.get("host_ips"))[family]
    wrong = []
    fix = (
        "The pod network gives the addresses: see its configuration on the node (/etc/cni/net.d) and its log; "
        "host-local "
        "needs one list in `ranges` per family."
    )
    if not pod.get("running"):
        wrong.append(f"the pod does not run: {pod.get('why') or 'it is not there'}")
        fix = (
            f"`kubectl -n {case.probe.get('namespace')} describe pod` while the check runs; kubelet's and "
            "containerd's log."
        )
    elif not have:
        wrong.append(f"the pod has {', '.join(pod.get('ips') or ['none'])}")
    else:
        wrong += [
            f"{address} lies outside"
            for address in have
            if cluster and not _inside(f"{address}/{_BITS[family]}", cluster)
        ]
        if not hosted and pod.get("host_ips") is not None:
            wrong.append(f"its hostIPs are {', '.join(pod['host_ips'])}")
            fix = (
                "hostIPs are the addresses of the Node when the pod started: see `node addresses`, then "
                "restart the pods."
            )
        first = next(iter(pod.get("ips") or ()), "")
        leading = (case.node(node) or {}).get("addresses") or [first]
        if family_name(first) != family_name(leading[0]):
            wrong.append(f"{first} stands first, the node's first address is {leading[0]}")
    sheet.judge(wrong, key, expected, f"{', '.join(have)} on {', '.join(hosted) or 'the node'}", fix, after)


_BITS = {"ipv4": 32, "ipv6": 128}
