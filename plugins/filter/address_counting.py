# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counting and finding addresses. Each filter is documented in the file of its name."""

from __future__ import annotations

from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.addresses import counting, entries
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.addresses.blocks import AddressError
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.address_faces import address, faces, flag, whole


def capacity(value: Any, family: str | None = None, avoid_buggy: bool = False) -> int:
    """The number of addresses."""
    found = entries.blocks(value, family)
    if len({block.family for block in found}) > 1:
        raise AddressError("the blocks are of both families; choose one with family='ipv4' or family='ipv6'")
    return counting.capacity(found, flag("avoid_buggy", avoid_buggy))


def nth_address(value: Any, number: int, family: str | None = None) -> str:
    """An address by its number."""
    return address(counting.nth(entries.blocks(value, family), whole("number", number)))


def first_address(value: Any, family: str | None = None) -> str:
    """The lowest address."""
    return nth_address(value, 0, family)


def last_address(value: Any, family: str | None = None) -> str:
    """The highest address."""
    return nth_address(value, -1, family)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return faces((capacity, first_address, last_address, nth_address), AnsibleFilterError)
