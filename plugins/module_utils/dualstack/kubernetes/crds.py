# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CustomResourceDefinitions of metallb.io: the kinds of MetalLB 0.16, readable by it, with rules that need no webhook.

An object that MetalLB accepts and that works with our speaker is accepted. Objects that are stored already and break a
rule stay, and can be changed in other fields (validation ratcheting, Kubernetes 1.30 and later). BGPPeer v1beta1 stays
served: without a webhook a conversion changes the apiVersion alone, which is enough, as v1beta1 has no field of another
meaning. In MetalLB, timers that v1beta1 leaves out become 0s; here they stay unset.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from . import peers, serving, statuses
from .schema import Schema

GROUP = "metallb.io"
Object = dict[str, Any]


class _Column(NamedTuple):
    """A column of ``kubectl get``."""

    name: str
    path: str
    type: str = "string"
    priority: int = 0

    def data(self) -> Object:
        more = {"priority": self.priority} if self.priority else {}
        return {"name": self.name, "type": self.type, "jsonPath": self.path, **more}


class _Kind(NamedTuple):
    """A kind with one version. ``spec`` is None where only the status says something."""

    kind: str
    plural: str
    description: str
    spec: Callable[[], Schema] | None
    status: Callable[[], Schema]
    columns: Sequence[_Column]
    required: bool = False
    version: str = "v1beta1"


_SELECTION = (
    _Column("IPAddressPools", ".spec.ipAddressPools"),
    _Column("IPAddressPool Selectors", ".spec.ipAddressPoolSelectors"),
)
_NODES = _Column("Node Selectors", ".spec.nodeSelectors", priority=10)
_PEER_COLUMNS = (
    _Column("Address", ".spec.peerAddress"),
    _Column("ASN", ".spec.peerASN"),
    _Column("BFD Profile", ".spec.bfdProfile"),
    _Column("Multi Hops", ".spec.ebgpMultiHop"),
)


def _of_service(first: str) -> Sequence[_Column]:
    return (
        _Column(first, ".status.node"),
        _Column("Service Name", ".status.serviceName"),
        _Column("Service Namespace", ".status.serviceNamespace"),
    )


_KINDS = (
    _Kind(
        "IPAddressPool",
        "ipaddresspools",
        "Addresses that Services of the type LoadBalancer get.",
        serving.pool,
        statuses.pool,
        (
            _Column("Auto Assign", ".spec.autoAssign", "boolean"),
            _Column("Avoid Buggy IPs", ".spec.avoidBuggyIPs", "boolean"),
            _Column("Addresses", ".spec.addresses"),
        ),
        required=True,
    ),
    _Kind(
        "L2Advertisement",
        "l2advertisements",
        "Addresses that nodes answer for by ARP and NDP.",
        serving.l2_advertisement,
        statuses.nothing,
        (*_SELECTION, _Column("Interfaces", ".spec.interfaces"), _NODES),
    ),
    _Kind(
        "BGPAdvertisement",
        "bgpadvertisements",
        "Addresses that nodes announce by BGP.",
        serving.bgp_advertisement,
        statuses.nothing,
        (*_SELECTION, _Column("Peers", ".spec.peers"), _NODES),
    ),
    _Kind(
        "BGPPeer",
        "bgppeers",
        "A BGP session of nodes with a router.",
        peers.peer,
        statuses.nothing,
        _PEER_COLUMNS,
        version="v1beta2",
    ),
    _Kind("Community", "communities", "Names for BGP communities.", serving.community, statuses.nothing, ()),
    _Kind(
        "BFDProfile",
        "bfdprofiles",
        "How BFD watches over BGP sessions.",
        peers.bfd_profile,
        statuses.nothing,
        (
            _Column("Passive Mode", ".spec.passiveMode", "boolean"),
            _Column("Transmit Interval", ".spec.transmitInterval", "integer"),
            _Column("Receive Interval", ".spec.receiveInterval", "integer"),
            _Column("Multiplier", ".spec.detectMultiplier", "integer"),
        ),
    ),
    _Kind(
        "ServiceL2Status",
        "servicel2statuses",
        "Which node answers for a Service.",
        None,
        statuses.service_l2,
        _of_service("Allocated Node"),
    ),
    _Kind(
        "ServiceBGPStatus",
        "servicebgpstatuses",
        "To which peers a node announces a Service.",
        None,
        statuses.service_bgp,
        _of_service("Node"),
    ),
    _Kind(
        "ConfigurationState",
        "configurationstates",
        "Whether a process could use what it was given.",
        None,
        statuses.configuration_state,
        (
            _Column("Result", ".status.result"),
            _Column("ErrorSummary", ".status.errorSummary"),
            _Column("Age", ".metadata.creationTimestamp", "date"),
        ),
    ),
)
# What people write, and what processes write.
CONFIGURATION = tuple(entry.plural for entry in _KINDS if entry.spec is not None)
STATUSES = tuple(entry.plural for entry in _KINDS if entry.spec is None)


def crds() -> list[Object]:
    """All definitions, in the order of the kinds."""
    return [_definition(entry) for entry in _KINDS]


def defaults(kind: str) -> dict[str, Any]:
    """The fields of a kind's spec that have a default, with it. Raises KeyError for a kind that is not ours."""
    spec = {entry.kind: entry.spec for entry in _KINDS}[kind]
    fields = spec()["properties"] if spec else {}
    return {name: schema["default"] for name, schema in fields.items() if "default" in schema}


def _definition(entry: _Kind) -> Object:
    versions = [_version(entry, entry.version, entry.spec)]
    if entry.kind == "BGPPeer":
        old = _version(entry, "v1beta1", peers.peer_v1beta1, storage=False)
        warning = "metallb.io/v1beta1 BGPPeer is deprecated: write metallb.io/v1beta2"
        versions = [{**old, "deprecated": True, "deprecationWarning": warning}, *versions]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{entry.plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": entry.kind,
                "listKind": f"{entry.kind}List",
                "plural": entry.plural,
                "singular": entry.kind.lower(),
            },
            "conversion": {"strategy": "None"},
            "versions": versions,
        },
    }


def _version(entry: _Kind, name: str, spec: Callable[[], Schema] | None, storage: bool = True) -> Object:
    properties: Iterable[tuple[str, Schema]] = (
        ("apiVersion", {"type": "string", "description": "The group and version of this object."}),
        ("kind", {"type": "string", "description": "The kind of this object."}),
        ("metadata", {"type": "object"}),
        ("spec", spec() if spec else {"type": "object", "description": "Without fields."}),
        ("status", entry.status()),
    )
    columns = [column.data() for column in entry.columns]
    return {
        "name": name,
        "served": True,
        "storage": storage,
        "schema": {
            "openAPIV3Schema": {
                "type": "object",
                "description": entry.description,
                **({"required": ["spec"]} if entry.required else {}),
                "properties": dict(properties),
            }
        },
        "subresources": {"status": {}},
        **({"additionalPrinterColumns": columns} if columns else {}),
    }
