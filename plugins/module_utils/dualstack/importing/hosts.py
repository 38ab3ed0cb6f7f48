# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts: Nodes with their labels and addresses, and the ASN of each where its peers give it one of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from ..addresses.blocks import FAMILY_NAME, AddressError, address_text, parse_address
from ..findings import ERROR, WARNING, Finding
from ..intent.shapes import Report
from ..plan.selecting import HOSTNAME
from ..resources.model import Peer
from ..resources.selectors import selected
from ..resources.shapes import listing, mapping
from .flags import NODE_IP, Flags
from .source import Source

CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")


def nodes(source: Source, flags: Flags, report: Report) -> dict[str, dict[str, Any]]:
    """``{node: dualstack_host}`` in the order of their names."""
    result = {name: _node(name, given, report) for name, given in source.nodes.items()}
    if flags.node_addresses and len(result) == 1:
        next(iter(result.values()))["addresses"] = list(flags.node_addresses)
    elif flags.node_addresses:
        reason = "belongs to one node, and it is not said to which"
        fix = "Write it as addresses into the dualstack_host of its node."
        report(Finding("node-ip", WARNING, f"--{NODE_IP}", ",".join(flags.node_addresses), reason, fix))
    if not result and any(source.of(kind) for kind in ("BGPPeer", "BGPAdvertisement", "L2Advertisement")):
        reason = "no Node is among the objects, so nobody would announce anything"
        report(Finding("no-nodes", ERROR, "hosts", "", reason, "Import the Nodes too: kubectl get nodes -o yaml."))
    return result


def internal_addresses(given: Mapping[str, Any]) -> Iterator[str]:
    """The canonical InternalIPs of a Node, in its order."""
    for entry in listing(mapping(given.get("status")).get("addresses")):
        if mapping(entry).get("type") == "InternalIP":
            try:
                block = parse_address(str(mapping(entry).get("address")))
            except AddressError:
                continue  # a kubelet may register a host name
            yield address_text(block.family, block.first)


def groups(source: Source) -> dict[str, list[str]]:
    """The nodes of kube_control_plane (by their label) and of kube_node (all that no taint keeps pods away from)."""
    result: dict[str, list[str]] = {"kube_control_plane": [], "kube_node": []}
    for name, given in source.nodes.items():
        labels = mapping(mapping(given.get("metadata")).get("labels"))
        taints = {
            mapping(taint).get("key")
            for taint in listing(mapping(given.get("spec")).get("taints"))
            if mapping(taint).get("effect") in ("NoSchedule", "NoExecute")
        }
        if any(label in labels for label in CONTROL_PLANE):
            result["kube_control_plane"].append(name)
        if not taints & set(CONTROL_PLANE):
            result["kube_node"].append(name)
    return {group: names for group, names in result.items() if names}


def node_asn(source: Source, hosts: dict[str, dict[str, Any]], report: Report) -> int | None:
    """``fabric.node_asn``: the myASN of most peers. A node whose peers have another one gets it as its own."""
    peers = [source.case.resources.peers[name] for name in sorted(source.case.resources.peers)]
    counted = Counter(peer.my_asn for peer in peers)
    if not counted:
        return None
    common = counted.most_common(1)[0][0]
    for name in hosts:
        labels = source.case.resources.nodes[name].labels if name in source.case.resources.nodes else {}
        asns = _asns(peers, labels)
        if len(asns) > 1:
            users = ", ".join(f"BGPPeer {peer.name} has {asn}" for asn, peer in asns.items())
            reason = f"its peers give it several ASNs ({users}); an intent has one per node"
            fix = "Write the same myASN in them, with localASN where a router must see another one."
            report(Finding("asns-of-node", ERROR, f"Node {name}", "", reason, fix))
        elif asns and common not in asns:
            hosts[name]["asn"] = next(iter(asns))
    return common


def _asns(peers: list[Peer], labels: Mapping[str, str]) -> dict[int, Peer]:
    found: dict[int, Peer] = {}
    for peer in peers:
        if selected(peer.node_selectors, labels):
            found.setdefault(peer.my_asn, peer)
    return found


def _node(name: str, given: Mapping[str, Any], report: Report) -> dict[str, Any]:
    addresses: dict[str, str] = {}
    for text in internal_addresses(given):
        family = parse_address(text).family
        if family in addresses:
            reason = f"a second {FAMILY_NAME[family]} address beside {addresses[family]}: an intent has one per family"
            fix = "Check that sessions leave from the first one; describe the racks if they do not."
            report(Finding("address-left-out", WARNING, f"Node {name}: status.addresses", text, reason, fix))
        addresses.setdefault(family, text)
    labels = mapping(mapping(given.get("metadata")).get("labels"))
    own = {str(key): str(value) for key, value in labels.items() if (key, value) != (HOSTNAME, name)}
    return {"addresses": list(addresses.values()), **({"labels": own} if own else {})}
