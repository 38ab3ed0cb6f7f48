# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flags of Kubernetes components that an intent knows: CIDRs, node masks and the addresses of a node.

Rules: kube-apiserver, kube-controller-manager and kubelet 1.36; feature gates as removed in 1.25.
Left out on purpose: every other flag; the components are not configured by this collection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ..addresses.blocks import FAMILY_NAME, IPV4, IPV6, AddressError, Block, address_text, parse_address, parse_network
from ..findings import ERROR, HINT, Finding
from ..intent.shapes import Report

CIDRS = {"service-cluster-ip-range": "services", "cluster-cidr": "pods"}
MASKS = {"node-cidr-mask-size-ipv4": IPV4, "node-cidr-mask-size-ipv6": IPV6}
NODE_IP, GATES, GATE = "node-ip", "feature-gates", "IPv6DualStack"


@dataclass
class Flags:
    """What the flags say: CIDRs of ``pods`` and ``services``, node masks by family, and the addresses of a node."""

    cidrs: dict[str, list[str]] = field(default_factory=dict)
    node_cidr_lengths: dict[str, int] = field(default_factory=dict)
    node_addresses: list[str] = field(default_factory=list)


class Stated(NamedTuple):
    """What is said about a flag, and where."""

    name: str
    value: str
    place: str


def parse(text: str) -> Stated:
    """A flag as on a command line: ``--name=value``."""
    name, _unused, value = text.strip().lstrip("-").partition("=")
    return Stated(name, value.strip().strip("\"'"), f"--{name}")


def read(stated: Iterable[Stated], report: Report) -> Flags:
    """All flags; the same flag of several components must say the same."""
    result = Flags()
    seen: dict[str, Stated] = {}
    for entry in stated:
        name, value, place = entry
        if seen.setdefault(name, entry).value != value:
            reason = f"{seen[name].place} says {seen[name].value}"
            report(Finding("flag-twice", ERROR, place, value, reason, "Give all components the same value."))
        elif name in CIDRS:
            result.cidrs[CIDRS[name]] = [str(block) for block in _each(value, parse_network, place, report)]
        elif name in MASKS:
            _mask(MASKS[name], place, value, result, report)
        elif name == NODE_IP:
            found = _each(value, parse_address, place, report)
            result.node_addresses = [address_text(block.family, block.first) for block in found]
        elif name == GATES:
            _gates(value, place, report)
        else:
            reason = "an intent says nothing about this flag"
            report(Finding("flag-unknown", HINT, place, value, reason, "Keep it where the component is configured."))
    _order(result, report)
    return result


def _each(value: str, parse: Callable[[str], Block], place: str, report: Report) -> Iterator[Block]:
    """The addresses or CIDRs of a list with commas, at most one per family; blanks are refused as the components do."""
    families = set()
    for part in value.split(","):
        try:
            if part != part.strip():
                raise AddressError(f"{part!r} has blanks around it, which the components refuse")
            block = parse(part)
            if block.family in families:
                raise AddressError(f"a second one of {FAMILY_NAME[block.family]}")
            families.add(block.family)
            yield block
        except AddressError as problem:
            fix = "Write one per family, with a comma and no blank between."
            report(Finding("address-syntax", ERROR, place, part, str(problem), fix))


def _mask(family: str, place: str, value: str, result: Flags, report: Report) -> None:
    if value.isascii() and value.isdigit():
        result.node_cidr_lengths[family] = int(value)
    else:
        report(Finding("type", ERROR, place, value, "is not a prefix length", "Write it in digits."))


def _gates(value: str, place: str, report: Report) -> None:
    if any(part.partition("=")[0] == GATE for part in value.split(",")):
        reason = "is gone since Kubernetes 1.25: the component does not start with it; 1.21 and later need none"
        report(Finding("feature-gate", ERROR, place, value, reason, f"Remove {GATE}."))


def _order(flags: Flags, report: Report) -> None:
    """The same family comes first everywhere: Services, pods and nodes each take theirs from their own flag."""
    orders = {
        "--service-cluster-ip-range": flags.cidrs.get("services", []),
        "--cluster-cidr": flags.cidrs.get("pods", []),
        f"--{NODE_IP}": flags.node_addresses,
    }
    stated = {place: ":" in texts[0] for place, texts in orders.items() if texts}
    for place, first in stated.items():
        leader = next(iter(stated))
        if first != stated[leader]:
            reason = f"begins with another family than {leader}"
            fix = "Use the same order everywhere: it decides which family is the primary one."
            report(Finding("family-order", ERROR, place, ",".join(orders[place]), reason, fix))
