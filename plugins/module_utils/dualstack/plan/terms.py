# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How sessions run: what the fabric says, and what the peer group of a rack, link or peer has in its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..intent.load import Intent


class Terms(NamedTuple):
    """What a session's two ends agree on. ``layout``: per-family, over-ipv4 or over-ipv6."""

    layout: str
    values: dict[str, Any]


def terms(intent: Intent, peer_group: str | None) -> Terms:
    """The terms of the sessions of ``peer_group``; an unknown group counts as none (another rule names it)."""
    fabric = intent.fabric
    group: Mapping[str, Any] = fabric["peer_groups"].get(peer_group) or {}
    password = (group.get("password") or fabric["password"]) if group.get("authenticated", True) else None
    restart = group.get("graceful_restart")
    return Terms(
        group.get("sessions") or fabric["sessions"],
        {
            "peer_group": peer_group if group else None,
            "timers": {
                **fabric["timers"],
                **{key: value for key, value in (group.get("timers") or {}).items() if value is not None},
            },
            "password": dict(password) if password else None,
            "bfd": group.get("bfd") or fabric["bfd"],
            "graceful_restart": fabric["graceful_restart"] if restart is None else restart,
            "ttl_security": group.get("ttl_security"),
            "dynamic_asn": group.get("dynamic_asn", False),
        },
    )
