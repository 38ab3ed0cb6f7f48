# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks cut out of blocks. Each filter is documented in the file of its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.addresses import carving, entries
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.addresses.blocks import AddressError
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.addresses.carve import parts as cut
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.address_faces import faces, flag, option, texts, whole


def parts(value: Any, count: int) -> list[list[str]]:
    """Part by part, what each block contributes to it."""
    pieces = [cut(block, whole("count", count)) for block in entries.blocks(value)]
    if not pieces:
        raise AddressError("there is no block to cut; give at least one")
    return [texts(part) for part in zip(*pieces)]


def halves(value: Any) -> list[list[str]]:
    """Two parts."""
    return parts(value, 2)


def carve(value: Any, wishes: Any, exclude: Any = (), keep: Any = None, exact: bool = False) -> Any:
    """Blocks for wishes, in the shape of the wishes."""
    supernets = entries.blocks(value)
    families = list(dict.fromkeys(block.family for block in supernets))
    ranges = flag("exact", exact)
    wished = {}
    for name, wish in _named(wishes).items():
        try:
            wished[name] = carving.wishes(wish, families, ranges)
        except AddressError as problem:
            raise AddressError(f"{name}: {problem}") from None
    if keep is not None and not isinstance(keep, Mapping):
        raise AddressError("keep is no mapping; give an earlier result for named wishes")
    kept = {str(name): option(f"keep, {name}", items) for name, items in (keep or {}).items()}
    carved = {
        name: texts(found) for name, found in carving.carve(supernets, wished, option("exclude", exclude), kept).items()
    }
    if isinstance(wishes, Mapping):
        return carved
    return list(carved.values()) if isinstance(wishes, list) else carved[_ONLY]


_ONLY = "wish"


def _named(wishes: Any) -> dict[str, Any]:
    if isinstance(wishes, Mapping):
        return {str(name): wish for name, wish in wishes.items()}
    if isinstance(wishes, list):
        return {f"wish {number}": wish for number, wish in enumerate(wishes, start=1)}
    return {_ONLY: wishes}


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return faces((halves, parts, carve), AnsibleFilterError)
