# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BGP sessions of a running FRR: which were up, which of these must be up again, and why one is not.

Shapes are those of FRR's ``show bgp summary json`` and ``show bgp neighbors json``, 8.4 to 10.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .delta import Delta

UP = "Established"
_NEIGHBOUR = re.compile(r"^ +neighbor (\S+) (?:remote-as|interface) ", re.M)


def summary(shown: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """``{address: {state, asn, description, families, established, dropped, uptime_s}}`` of ``show bgp summary json``.

    ``established`` and ``dropped`` are FRR's own counters since the session was configured. ``families`` are those
    that the session is configured to carry.
    """
    found: dict[str, dict[str, Any]] = {}
    for table, part in shown.items():
        family = {"ipv4Unicast": "ipv4", "ipv6Unicast": "ipv6"}.get(table)
        if family is None:
            continue
        for address, peer in part.get("peers", {}).items():
            session = found.setdefault(address, {"families": []})
            session["families"].append(family)
            session.update(
                state=peer.get("state", ""),
                asn=peer.get("remoteAs"),
                description=peer.get("desc", ""),
                established=peer.get("connectionsEstablished", 0),
                dropped=peer.get("connectionsDropped", 0),
                uptime_s=peer.get("peerUptimeMsec", 0) // 1000 if peer.get("state") == UP else 0,
            )
    return found


def configured(text: str) -> set[str]:
    """The neighbours (addresses, interfaces) of a configuration."""
    return set(_NEIGHBOUR.findall(text))


def up(sessions: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """The sessions that are Established."""
    return {address for address, session in sessions.items() if session["state"] == UP}


def lost(before: Iterable[str], now: Mapping[str, Mapping[str, Any]], text: str) -> list[str]:
    """Sessions that were up, are wanted by the new configuration ``text`` and are not up."""
    return sorted(set(before) & configured(text) - up(now))


def last_error(neighbour: Mapping[str, Any]) -> str:
    """What FRR tells of the session's last end; ``neighbour`` is its entry in ``show bgp neighbors json``."""
    keys = ("lastResetDueTo", "lastNotificationReason", "lastShutdownDescription")
    return ", ".join(str(neighbour[key]).strip() for key in keys if neighbour.get(key))


def why(address: str, neighbour: Mapping[str, Any], delta: Delta) -> str:
    """One sentence on a session that did not come back: its state, FRR's last reason, what this run changed on it.

    ``neighbour`` is its entry in ``show bgp neighbors json``, empty when FRR does not have it.
    """
    name = f"{address} ({neighbour['nbrDesc']})" if neighbour.get("nbrDesc") else address
    reasons = [f"state {neighbour.get('bgpState', 'unknown')}", *filter(None, [last_error(neighbour)])]
    changed = delta.mentions(address)
    if any(" password " in f" {line} " for line in changed):
        reasons.append("its password changed in this run; does the other end have the same one?")
    elif changed:
        reasons.append("changed in this run: " + "; ".join(changed))
    return f"{name}: " + ", ".join(reasons)
