# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of Kubernetes and metallb.io, changed as trees: read by the collection, decided about, allocated.

Whatever an API server may hold comes in here. A bad object is refused with a place, a reason and a fix, harms no other,
and leaves its last good version in force; a password never stands in a finding.
"""

from __future__ import annotations

import copy
import ipaddress
import json
import random
from collections.abc import Iterable, Iterator
from typing import Any

from fuzz import mutate
from fuzz.engine import Step
from fuzz.strict_bgp import need

from dualstack.addresses.blocks import BITS
from dualstack.allocation.allocator import Allocator
from dualstack.announcing.decide import Decider
from dualstack.announcing.facts import OF_ALL, NodeFacts
from dualstack.findings import Finding, has_errors
from dualstack.resources import modes
from dualstack.resources.collection import Collection, UnnamedObject, key_of
from dualstack.resources.held import held_wish
from dualstack.resources.model import Key, Resources

SECRET = "s3cret"
NAMES = ("a", "b")
VIPS = ("192.0.2.1", "192.0.2.9", "2001:db8:1::1", "2001:db8:1::9", "198.51.100.1")
FACTS = NodeFacts("a", {"eth1": ("10.0.1.11/24", "2001:db8:dc:1::11/64", "fe80::11/64")}, "10.0.1.11", endpoints=OF_ALL)


def metallb(kind: str, spec: Any, version: str = "v1beta1", **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": f"metallb.io/{version}", "kind": kind,
        "metadata": {"name": "a", "namespace": "metallb-system", **metadata}, "spec": spec,
    }  # fmt: skip


def core(kind: str, namespace: str, version: str = "v1", **parts: Any) -> dict[str, Any]:
    metadata = {"name": "a", "uid": "u", **({"namespace": namespace} if namespace else {}), **parts.pop("metadata", {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **parts}


SELECTOR = {"matchLabels": {"x": "y"}, "matchExpressions": [{"key": "z", "operator": "In", "values": ["1", "2"]}]}
POOL = metallb(
    "IPAddressPool",
    {
        "addresses": ["192.0.2.0/29", "2001:db8:1::-2001:db8:1::7", "192.0.2.8-192.0.2.15"], "autoAssign": True,
        "avoidBuggyIPs": False,
        "serviceAllocation": {
            "priority": 10, "namespaces": ["default"], "namespaceSelectors": [SELECTOR], "serviceSelectors": [SELECTOR],
        },
    },
    annotations={"baremetal.dualstack/pair": "p", "baremetal.dualstack/use-edges": "true"},
)  # fmt: skip
PEER = metallb(
    "BGPPeer",
    {
        "myASN": 64512, "peerASN": 64500, "peerAddress": "10.0.1.1", "sourceAddress": "10.0.1.11", "peerPort": 179,
        "holdTime": "9s", "keepaliveTime": "3s", "connectTime": "5s", "routerID": "10.0.1.11",
        "nodeSelectors": [SELECTOR], "password": SECRET, "bfdProfile": "a", "enableGracefulRestart": True,
        "ebgpMultiHop": False, "dualStackAddressFamily": True,
    },
    "v1beta2",
    annotations={"baremetal.dualstack/ttl-security": "1"},
)  # fmt: skip
BY_SECRET = metallb(
    "BGPPeer",
    {"myASN": 64512, "dynamicASN": "external", "interface": "eth1", "passwordSecret": {"name": "a", "namespace": "m"}},
    "v1beta2",
)
OLD_PEER = metallb(
    "BGPPeer",
    {"myASN": 1, "peerASN": 2, "peerAddress": "2001:db8:dc:1::1", "holdTime": "90s"},
    annotations={"baremetal.dualstack/source": "2001:db8:dc::/48"},
)
LAYER2 = metallb(
    "L2Advertisement",
    {
        "ipAddressPools": ["a"], "ipAddressPoolSelectors": [SELECTOR], "nodeSelectors": [{}], "interfaces": ["eth1"],
        "serviceSelectors": [{}], "preferredNodeSelectors": [{"weight": 10, "preference": SELECTOR}],
    },
    annotations={"baremetal.dualstack/families": "ipv4,ipv6"},
)  # fmt: skip
BGP = metallb(
    "BGPAdvertisement",
    {
        "ipAddressPools": ["a"], "aggregationLength": 32, "aggregationLengthV6": 128, "localPref": 100,
        "communities": ["64512:1", "large:1:2:3", "alias"], "peers": ["a"], "nodeSelectors": [{}],
    },
    annotations={"baremetal.dualstack/families": "ipv6"},
)  # fmt: skip
COMMUNITY = metallb("Community", {"communities": [{"name": "alias", "value": "64512:7"}]})
PROFILE = metallb("BFDProfile", {"receiveInterval": 100, "transmitInterval": 100, "detectMultiplier": 3})
SERVICE = core(
    "Service",
    "default",
    metadata={
        "labels": {"x": "y"},
        "annotations": {
            "metallb.io/address-pool": "a", "metallb.io/loadBalancerIPs": "192.0.2.1,2001:db8:1::1",
            "metallb.universe.tf/allow-shared-ip": "key", "metallb.io/ip-allocated-from-pool": "a",
            "baremetal.dualstack/ip-mode": "VIP",
        },
    },
    spec={
        "type": "LoadBalancer", "ipFamilyPolicy": "PreferDualStack", "ipFamilies": ["IPv4", "IPv6"],
        "clusterIP": "10.96.0.10", "clusterIPs": ["10.96.0.10", "fd00:10:96::a"], "externalTrafficPolicy": "Local",
        "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": "web"}], "selector": {"app": "web"},
    },
    status={"loadBalancer": {"ingress": [{"ip": "192.0.2.1", "ipMode": "VIP"}, {"ip": "2001:db8:1::1"}]}},
)  # fmt: skip
SIMPLE = core("Service", "default", spec={"type": "LoadBalancer", "clusterIPs": ["10.96.0.11"]}, metadata={"name": "b"})
SLICE = core(
    "EndpointSlice",
    "default",
    "discovery.k8s.io/v1",
    metadata={"labels": {"kubernetes.io/service-name": "a"}},
    addressType="IPv6",
    endpoints=[
        {"addresses": ["2001:db8:2::1"], "nodeName": "a", "conditions": {"ready": True, "serving": True}},
        {"addresses": ["2001:db8:2::2"], "nodeName": "b", "conditions": {"ready": False, "serving": None}},
    ],
)
NODE = core(
    "Node",
    "",
    metadata={"labels": {"x": "y"}, "annotations": {"baremetal.dualstack/drain": "60"}},
    status={
        "conditions": [{"type": "Ready", "status": "True"}, {"type": "NetworkUnavailable", "status": "False"}],
        "addresses": [{"type": "InternalIP", "address": "10.0.1.11"}, {"type": "Hostname", "address": "a"}],
    },
)
NAMESPACE = core("Namespace", "", metadata={"name": "default", "labels": {"x": "y"}})
SECRETS = core("Secret", "metallb-system", type="kubernetes.io/basic-auth", data={"password": "czNjcmV0"})
OBJECTS = (
    POOL, PEER, BY_SECRET, OLD_PEER, LAYER2, BGP, COMMUNITY, PROFILE, SERVICE, SIMPLE, SLICE, NODE, NAMESPACE, SECRETS,
)  # fmt: skip
ODD_TEXTS = (
    "1" * 5000, "-1", "10.0.0.1-fc00::1", "::ffff:10.0.0.0/120", "0.0.0.0/0", "::/0", "fe80::1%eth0", "2s", "1e9h",
    "9223372036854775808",
    "large:4294967296:1:1", "65535:65535", ",", " , ", "a,a", "In", "DoesNotExist", "\u2028", "None",
)  # fmt: skip


def tree(chance: random.Random) -> Any:
    """An object, mostly with some places changed."""
    given = copy.deepcopy(chance.choice(OBJECTS))
    given["metadata"]["name"] = chance.choice(NAMES)
    if chance.random() < 0.15:
        return given
    for _unused in range(chance.choice((1, 1, 2))):
        if chance.random() < 0.4:
            _replace_leaf(chance, given)
        else:
            given = mutate.mutate_tree(chance, given)
    return given


def _replace_leaf(chance: random.Random, given: Any) -> None:
    """Another text or number deep inside, where shapes are already right."""
    while isinstance(given, (dict, list)) and given:
        key = chance.choice(list(given)) if isinstance(given, dict) else chance.randrange(len(given))
        if not isinstance(given[key], (dict, list)) or not given[key]:
            given[key] = chance.choice(ODD_TEXTS) if chance.random() < 0.5 else mutate.odd(chance)
            return
        given = given[key]


class Objects:
    """The fuzzer of everything that is read from an API server or a folder."""

    name = "resources"
    packages = ()  # the core: read by two other measures (tests/unit/core), not counted by line here
    slack = 1_500_000  # octets: patterns, interned names and the caches of the decider

    def case(self, chance: random.Random) -> list[Step]:
        steps: list[Step] = [["begin"]]
        for _unused in range(chance.randint(1, 12)):
            steps.append(["put", json.dumps(tree(chance)).encode().hex()])
            if chance.random() < 0.1:
                kind = chance.choice(OBJECTS)
                steps.append(["drop", kind["kind"], kind["metadata"].get("namespace", ""), chance.choice(NAMES)])
            if chance.random() < 0.15:
                steps.append(["decide"])
        return [*steps, ["decide"]]

    def play(self, steps: Iterable[Step]) -> Iterator[int]:
        collection, decider = Collection(modes.speaker), Decider()
        wishes: dict[str, Any] = {}
        for verb, *arguments in steps:
            if verb == "put":
                data = bytes.fromhex(arguments[0])
                try:
                    given = json.loads(data)
                except (ValueError, RecursionError):
                    continue  # of a case that is being made small
                self._put(given, collection, wishes)
                yield len(data)
            elif verb == "drop":
                collection.drop(Key(*arguments))
                need(
                    not any(finding.path.startswith(f"{Key(*arguments)}:") for finding in collection.findings()), "gone"
                )
            elif verb == "decide":
                self._decide(collection.resources(), decider, wishes)

    def _put(self, given: Any, collection: Collection, wishes: dict[str, Any]) -> None:
        before = collection.resources()
        try:
            key = key_of(given)
            collection.put(given)
        except UnnamedObject as error:
            need(str(error) and collection.resources() == before, "an object without a name changes nothing")
            return
        after = collection.resources()
        need(not collection.put(given), "the same again changes something")
        found = [finding for finding in collection.findings() if f"{finding.path}:".startswith(f"{key}:")]
        sound(found)
        if has_errors(found):
            need(after == before, "a refused object has changed something")
        holds(after)
        if key.kind == "Service":
            self._wish(given, wishes)

    def _wish(self, given: Any, wishes: dict[str, Any]) -> None:
        found: list[Finding] = []
        wish = held_wish(given, found.append)
        sound(found)
        if wish is not None:
            wishes[wish.key] = wish
            for text in (*wish.addresses, *wish.assigned):
                need(str(ipaddress.ip_address(text)) == text, "a canonical address")

    def _decide(self, resources: Resources, decider: Decider, wishes: dict[str, Any]) -> None:
        decision = decider.decide(resources, FACTS)
        sound(decision.findings)
        desired = decision.desired
        need(json.loads(json.dumps(desired)) is not None, "plain data")
        for paths in desired["routes"].values():
            names = [name for path in paths for name in path["peers"]]
            need(names and len(set(names)) == len(names) and set(names) <= set(desired["peers"]), "paths to peers")
        for entry in decision.announcements:
            need(entry.service in resources.services, "an announcement of no Service")
        allocator = Allocator(rest=0.0)
        labels = {name: namespace.labels for name, namespace in resources.namespaces.items()}
        allocator.configure(resources.pools, labels)
        for key in sorted(wishes):
            allocator.put(wishes[key])
        held: dict[str, str] = {}
        for verdict in allocator.settle(0.0):
            for address in verdict.addresses:
                need(str(ipaddress.ip_address(address)) == address, "a canonical address is given")
                if wishes[verdict.key].sharing_key is None:
                    need(held.setdefault(address, verdict.key) == verdict.key, "one address for two Services")


def sound(findings: Iterable[Finding]) -> None:
    """Each says where, why and what to do, and no password."""
    for finding in findings:
        need(finding.path and finding.reason and finding.fix and finding.severity, f"finding {finding.id}")
        need(SECRET not in str(finding), "a finding names a password")


def holds(resources: Resources) -> None:
    """Bounds that every version in force keeps."""
    for pool in resources.pools.values():
        for block in pool.blocks:
            need(0 <= block.first <= block.last < 1 << BITS[block.family], "a block of the pool")
    for peer in resources.peers.values():
        need(1 <= peer.my_asn < 1 << 32 and 1 <= peer.port <= 16384, "ASN and port of a peer")
        need((peer.peer_asn is None) != (peer.dynamic_asn is None), "one ASN of a peer")
        need((peer.address is None) != (peer.interface is None), "one place of a peer")
        need(peer.timers.hold == 0 or 3 <= peer.timers.hold <= 65535, "hold time")
    for node in resources.nodes.values():
        need(node.drain is None or 0 <= node.drain <= 86400, "seconds of a drain")
    for service in resources.services.values():
        for text in service.addresses:
            need(str(ipaddress.ip_address(text)) == text, "a canonical address of a Service")
