# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses as people write them, in canonical forms. Each filter is documented in the file of its name."""

from __future__ import annotations

from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.addresses import entries, sets
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.addresses.blocks import range_text
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.address_faces import faces, texts


def blocks(value: Any, family: str | None = None) -> list[str]:
    """Each entry as canonical text."""
    return texts(entries.blocks(value, family))


def cidrs(value: Any, family: str | None = None) -> list[str]:
    """The fewest CIDRs with exactly these addresses."""
    return texts(cidr for block in sets.merge(entries.blocks(value, family)) for cidr in sets.cidrs(block))


def ranges(value: Any, family: str | None = None) -> list[str]:
    """The fewest ranges with exactly these addresses."""
    return [range_text(block) for block in sets.merge(entries.blocks(value, family))]


def families(value: Any) -> list[str]:
    """The families, in the order in which they occur first."""
    return list(dict.fromkeys(block.family for block in entries.blocks(value)))


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return faces((blocks, cidrs, ranges, families), AnsibleFilterError)
