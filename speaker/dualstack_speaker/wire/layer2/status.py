# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the status tells of layer 2. Shapes: docs/architecture.md, "speaker and wire"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ...layer2.ownership import Ownership, State
from ...layer2.placement import Interface, unusable
from ...net.prefixes import show
from .port import Counts, Port


def addresses(
    wanted: Iterable[bytes],
    places: Mapping[bytes, frozenset[int]],
    ports: Mapping[int, Port],
    counts: Counts,
    owned: Ownership,
) -> dict[str, Any]:
    """By address: where it is answered, what was counted, who else has it."""
    disputes: dict[bytes, dict[str, Any]] = {}
    for held in owned.holdings():
        if held.conflicts:
            number, address = held.key
            macs = sorted(mac.hex(":") for mac in held.macs) if held.state is State.DISPUTED else []
            name = ports[number].interface.name if number in ports else str(number)
            disputes.setdefault(address, {})[name] = {"macs": macs, "total": held.conflicts}
    shown: dict[frozenset[int], dict[str, str]] = {}  # most addresses are answered at the same places
    found = {}
    for address in sorted(wanted, key=lambda packed: (len(packed), packed)):
        at = places.get(address, frozenset())
        if at not in shown:
            there = sorted(ports[number].interface for number in at if number in ports)
            shown[at] = {interface.name: interface.mac.hex(":") for interface in there}
        requests, replies, gratuitous = counts[address]
        found[show(address)] = {
            "interfaces": shown[at],
            "requests": requests,
            "replies": replies,
            "gratuitous": gratuitous,
            "conflicts": disputes.get(address, {}),
        }
    return found


def interfaces(
    known: Iterable[Interface], ports: Mapping[int, Port], failed: Mapping[int, str], excluded: re.Pattern[str]
) -> dict[str, Any]:
    """By interface: whether it answers, for how many, and what was not answered; excluded ones only if they answer."""
    found = {}
    for interface in sorted(known):
        port = ports.get(interface.number)
        if port is None and excluded.search(interface.name):
            continue
        found[interface.name] = {
            "mac": interface.mac.hex(":"),
            "state": _state(interface, port, failed.get(interface.number, "")),
            "addresses": len(port.addresses) if port else 0,
            "drops": port.drops() if port else {},
        }
    return found


def _state(interface: Interface, port: Port | None, failure: str) -> str:
    if port is None:
        return unusable(interface) or failure or "no address"
    if port.failed:
        return f"group not joined: {port.failed}"
    return "answering" if interface.running else "no carrier"
