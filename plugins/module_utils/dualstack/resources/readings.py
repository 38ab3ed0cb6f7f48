# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read otherwise than it looks: told wherever an object is read, and by the rules over manifests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..addresses.blocks import AddressError, address_text, parse_interface
from ..findings import WARNING, Finding
from .model import Pool, Resource
from .shapes import listing, mapping

HOST_BITS = "host-bits"


class Reading(NamedTuple):
    """What a text means, and how to write what may have been meant."""

    reason: str
    fix: str


def host_bits(text: str) -> Reading | None:
    """A CIDR that does not begin at its network address: host bits are cut off, as Go's net.ParseCIDR does."""
    if "/" not in text or "-" in text:
        return None
    try:
        address, network = parse_interface(text)
    except AddressError:
        return None  # told by the reader
    if address.first == network.first:
        return None
    first, last = address_text(address.family, address.first), address_text(network.family, network.last)
    return Reading(f"means all of {network}", f"Write {network}, or {first}-{last} if that is where it begins.")


def judge(given: Mapping[str, Any], resource: Resource) -> Iterable[Finding]:
    """The judge of a Collection that tells of such pools, and refuses nothing."""
    if not isinstance(resource, Pool):
        return
    for index, text in enumerate(listing(mapping(given.get("spec")).get("addresses"))):
        reading = host_bits(str(text))
        if reading is not None:
            place = f"IPAddressPool {resource.name}: spec.addresses[{index}]"
            yield Finding(HOST_BITS, WARNING, place, str(text), *reading)
