# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of the kinds that Kubernetes itself owns: only what counts is read, everything else is let through."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from ..addresses.blocks import AddressError, address_text, parse_address
from ..findings import WARNING, Finding
from ..intent.shapes import MISSING, Report, error
from .model import Labels, Node, Secret, Service
from .shapes import listing, mapping

BASIC_AUTH = "kubernetes.io/basic-auth"
SHARING = ("metallb.io/allow-shared-ip", "metallb.universe.tf/allow-shared-ip")
_NO_LABELS: Labels = {}


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
    annotations = mapping(mapping(given.get("metadata")).get("annotations"))
    return Service(
        namespace=namespace,
        name=name,
        labels=labels or _NO_LABELS,
        addresses=tuple(addresses),
        load_balancer_class=spec.get("loadBalancerClass"),
        shared=any(key in annotations for key in SHARING),
    )


def node(name: str, labels: Labels, given: Mapping[str, Any]) -> Node:
    """A Node."""
    conditions = listing(mapping(given.get("status")).get("conditions"))
    unavailable = any(
        mapping(entry).get("type") == "NetworkUnavailable" and mapping(entry).get("status") == "True"
        for entry in conditions
    )
    return Node(name, labels, unavailable)


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
    if not isinstance(password, str) or not 1 <= len(password.encode()) <= 80:
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
