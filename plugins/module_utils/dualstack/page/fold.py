# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Large fabrics made small for their picture: nodes that stand in the same places share one box."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MOST = 24


def fold(plan: Mapping[str, Any]) -> tuple[Mapping[str, Any], dict[str, list[str]]]:
    """The plan without the nodes that another one's box stands for, and those by the name on the box.

    A fabric of up to ``MOST`` nodes stays as it is.
    """
    nodes = plan["nodes"]
    if len(nodes) <= MOST:
        return plan, {}
    homes: dict[str, list[str]] = {name: [] for name in nodes}
    for segment, content in plan["segments"].items():
        for host in content["members"]:
            if host in homes:
                homes[host].append(segment)
    groups: dict[tuple[Any, ...], list[str]] = {}
    for name, facts in nodes.items():
        alike = (*homes[name], facts["asn"], facts["cluster"], *facts["families"])
        groups.setdefault(alike, []).append(name)
    gone = {name for group in groups.values() for name in group[1:]}
    segments = {
        name: {**content, "members": {host: facts for host, facts in content["members"].items() if host not in gone}}
        for name, content in plan["segments"].items()
    }
    kept = {name: facts for name, facts in nodes.items() if name not in gone}
    return {**plan, "nodes": kept, "segments": segments}, {
        group[0]: group[1:] for group in groups.values() if group[1:]
    }
