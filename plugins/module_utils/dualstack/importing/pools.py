# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools: every IPAddressPool with its blocks as they are."""

from __future__ import annotations

from typing import Any

from ..addresses.blocks import range_text
from ..resources.write import Object
from .source import Source
from .tables import renamed

_FIELDS = {"autoAssign": "auto_assign", "avoidBuggyIPs": "avoid_buggy_ips"}
_ALLOCATION = {
    "priority": "priority",
    "namespaces": "namespaces",
    "namespaceSelectors": "namespace_selectors",
    "serviceSelectors": "service_selectors",
}


def pools(source: Source) -> list[dict[str, Any]]:
    """``dualstack.pools``, by name."""
    return [_pool(source, name, spec) for name, spec in source.of("IPAddressPool").items()]


def _pool(source: Source, name: str, spec: Object) -> dict[str, Any]:
    result = {"name": name, "blocks": _blocks(source, name), **renamed(spec, _FIELDS)}
    labels = source.case.resources.pools[name].labels
    if labels:
        result["labels"] = dict(labels)
    if "serviceAllocation" in spec:
        result["service_allocation"] = renamed(spec["serviceAllocation"], _ALLOCATION)
    return result


def _blocks(source: Source, name: str) -> list[str]:
    """Canonical text of each entry. A range stays one: its first address is no network address, and is given out."""
    written = source.pool_entries[name]
    found = source.case.resources.pools[name].blocks
    return [range_text(block) if "-" in str(text) else str(block) for text, block in zip(written, found)]
