# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of addresses. Each test is documented in the file of its name."""

from __future__ import annotations

from typing import Any, Callable, TypeVar

from ansible.errors import AnsibleError

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.addresses import entries, sets
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.addresses.blocks import (
    FAMILIES,
    IPV4,
    IPV6,
    AddressError,
    Block,
)
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.address_faces import faces, option

_NOT_GIVEN = object()
_Found = TypeVar("_Found")


def overlapping(value: Any, other: Any = _NOT_GIVEN) -> bool:
    """Whether addresses are in both, or twice in the one."""
    found = entries.blocks(value)
    if other is _NOT_GIVEN:
        return next(sets.overlaps((None, block) for block in found), None) is not None
    return bool(sets.intersection(found, option("other", other)))


def inside(value: Any, other: Any) -> bool:
    """Whether all addresses are in the other."""
    return not sets.difference(entries.blocks(value), option("other", other))


def dual_stack(value: Any) -> bool:
    """Whether there are addresses of both families."""
    return _families(entries.blocks(value)) == set(FAMILIES)


def same_family(value: Any, other: Any = _NOT_GIVEN) -> bool:
    """Whether all addresses are of one family."""
    found = _families(entries.blocks(value))
    if other is not _NOT_GIVEN:
        found |= _families(option("other", other))
    return len(found) == 1


def ipv4_block(value: Any) -> bool:
    """Whether all addresses are IPv4."""
    return _families(entries.blocks(value)) == {IPV4}


def ipv6_block(value: Any) -> bool:
    """Whether all addresses are IPv6."""
    return _families(entries.blocks(value)) == {IPV6}


def address(value: Any) -> bool:
    """Whether each entry is written as a single address."""
    return all("-" not in entry.text and "/" not in entry.text for entry in _entries(value))


def cidr(value: Any) -> bool:
    """Whether each entry is written as a CIDR."""
    return all("/" in entry.text for entry in _entries(value))


def range(value: Any) -> bool:
    """Whether each entry is written as a range."""
    return all("-" in entry.text for entry in _entries(value))


def _entries(value: Any) -> list[entries.Entry]:
    return _some(entries.entries(value))


def _families(blocks: list[Block]) -> set[str]:
    return {block.family for block in _some(blocks)}


def _some(found: list[_Found]) -> list[_Found]:
    if not found:
        raise AddressError("there is no block to judge; give at least one")
    return found


class TestModule:
    """The tests of this file."""

    def tests(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return faces(
            (overlapping, inside, dual_stack, same_family, ipv4_block, ipv6_block, address, cidr, range), AnsibleError
        )
