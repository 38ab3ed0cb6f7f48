# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How blocks relate to one another. Each filter is documented in the file of its name."""

from __future__ import annotations

from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.addresses import entries, pairing
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.addresses.blocks import (
    FAMILIES,
    AddressError,
)
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.addresses.relations import Claim, relations
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.address_faces import (
    address,
    faces,
    flag,
    option,
    texts,
)


def overlaps(value: Any, adjacent: bool = False) -> list[dict[str, Any]]:
    """Every pair of blocks that share addresses."""
    claims = [Claim(owner, entry.block) for owner, entry in entries.owned(value)]
    return [
        {
            "owners": [relation.first.owner, relation.second.owner],
            "blocks": texts([relation.first.block, relation.second.block]),
            "family": relation.first.block.family,
            "kind": relation.kind,
            "shared": str(relation.shared) if relation.shared else None,
            "size": relation.shared.size if relation.shared else 0,
        }
        for relation in relations(claims, flag("adjacent", adjacent))
    ]


def pair(value: Any) -> dict[str, Any]:
    """The nth IPv4 address with the nth IPv6 address."""
    whole = pairing.pair(entries.blocks(value))
    return {
        "size": whole.size,
        "pairs": [{"ipv4": str(twins.ipv4), "ipv6": str(twins.ipv6), "size": twins.ipv4.size} for twins in whole.twins],
        "unpaired": {family: texts(block for block in whole.unpaired if block.family == family) for family in FAMILIES},
    }


def twin(value: Any, blocks: Any) -> str:
    """The address that goes with this one."""
    found = entries.blocks(value)
    if len(found) != 1 or found[0].size != 1:
        raise AddressError("only a single address has a twin; see the filter pair for whole blocks")
    return address(pairing.twin(pairing.pair(option("blocks", blocks)), found[0]))


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return faces((overlaps, pair, twin), AnsibleFilterError)
