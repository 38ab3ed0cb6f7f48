# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Service asks of a load balancer: MetalLB's annotations (both prefixes) and the fields of its spec.

Apart from ``cluster.service``, so that the speaker, which needs none of it, keeps thousands of Services small.
Rules: MetalLB `internal/k8s/controllers` and `controller/service.go` (0.16); Kubernetes API, ServiceSpec.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from ..addresses.blocks import FAMILY_NAME, AddressError, address_text, parse_address
from ..intent.shapes import INVALID, Integer, Key, ListOf, Report, Shape, Struct, Text, error
from . import cluster, extensions
from .model import Labels
from .shapes import ANY_TEXT, LABELS, mapping

PREFIX, OLD_PREFIX = "metallb.io", "metallb.universe.tf"
POOL, ADDRESSES, SHARING, ALLOCATED_FROM = (
    "address-pool",
    "loadBalancerIPs",
    "allow-shared-ip",
    "ip-allocated-from-pool",
)
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
SINGLE_STACK, PREFER, REQUIRE = "SingleStack", "PreferDualStack", "RequireDualStack"
LOCAL, CLUSTER = "Local", "Cluster"
VIP, PROXY = "VIP", "Proxy"
_FAMILIES = {words: family for family, words in FAMILY_NAME.items()}


class ServicePort(NamedTuple):
    """A port of a Service; ``target`` and ``name`` are None where they are not stated."""

    port: int
    protocol: str = "TCP"
    name: str | None = None
    target: int | str | None = None


@dataclass(frozen=True)
class ServiceWish:
    """A Service of the type LoadBalancer as its author wrote it.

    ``pool``: text of the annotation, None without it. ``addresses``: what is asked for, canonical, in the order
    written; ``by_field``: in spec.loadBalancerIP. ``sharing_key``: None without the annotation. ``policy`` and
    ``families`` (ipv4, ipv6): None and () where the API server decides. ``assigned``: what its status holds.
    ``allocated_from``: the pool that was noted, or several with commas between. ``old_annotations``: those with the
    deprecated prefix that count. ``annotations``: those that are its author's (``authored``).

    What only ``held_wish`` tells: ``cluster_families`` of the ClusterIPs, in their order; ``ip_mode`` asked for and
    ``held_mode`` in the status (VIP, Proxy; empty: mixed); ``hostnames``: the status also holds names, which somebody
    else wrote; ``load_balancer`` False: the Service is of another type by now; ``problem``: why it can't be read.
    """

    namespace: str
    name: str
    labels: Labels = field(default_factory=dict)
    pool: str | None = None
    addresses: tuple[str, ...] = ()
    by_field: bool = False
    sharing_key: str | None = None
    load_balancer_class: str | None = None
    traffic_policy: str = CLUSTER
    policy: str | None = None
    families: tuple[str, ...] = ()
    ports: tuple[ServicePort, ...] = ()
    selector: Labels = field(default_factory=dict)
    assigned: tuple[str, ...] = ()
    allocated_from: str | None = None
    old_annotations: tuple[str, ...] = ()
    annotations: Labels = field(default_factory=dict)
    cluster_families: tuple[str, ...] = ()
    ip_mode: str = VIP
    held_mode: str = VIP
    hostnames: bool = False
    load_balancer: bool = True
    problem: str = ""

    @cached_property
    def key(self) -> str:
        """``namespace/name``."""
        return f"{self.namespace}/{self.name}"

    @property
    def dual_stack(self) -> bool:
        """Whether both families are wanted."""
        return self.policy in (PREFER, REQUIRE)


class _Target(Shape):
    """A number or a name."""

    kind = "a port or its name"

    def read(self, value: Any, path: str, report: Report) -> Any:
        return (Text() if isinstance(value, str) else Integer(1, 65535)).read(value, path, report)


class _Others(Struct):
    """A Struct that passes over keys that it does not know, because others own them."""

    def read(self, value: Any, path: str, report: Report) -> Any:
        known = {key.name for key in self.keys}
        given = {key: item for key, item in value.items() if key in known} if isinstance(value, Mapping) else value
        return super().read(given, path, report)


_PORT = _Others(
    (
        Key("port", Integer(1, 65535), "the port that clients use", required=True),
        Key("protocol", Text(choices=("TCP", "UDP", "SCTP")), "TCP, UDP or SCTP", default="TCP"),
        Key("name", ANY_TEXT, "name of the port"),
        Key("targetPort", _Target(), "port of the pods"),
    ),
    words="port",
)
_SPEC = _Others(
    (
        Key("loadBalancerIP", ANY_TEXT, "one address; deprecated since Kubernetes 1.24"),
        Key("loadBalancerClass", ANY_TEXT, "which load balancer"),
        Key("externalTrafficPolicy", Text(choices=(CLUSTER, LOCAL)), "which nodes take part", default=CLUSTER),
        Key("ipFamilyPolicy", Text(choices=(SINGLE_STACK, PREFER, REQUIRE)), "one family or both"),
        Key("ipFamilies", ListOf(Text(choices=tuple(_FAMILIES)), least=0, most=2), "families in order", default=[]),
        Key("ports", ListOf(_PORT, least=0), "ports", default=[]),
        Key("selector", LABELS, "pods by their labels", default={}),
    ),
    words="spec of a Service",
)


def service_wish(given: Mapping[str, Any], report: Report) -> ServiceWish | None:
    """What a Service asks for; None for other types, and, with findings, where it can't be read."""
    if mapping(given.get("spec")).get("type") != "LoadBalancer":
        return None
    metadata = mapping(given.get("metadata"))
    namespace, name = str(metadata.get("namespace") or "default"), str(metadata.get("name"))
    path = f"Service {namespace}/{name}"
    spec = _SPEC.read(given["spec"], f"{path}: spec", report)
    annotations = mapping(metadata.get("annotations"))
    labels = {str(key): str(value) for key, value in mapping(metadata.get("labels")).items()}
    seen = cluster.service(namespace, name, labels, given, path, report)
    if spec is INVALID or seen is None:
        return None
    asked = _asked(spec["loadBalancerIP"] or None, annotations, path, report)
    if asked is INVALID:
        return None
    return ServiceWish(
        namespace=namespace,
        name=name,
        labels=labels,
        pool=annotation(annotations, POOL)[1] or None,
        addresses=asked,
        by_field=bool(spec["loadBalancerIP"]),
        sharing_key=annotation(annotations, SHARING)[1],
        load_balancer_class=spec["loadBalancerClass"] or None,
        traffic_policy=spec["externalTrafficPolicy"],
        policy=spec["ipFamilyPolicy"],
        families=tuple(_FAMILIES[text] for text in spec["ipFamilies"]),
        ports=tuple(
            ServicePort(port["port"], port["protocol"], port["name"] or None, port["targetPort"])
            for port in spec["ports"]
        ),
        selector=spec["selector"],
        assigned=seen.addresses,
        allocated_from=annotation(annotations, ALLOCATED_FROM)[1],
        old_annotations=tuple(
            key
            for suffix in (POOL, ADDRESSES, SHARING, ALLOCATED_FROM)
            for key, _unused in [annotation(annotations, suffix)]
            if key.startswith(OLD_PREFIX)
        ),
        annotations={
            str(key): str(text) for key, text in annotations.items() if text is not None and authored(str(key))
        },
    )


def authored(key: str) -> bool:
    """Whether an annotation of a Service is its author's: not MetalLB's, kubectl's, or one of ours without meaning."""
    if key.startswith(extensions.PREFIX):
        return key == extensions.IP_MODE
    return key != LAST_APPLIED and key.partition("/")[0] not in (PREFIX, OLD_PREFIX)


def annotation(annotations: Mapping[str, Any], suffix: str) -> tuple[str, str | None]:
    """The annotation that counts, and its text: the stable prefix wins where both stand."""
    for prefix in (PREFIX, OLD_PREFIX):
        key = f"{prefix}/{suffix}"
        if annotations.get(key) is not None:
            return key, str(annotations[key])
    return "", None


def _asked(by_field: str | None, annotations: Mapping[str, Any], path: str, report: Report) -> Any:
    """The addresses that a Service asks for, or INVALID."""
    key, text = annotation(annotations, ADDRESSES)
    place = f"{path}: metadata.annotations[{key}]" if text else f"{path}: spec.loadBalancerIP"
    if by_field and text:
        reason = f"stands beside the annotation {key}: MetalLB refuses both"
        return error(report, "addresses-twice", f"{path}: spec.loadBalancerIP", by_field, reason, "Remove it.")
    found: list[str] = []
    families = set()
    for part in text.split(",") if text else [by_field] if by_field else []:
        try:
            block = parse_address(part)
        except AddressError as problem:
            fix = "Write one IPv4 address, one IPv6 address, or both with a comma between."
            return error(report, "address-syntax", place, part, str(problem), fix)
        if block.family in families:
            reason = f"a second {FAMILY_NAME[block.family]} address"
            return error(report, "family-twice", place, str(text), reason, "Ask for at most one address per family.")
        families.add(block.family)
        found.append(address_text(block.family, block.first))
    return tuple(found)
