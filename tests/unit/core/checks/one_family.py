# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An intent of both families as one of a single family: what is of the other one is taken away."""

from __future__ import annotations

from typing import Any

from cases import IPV4, IPV6

from dualstack.addresses import blocks
from dualstack.addresses.blocks import AddressError

# Pools of one family that base keeps for the other one, so that nothing that names them is left without.
STAND_INS = {"10.1.4.0/26": "fd4c:9e02:7ab1:a004::/112", "fd4c:9e02:7ab1:a006::/112": "10.1.6.0/26"}
_GONE = object()


def only(family: str, data: dict[str, Any], hosts: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The intent and the hosts in one family."""
    other = IPV6 if family == IPV4 else IPV4
    return _without(data, other), _without(hosts, other)


def _without(value: Any, other: str) -> Any:
    if isinstance(value, dict):
        kept = {
            key: item if key == "router_id" else _without(item, other)
            for key, item in value.items()
            if not (key == other and isinstance(item, int))
        }
        return {key: item for key, item in kept.items() if item is not _GONE}
    if isinstance(value, list):
        return [item for item in (_without(item, other) for item in value) if item is not _GONE]
    if not isinstance(value, str):
        return value
    if value == other:
        return _GONE
    if _family(value) != other:
        return value
    return STAND_INS.get(value, _GONE)


def _family(text: str) -> str | None:
    try:
        return blocks.parse(text).family
    except AddressError:
        pass
    try:
        return blocks.parse_interface(text)[1].family
    except AddressError:
        return None
