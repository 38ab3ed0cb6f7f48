# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loading an intent: the variable ``dualstack`` and the facts of the hosts, validated and with defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..findings import Finding
from .schema import CLIENT_HOST, INTENT, NODE_HOST, ROUTER_HOST
from .shapes import INVALID, Struct, error

GROUPS: dict[str, Struct] = {"routers": ROUTER_HOST, "nodes": NODE_HOST, "clients": CLIENT_HOST}


@dataclass(frozen=True)
class Intent:
    """A valid intent: parts in the schema's shape with defaults filled in; the hosts keep their order."""

    cluster: dict[str, Any]
    fabric: dict[str, Any]
    pools: list[dict[str, Any]]
    advertise: list[dict[str, Any]]
    services: list[dict[str, Any]]
    routers: dict[str, dict[str, Any]]
    nodes: dict[str, dict[str, Any]]
    clients: dict[str, dict[str, Any]]

    @property
    def families(self) -> list[str]:
        """The cluster's families, primary first."""
        return list(self.cluster["families"])


def load(data: Mapping[str, Any], hosts: Mapping[str, Mapping[str, Any]]) -> tuple[Intent | None, list[Finding]]:
    """Read ``data`` (the variable ``dualstack``) and ``hosts``: ``{routers|nodes|clients: {host: dualstack_host}}``.

    Returns the intent, or None when a part of it has no usable value, and all findings about the shape at once. The
    findings forbid to go on, but what was read can be checked further.
    """
    findings: list[Finding] = []
    report = findings.append
    main = INTENT.read(data, "dualstack", report)
    groups: dict[str, dict[str, Any]] = {}
    seen: dict[str, str] = {}
    for group, shape in GROUPS.items():
        groups[group] = {}
        for host, facts in (hosts.get(group) or {}).items():
            path = host_path(host)
            if host in seen:
                error(
                    report,
                    "host-twice",
                    path,
                    host,
                    f"is a member of {seen[host]} and of {group}",
                    "Keep a host in one of the groups.",
                )
            seen[host] = group
            groups[group][str(host)] = shape.read({} if facts is None else facts, path, report)
    if main is INVALID or any(facts is INVALID for group in groups.values() for facts in group.values()):
        return None, findings
    return Intent(**{**main, **groups}), findings


def host_path(host: str) -> str:
    """The path of a host's facts in messages."""
    return f"{host}: dualstack_host"
