# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of the kinds that Kubernetes itself owns: only what counts is read, everything else is let through."""

from __future__ import annotations

import base64
import binascii
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from ..addresses.blocks import FAMILY_NAME, IPV4, IPV6, AddressError, address_text, parse_address
from ..findings import WARNING, Finding
from ..intent.shapes import MISSING, Report, error
from .extensions import DRAIN
from .model import EndpointSlice, Labels, Node, Secret, Service
from .shapes import is_key, listing, mapping
from .words import BASIC_AUTH

SHARING = ("metallb.io/allow-shared-ip", "metallb.universe.tf/allow-shared-ip")
ALLOCATED_FROM = ("metallb.io/ip-allocated-from-pool", "metallb.universe.tf/ip-allocated-from-pool")
LONGEST_DRAIN = 86400  # seconds
_DIGITS = 5  # more are no number that Python need read
SERVICE_NAME = "kubernetes.io/service-name"
_NO_LABELS: Labels = {}
_FAMILY = {words: family for family, words in FAMILY_NAME.items()}
_LISTS = {tuple(map(FAMILY_NAME.__getitem__, names)): names for names in ((IPV4,), (IPV6,), (IPV4, IPV6), (IPV6, IPV4))}


def service(
    namespace: str, name: str, labels: Labels, given: Mapping[str, Any], path: str, report: Report
) -> Service | None:
    """A Service of the type LoadBalancer; None for others and for one whose status can't be read."""
    spec = mapping(given.get("spec"))
    if spec.get("type") != "LoadBalancer":
        return None
    ingress = listing(mapping(mapping(given.get("status")).get("loadBalancer")).get("ingress"))
    addresses: list[str] = []
    for index, entry in enumerate(ingress):
        text = mapping(entry).get("ip")
        if text is None:
            continue
        try:
            block = parse_address(str(text))
        except AddressError as problem:
            where = f"{path}: status.loadBalancer.ingress[{index}].ip"
            error(report, "address-syntax", where, text, str(problem), "Write one IPv4 or IPv6 address.")
            return None
        address = address_text(block.family, block.first)
        if address not in addresses:
            addresses.append(address)
    metadata = mapping(given.get("metadata"))
    annotations = mapping(metadata.get("annotations"))
    return Service(
        namespace=sys.intern(namespace),
        name=name,
        labels=labels or _NO_LABELS,
        addresses=tuple(addresses),
        load_balancer_class=spec.get("loadBalancerClass"),
        shared=any(key in annotations for key in SHARING),
        local=spec.get("externalTrafficPolicy") == "Local",
        families=_LISTS.get(tuple(map(str, listing(spec.get("ipFamilies")))), ()),
        uid=str(metadata.get("uid") or ""),
        noted=_names(next((str(annotations[key]) for key in ALLOCATED_FROM if annotations.get(key)), "")),
    )


@lru_cache(maxsize=1024)
def _names(text: str) -> tuple[str, ...]:
    """The names of a list with commas; one object for all Services that note the same pools."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def node(name: str, labels: Labels, given: Mapping[str, Any], path: str, report: Report) -> Node:
    """A Node. One that never had a condition Ready counts as ready: it was written by hand."""
    status = mapping(given.get("status"))
    conditions = {
        str(mapping(entry).get("type")): mapping(entry).get("status") for entry in listing(status.get("conditions"))
    }
    metadata = mapping(given.get("metadata"))
    return Node(
        name=name,
        labels=labels,
        network_unavailable=conditions.get("NetworkUnavailable") == "True",
        addresses=tuple(_internal(status)),
        ready=conditions.get("Ready", "True") == "True",
        drain=_drain(mapping(metadata.get("annotations")).get(DRAIN), path, report),
        uid=str(metadata.get("uid") or ""),
    )


def endpoint_slice(namespace: str, name: str, labels: Labels, given: Mapping[str, Any]) -> EndpointSlice | None:
    """An EndpointSlice; None for one that belongs to no Service or holds names instead of addresses.

    An endpoint serves when its condition ready is absent or true, or else when serving is true: one that terminates and
    still answers counts (KEP-1672; MetalLB does the same).
    """
    family, owner = _FAMILY.get(str(given.get("addressType"))), labels.get(SERVICE_NAME)
    if family is None or not owner:
        return None
    endpoints = [mapping(entry) for entry in listing(given.get("endpoints"))]
    serving = [entry for entry in endpoints if _serves(mapping(entry.get("conditions")))]
    return EndpointSlice(
        namespace=sys.intern(namespace),
        name=name,
        service=f"{namespace}/{owner}",
        family=family,
        nodes=tuple(sorted({sys.intern(str(entry["nodeName"])) for entry in serving if entry.get("nodeName")})),
        serving=bool(serving),
    )


def secret(name: str, given: Mapping[str, Any], path: str, report: Report) -> Secret | None:
    """A Secret with a password; None for other types. No message repeats the password."""
    if given.get("type") != BASIC_AUTH:
        where, fix = f"{path}: type", f"Use the type {BASIC_AUTH} with the key password."
        reason = "a Secret of another type can't hold the password of a BGPPeer"
        report(Finding("secret-type", WARNING, where, str(given.get("type")), reason, fix))
        return None
    password = mapping(given.get("stringData")).get("password")
    if password is None:
        password = _decode(mapping(given.get("data")).get("password"))
    if not isinstance(password, str) or not is_key(password):
        reason = "the key password is missing, is not base64, or is not a text of 1 to 80 octets"
        fix = "Give it as base64, or in stringData as it is."
        error(report, "password", f"{path}: data.password", MISSING, reason, fix)
        return None
    return Secret(name, password)


def _decode(value: Any) -> str | None:
    try:
        return base64.b64decode(value, validate=True).decode() if isinstance(value, str) else None
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None


def _serves(conditions: Mapping[str, Any]) -> bool:
    return conditions.get("ready") in (None, True) or conditions.get("serving") is True


def _internal(status: Mapping[str, Any]) -> Iterator[str]:
    for entry in listing(status.get("addresses")):
        if mapping(entry).get("type") == "InternalIP":
            try:
                block = parse_address(str(mapping(entry).get("address")))
            except AddressError:
                continue  # the kubelet's own mistake: it harms nothing but the heartbeats to it
            yield address_text(block.family, block.first)


def _drain(value: Any, path: str, report: Report) -> int | None:
    if value is None:
        return None
    text = str(value)
    if text.isascii() and text.isdigit() and len(text) <= _DIGITS and int(text) <= LONGEST_DRAIN:
        return int(text)
    fix = f"Write whole seconds from 0 to {LONGEST_DRAIN}, in quotes."
    place = f"{path}: metadata.annotations.{DRAIN}"
    report(Finding("drain", WARNING, place, text, "is no number of seconds: the node is not drained", fix))
    return None
