# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The interfaces of the host as layer 2 looks at them."""

from __future__ import annotations

from ...base.links import Links
from ...layer2.placement import Interface


def interfaces_of(table: Links) -> dict[int, Interface]:
    """All interfaces by number."""
    found = {}
    ports = table.ports()
    for link in table.links.values():
        addresses = table.addresses(link.number)
        found[link.number] = Interface(
            link.name,
            link.number,
            link.mac,
            link.flags,
            link.kind,
            link.master,
            tuple(sorted({(address.packed, address.bits) for address in addresses})),
            link.names,
            table.link_local(link.number)
            or next((one.packed for one in addresses if one.sure and len(one.packed) == 16), None),
            table.attached(link.number, ports),
        )
    return found
