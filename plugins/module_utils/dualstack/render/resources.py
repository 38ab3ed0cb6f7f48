# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""metallb.io resources, Nodes and Services of a plan, as plain Kubernetes objects, in the order to apply them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..addresses.blocks import FAMILY_NAME, IPV4, IPV6, family_of

NAMESPACE = "metallb-system"
HOSTNAME = "kubernetes.io/hostname"

Object = dict[str, Any]


def render(plan: Mapping[str, Any]) -> list[Object]:
    """Nodes, pools, peers, advertisements, Services. Secrets are not among them: they are named, never rendered."""
    return [
        *(_node(plan, name) for name in plan["nodes"]),
        *(_pool(pool) for pool in plan["pools"]),
        *_peers(plan),
        *(_advertisement(plan, advert) for advert in plan["advertisements"]),
        *(_service(service) for service in plan["services"]),
    ]


class PeerNames:
    """The BGPPeer of each node's session: ``<router>-<family>``, or ``<router>`` when it carries both families.

    The segment is added for a router on several racks, the ASN where a rack's nodes have several.
    """

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self._segments: dict[str, set[str]] = {}
        self._asns: dict[tuple[str, str], set[int]] = {}
        for session in plan["sessions"]:
            if session["kind"] == "node":
                node, router = session["ends"]
                self._segments.setdefault(router["host"], set()).add(session["segment"])
                self._asns.setdefault((router["host"], session["segment"]), set()).add(node["asn"])

    def of(self, session: Mapping[str, Any]) -> str:
        """The name for a session of a node."""
        node, router = session["ends"]
        name = f"{router['host']}-{session['transport']}" if len(session["families"]) == 1 else str(router["host"])
        if len(self._segments[router["host"]]) > 1:
            name += f"-{session['segment']}"
        if len(self._asns[router["host"], session["segment"]]) > 1:
            name += f"-as{node['asn']}"
        return name


def _object(kind: str, version: str, name: str, spec: Object, namespace: str = NAMESPACE, **metadata: Any) -> Object:
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, **metadata},
        "spec": spec,
    }


def _on(nodes: Iterable[str]) -> list[Object]:
    return [{"matchExpressions": [{"key": HOSTNAME, "operator": "In", "values": list(nodes)}]}]


def _node(plan: Mapping[str, Any], name: str) -> Object:
    addresses = [
        {"type": "InternalIP", "address": address}
        for segment in plan["segments"].values()
        if name in segment["members"]
        for address in segment["members"][name]["addresses"].values()
    ]
    labels = {HOSTNAME: name, **plan["nodes"][name]["labels"]}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "status": {"addresses": addresses},
    }


def _pool(pool: Mapping[str, Any]) -> Object:
    spec: Object = {
        "addresses": [text for texts in pool["blocks"].values() for text in texts],
        "autoAssign": pool["auto_assign"],
        "avoidBuggyIPs": pool["avoid_buggy_ips"],
    }
    labels: dict[str, Any] = {"labels": dict(pool["labels"])} if pool["labels"] else {}
    return _object("IPAddressPool", "metallb.io/v1beta1", pool["name"], spec, **labels)


def _peers(plan: Mapping[str, Any]) -> Iterator[Object]:
    names = PeerNames(plan)
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for session in plan["sessions"]:
        if session["kind"] == "node":
            groups.setdefault(names.of(session), []).append(session)
    for name, sessions in groups.items():
        node, router = sessions[0]["ends"]
        timers = sessions[0]["timers"]
        spec: Object = {
            "myASN": node["asn"],
            "peerASN": router["asn"],
            "peerAddress": router["address"],
            "holdTime": f"{timers['hold']}s",
            "keepaliveTime": f"{timers['keepalive']}s",
            "connectTime": f"{timers['connect']}s",
            "nodeSelectors": _on(session["ends"][0]["host"] for session in sessions),
        }
        if sessions[0]["password"]:
            spec["passwordSecret"] = {"name": sessions[0]["password"]["secret"]}
        if len(sessions[0]["families"]) > 1:
            spec["dualStackAddressFamily"] = True
        yield _object("BGPPeer", "metallb.io/v1beta2", name, spec)


def _advertisement(plan: Mapping[str, Any], advert: Mapping[str, Any]) -> Object:
    spec: Object = {"ipAddressPools": list(advert["pools"])}
    if advert["kind"] == "layer2":
        spec["nodeSelectors"] = _on(advert["nodes"])
        if advert["interfaces"]:
            spec["interfaces"] = list(advert["interfaces"])
        return _object("L2Advertisement", "metallb.io/v1beta1", advert["name"], spec)
    if set(advert["nodes"]) != set(plan["nodes"]):
        spec["nodeSelectors"] = _on(advert["nodes"])
    for family, key in ((IPV4, "aggregationLength"), (IPV6, "aggregationLengthV6")):
        if family in advert["aggregation"]:
            spec[key] = advert["aggregation"][family]
    if advert["communities"]:
        spec["communities"] = list(advert["communities"])
    return _object("BGPAdvertisement", "metallb.io/v1beta1", advert["name"], spec)


def _service(service: Mapping[str, Any]) -> Object:
    spec = {
        "type": "LoadBalancer",
        "ipFamilyPolicy": service["policy"],
        "ipFamilies": [FAMILY_NAME[family_of(address)] for address in service["addresses"]],
        "ports": [dict(port) for port in service["ports"]],
    }
    annotations = {
        "metallb.io/address-pool": ",".join(dict.fromkeys(service["pools"].values())),
        "metallb.io/loadBalancerIPs": ",".join(service["addresses"]),
    }
    result = _object("Service", "v1", service["name"], spec, service["namespace"], annotations=annotations)
    result["status"] = {"loadBalancer": {"ingress": [{"ip": address} for address in service["addresses"]]}}
    return result
