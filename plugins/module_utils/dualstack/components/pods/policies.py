# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetworkPolicies for both families: a default of denying everything, and what is allowed from and to CIDRs in pairs.

A NetworkPolicy selects pods, and what it does not allow to them is denied in both families alike. It is CIDRs
(``ipBlock``) that have a family: who allows 10.0.0.0/8 alone denies every IPv6 client, and an exception (``except``)
takes nothing out of a CIDR of the other family. So rules are rendered with a CIDR of each family, and ``lopsided``
tells those that are not. (``spec.loadBalancerSourceRanges`` of a Service is the other way round: a family without a
CIDR there is open to everybody.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...addresses.blocks import FAMILIES, FAMILY_NAME, AddressError, family_of, parse_network
from ...findings import WARNING, Finding

DNS_PORT = 53

Object = dict[str, Any]


def render(
    cluster: Mapping[str, Any], namespace: str, sources: Sequence[str] = (), destinations: Sequence[str] = ()
) -> list[Object]:
    """Policies of a namespace: all is denied but DNS, and what comes from ``sources`` or goes to ``destinations``.

    Both are CIDRs. Raises ValueError where one of them lacks a family of the cluster, as that family would be denied.
    """
    policies = [
        _policy("default-deny", namespace, {"policyTypes": ["Ingress", "Egress"]}),
        _policy("allow-dns", namespace, {"policyTypes": ["Egress"], "egress": [_dns()]}),
    ]
    for name, kind, peer, cidrs in (
        ("allow-from-outside", "Ingress", "from", sources),
        ("allow-to-outside", "Egress", "to", destinations),
    ):
        if cidrs:
            rule = {peer: [{"ipBlock": {"cidr": str(parse_network(cidr))}} for cidr in _paired(cluster, cidrs)]}
            policies.append(_policy(name, namespace, {"policyTypes": [kind], kind.lower(): [rule]}))
    return policies


def lopsided(objects: Iterable[Object], families: Sequence[str] = FAMILIES) -> list[Finding]:
    """The rules of NetworkPolicies whose CIDRs leave a family of the cluster out."""
    return [
        Finding(
            "policy-one-family",
            WARNING,
            f"NetworkPolicy {item['metadata'].get('namespace', 'default')}/{item['metadata']['name']}: {place}",
            ", ".join(cidrs),
            f"these CIDRs name no {FAMILY_NAME[missing]}, so that all of it is denied to the pods",
            f"Add the {FAMILY_NAME[missing]} CIDR of the same hosts, or a policy of its own that says so.",
        )
        for item in objects
        if item.get("kind") == "NetworkPolicy"
        for place, cidrs in _blocks(item)
        for missing in families
        if missing not in _families(cidrs)
    ]


def _policy(name: str, namespace: str, spec: Object) -> Object:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"podSelector": {}, **spec},
    }


def _dns() -> Object:
    """By label, as the address of the cluster DNS is changed to that of a pod before policies look at it."""
    pods = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
    }
    return {"to": [pods], "ports": [{"protocol": protocol, "port": DNS_PORT} for protocol in ("UDP", "TCP")]}


def _paired(cluster: Mapping[str, Any], cidrs: Sequence[str]) -> Sequence[str]:
    missing = [FAMILY_NAME[family] for family in cluster["families"] if family not in _families(cidrs)]
    if missing:
        raise ValueError(
            f"{', '.join(cidrs)}: there is no {' and no '.join(missing)} CIDR among them, so that family would be "
            "denied; give one of each family of the cluster"
        )
    return cidrs


def _families(cidrs: Iterable[str]) -> set[str]:
    """The families of the CIDRs; what can't be read is the API server's to refuse."""
    found = set()
    for cidr in cidrs:
        try:
            found.add(family_of(str(parse_network(cidr))))
        except AddressError:
            continue
    return found


def _blocks(item: Object) -> Iterator[tuple[str, list[str]]]:
    """Each rule that allows CIDRs and nothing else, with them."""
    for direction, peer in (("ingress", "from"), ("egress", "to")):
        for number, rule in enumerate(item["spec"].get(direction) or ()):
            peers = rule.get(peer) or []
            if peers and all("ipBlock" in each for each in peers):
                yield f"spec.{direction}[{number}]", [each["ipBlock"]["cidr"] for each in peers]
