# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked: the pods that the check makes, and who sends what to whom.

A pod of the pause image stands on each node; whoever probes stands in its network namespace. Up to ``ALL`` nodes each
probes every other; of more, each probes the next ones of a ring (``NEIGHBOURS``), so that every node sends and answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...addresses.blocks import family_of
from .case import Case, canonical

PORT = 8080  # in the pods of the check, which have nothing else in them
OUTSIDE_PORT = 17480  # on clients, while the check runs
NAME = "dualstack-proof"  # the Service of the check
ALL = 8
NEIGHBOURS = 3
FLOWS = 4  # of each way that kube-proxy chooses a pod for
FILTERS = {  # who enforces NetworkPolicies, by the name of its DaemonSet; False: addresses of pods match no ipBlock
    "calico-node": True,
    "canal": True,
    "kube-router": True,
    "kube-network-policies": True,
    "antrea-agent": True,
    "ovnkube-node": True,
    "kube-ovn-cni": True,
    "cilium": False,
}


def asks(plan: Mapping[str, Any], host: str, cluster: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """What the plan's first cluster is asked by ``host``, given what its API said (``cluster``) and what the host said
    of itself (``said``); both are empty before that.

    ``nodes``, ``families``, ``image_repository``: what the pods of the check are made of, of the whole cluster. Of the
    host: ``node`` (whether it is one), ``pod`` (the UID of the pod that it answers in on ``port``, or empty),
    ``outside`` (the port on which it answers as a client, or None), ``probes``.
    """
    case = Case(plan, {"kubernetes": {"cluster": cluster}})
    pod = case.pod(host) or {}
    return {
        "nodes": case.planned,
        "families": case.families,
        "image_repository": str((case.kubernetes or {}).get("image_repository") or ""),
        "node": host in case.planned,
        "pod": str(pod["uid"]) if pod.get("running") else "",
        "port": PORT,
        "outside": OUTSIDE_PORT if any(one["host"] == host for one in _outside(case)) else None,
        "probes": probes(plan, cluster, host, said),
    }


def _outside(case: Case) -> list[dict[str, str]]:
    """The first client of each family of which the plan says the address."""
    found = []
    for family in case.families:
        for segment in case.plan["segments"].values():
            for host, member in segment["members"].items():
                if host in case.plan["clients"] and family in member["addresses"]:
                    found.append({"host": host, "family": family, "address": member["addresses"][family]})
    return [one for number, one in enumerate(found) if one["family"] not in {had["family"] for had in found[:number]}]


def ring(nodes: Sequence[str], node: str) -> list[str]:
    """The other nodes that ``node`` probes: all, or the next ones when there are more than ``ALL``."""
    if node not in nodes:
        return []
    place = list(nodes).index(node)
    others = [*nodes[place + 1 :], *nodes[:place]]
    return others if len(nodes) <= ALL else others[:NEIGHBOURS]


def probes(
    plan: Mapping[str, Any], cluster: Mapping[str, Any], node: str, said: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """What is sent from ``node`` and from its pod, given what the API said (``cluster``), and what the node (``said``).

    Each is ``{"id", "family", "start": pod|node, "target", "port", "flows"}``, with ``to`` (the node that must answer)
    where only one may, ``denied`` where nothing may come through, and ``question`` (a name) and ``record`` of DNS.
    """
    case = Case(plan, {"kubernetes": {"cluster": cluster, "hosts": {node: said}}})
    pod = case.pod(node)
    if not pod or not pod.get("running"):
        return []
    found: list[dict[str, Any]] = []
    reached = [name for name, other in (case.probe.get("pods") or {}).items() if other.get("running")]
    for family in case.node_families(node):
        for other in ring(reached, node):
            for address in _of(family, (case.pod(other) or {}).get("ips")):
                found.append(_probe("pod to pod", family, "pod", address, PORT, to=other))
        for address in _of(family, case.probe.get("cluster_ips")):
            found.append(_probe("pod to service", family, "pod", address, PORT, flows=FLOWS))
            found.append(_probe("node to service", family, "node", address, PORT, flows=FLOWS))
        if case.probe.get("node_port"):
            for other in [node, *ring(reached, node)]:
                for address in _of(family, (case.node(other) or {}).get("addresses")):
                    port = int(case.probe["node_port"])
                    found.append(_probe("node port", family, "node", address, port, via=other))
        found += [
            _probe("egress", family, "pod", one["address"], OUTSIDE_PORT, to=one["host"])
            for one in _outside(case)
            if one["family"] == family
        ]
        found += _questions(case, node, family)
        found += _policies(case, family)
    return found


def _probe(name: str, family: str, start: str, target: str, port: int, **more: Any) -> dict[str, Any]:
    return {"id": name, "family": family, "start": start, "target": target, "port": port, "flows": 1, **more}


def _questions(case: Case, node: str, family: str) -> list[dict[str, Any]]:
    """A (or AAAA) of the check's Service, asked of every address of the cluster's DNS: those of its Service, and those
    that the node's kubelet gives pods."""
    dns = case.api.get("dns") or {}
    name = f"{NAME}.{case.probe.get('namespace')}.svc.{dns.get('domain')}."
    given = (case.host(node).get("resolvers") or ()) if dns else ()
    record = "A" if family == "ipv4" else "AAAA"
    return [
        _probe("dns", family, "pod", address, 53, question=name, record=record)
        for address in dict.fromkeys(map(canonical, [*(dns.get("addresses") or ()), *given]))
    ]


def _policies(case: Case, family: str) -> list[dict[str, Any]]:
    """Towards the guarded pods: what lets nothing in, and what lets in one family."""
    found = []
    for opened, pod in (case.probe.get("guarded") or {}).items():
        if pod.get("running"):
            for address in _of(family, pod.get("ips")):
                found.append(_probe("network policy", family, "pod", address, PORT, denied=opened != family))
    return found


def _of(family: str, addresses: Any) -> list[str]:
    return [text for text in addresses or () if family_of(text) == family]


def policy_engine(daemon_sets: Sequence[str]) -> str | None:
    """Who of these enforces NetworkPolicies, or None."""
    return next((name for name in daemon_sets if name in FILTERS), None)
