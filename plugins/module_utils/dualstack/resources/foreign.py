# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds that stand beside metallb.io objects in people's manifests; of each only what the rules look at.

NetworkPolicy, ServiceMonitor, PodMonitor, PrometheusRule, ConfigMap, Namespace; the types of Secrets and the addresses
of Nodes, which the model does not keep. What is not as its API has it is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..addresses.blocks import AddressError, Block, parse_address
from ..intent.shapes import INVALID
from .model import Key, Labels
from .selectors import Selector
from .shapes import SelectorShape, listing, mapping

GROUPS = {
    "NetworkPolicy": "networking.k8s.io",
    "ServiceMonitor": "monitoring.coreos.com",
    "PodMonitor": "monitoring.coreos.com",
    "PrometheusRule": "monitoring.coreos.com",
    "ConfigMap": "",
    "Namespace": "",
}


class Endpoint(NamedTuple):
    """Where a monitor scrapes: its path, a scheme (http where none is stated), the name or number of a port."""

    path: str
    scheme: str
    port: str


class Expression(NamedTuple):
    """An expression of a PrometheusRule, and where it stands."""

    path: str
    name: str
    text: str


@dataclass(frozen=True)
class Foreign:
    """Each kind by key; ``policies`` and ``monitors`` with the labels that they select, ``config_maps`` with the data.

    ``secrets``: their types; ``node_addresses``: by name of the Node.
    """

    policies: dict[Key, Selector] = field(default_factory=dict)
    monitors: dict[Key, tuple[Selector, tuple[Endpoint, ...]]] = field(default_factory=dict)
    expressions: dict[Key, tuple[Expression, ...]] = field(default_factory=dict)
    config_maps: dict[Key, Mapping[str, Any]] = field(default_factory=dict)
    namespaces: dict[str, Labels] = field(default_factory=dict)
    secrets: dict[Key, str] = field(default_factory=dict)
    node_addresses: dict[str, tuple[Block, ...]] = field(default_factory=dict)


def is_foreign(given: Mapping[str, Any]) -> bool:
    """Whether an object is of a kind that only this module reads."""
    group, _unused, _version = str(given.get("apiVersion")).rpartition("/")
    return GROUPS.get(str(given.get("kind"))) == group


def read(objects: Iterable[tuple[Key, Mapping[str, Any]]]) -> Foreign:
    """What ``objects`` say to the rules."""
    result = Foreign()
    for key, given in objects:
        if is_foreign(given):
            _read(key, given, result)
        elif given["apiVersion"] == "v1" and key.kind == "Secret":
            result.secrets[key] = str(given.get("type") or "Opaque")
        elif given["apiVersion"] == "v1" and key.kind == "Node":
            result.node_addresses[key.name] = tuple(_addresses(given))
    return result


def _read(key: Key, given: Mapping[str, Any], result: Foreign) -> None:
    spec = mapping(given.get("spec"))
    if key.kind == "NetworkPolicy":
        result.policies[key] = _selector(spec.get("podSelector"))
    elif key.kind in ("ServiceMonitor", "PodMonitor"):
        name = "endpoints" if key.kind == "ServiceMonitor" else "podMetricsEndpoints"
        endpoints = tuple(
            _endpoint(f"spec.{name}[{index}]", mapping(entry)) for index, entry in enumerate(listing(spec.get(name)))
        )
        result.monitors[key] = (_selector(spec.get("selector")), endpoints)
    elif key.kind == "PrometheusRule":
        result.expressions[key] = tuple(_expressions(spec))
    elif key.kind == "ConfigMap":
        result.config_maps[key] = mapping(given.get("data"))
    else:
        labels = mapping(mapping(given.get("metadata")).get("labels"))
        result.namespaces[key.name] = {str(name): str(value) for name, value in labels.items()}


def _selector(given: Any) -> Selector:
    read = SelectorShape().read(mapping(given), "", lambda finding: None)
    return Selector() if read is INVALID else read


def _endpoint(path: str, given: Mapping[str, Any]) -> Endpoint:
    port = given.get("port") or given.get("targetPort") or given.get("portNumber") or ""
    return Endpoint(path, str(given.get("scheme") or "http").lower(), str(port))


def _expressions(spec: Mapping[str, Any]) -> Iterable[Expression]:
    for outer, group in enumerate(listing(spec.get("groups"))):
        for inner, entry in enumerate(listing(mapping(group).get("rules"))):
            text = mapping(entry).get("expr")
            if isinstance(text, str):
                name = mapping(entry).get("alert") or mapping(entry).get("record") or ""
                yield Expression(f"spec.groups[{outer}].rules[{inner}].expr", str(name), text)


def _addresses(given: Mapping[str, Any]) -> Iterable[Block]:
    for entry in listing(mapping(given.get("status")).get("addresses")):
        try:
            yield parse_address(str(mapping(entry).get("address")))
        except AddressError:
            continue  # a host name
