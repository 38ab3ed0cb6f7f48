# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loading an intent: the variable ``dualstack`` and the facts of the hosts, validated and with defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..findings import Finding, has_errors
from .schema import CLIENT_HOST, INTENT, NODE_HOST, ROUTER_HOST
from .shapes import INVALID, Report, Struct, error

GROUPS: dict[str, Struct] = {"routers": ROUTER_HOST, "nodes": NODE_HOST, "clients": CLIENT_HOST}
ROLES = {"control_planes": "kube_control_plane", "workers": "kube_node"}


@dataclass(frozen=True)
class Intent:
    """An intent: parts in the schema's shape with defaults filled in; the hosts keep their order.

    ``partial``: an entry of a list or mapping could not be read and is left out, with a finding; ``torn``: that was a
    host, rack, link or peer, so nothing can be said about who reaches whom. ``named`` holds the
    names of all entries, also of those: ``routers``, ``nodes``, ``clients``, ``racks``, ``pools``, ``pairs``,
    ``peers``, ``clusters``, ``peer_groups``, ``bfd_profiles``, ``communities``. ``control_planes`` and ``workers`` are
    the members of the inventory's groups kube_control_plane and kube_node, also those that are no nodes of the fabric.
    """

    cluster: dict[str, Any]
    clusters: list[dict[str, Any]]
    fabric: dict[str, Any]
    bfd_profiles: dict[str, dict[str, Any]]
    communities: dict[str, str]
    pools: list[dict[str, Any]]
    pairs: list[dict[str, Any]]
    advertise: list[dict[str, Any]]
    services: list[dict[str, Any]]
    silence: list[dict[str, Any]]
    lab: bool
    routers: dict[str, dict[str, Any]]
    nodes: dict[str, dict[str, Any]]
    clients: dict[str, dict[str, Any]]
    control_planes: tuple[str, ...]
    workers: tuple[str, ...]
    named: dict[str, frozenset[str]]
    partial: bool
    torn: bool

    @property
    def families(self) -> list[str]:
        """The cluster's families, primary first."""
        return list(self.cluster["families"])


def load(data: Mapping[str, Any], hosts: Mapping[str, Mapping[str, Any]]) -> tuple[Intent | None, list[Finding]]:
    """Read ``data`` (the variable ``dualstack``) and ``hosts``: ``{routers|nodes|clients: {host: dualstack_host}}``.

    ``hosts`` may also have ``kube_control_plane`` and ``kube_node``: ``{host: None}`` for each member of these groups.

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
        for host, facts in _members(hosts, group, report).items():
            path = host_path(host)
            if host in seen:
                reason = f"is a member of {seen[host]} and of {group}"
                error(report, "host-twice", path, host, reason, "Keep a host in one of the groups.")
            seen[host] = group
            read = shape.read({} if facts is None else facts, path, report)
            if read is not INVALID:
                groups[group][str(host)] = read
    roles = {key: tuple(map(str, _members(hosts, group, report))) for key, group in ROLES.items()}
    if main is INVALID:
        return None, findings
    named = _named(data, hosts)
    torn = _torn(data["fabric"], main["fabric"], named, groups)
    return Intent(**{**main, **groups, **roles}, named=named, partial=has_errors(findings), torn=torn), findings


def _members(hosts: Mapping[str, Any], group: str, report: Report) -> Mapping[str, Any]:
    """The members of a group by name; empty, with a finding, where it is no mapping."""
    members = hosts.get(group) or {}
    if isinstance(members, Mapping):
        return members
    fix = "Give what the filter baremetal.dualstack.intent_hosts returns."
    error(report, "type", f"hosts.{group}", members, "expected a mapping of hosts to dualstack_host", fix)
    return {}


def _torn(
    given: Mapping[str, Any],
    fabric: Mapping[str, Any],
    named: Mapping[str, frozenset[str]],
    groups: Mapping[str, Mapping[str, Any]],
) -> bool:
    links = given.get("links")
    return (
        any(named[group] - set(members) for group, members in groups.items())
        or bool(named["racks"] - set(fabric["racks"]))
        or bool(named["peers"] - {peer["name"] for peer in fabric["peers"]})
        or len(links if isinstance(links, (list, tuple)) else ()) != len(fabric["links"])
    )


def _named(data: Mapping[str, Any], hosts: Mapping[str, Mapping[str, Any]]) -> dict[str, frozenset[str]]:
    """The names of everything that the intent defines, whether or not the rest of it can be read."""
    given = data.get("fabric")
    fabric = given if isinstance(given, Mapping) else {}
    mappings = {
        **{group: hosts.get(group) for group in GROUPS},
        **{key: fabric.get(key) for key in ("racks", "peer_groups")},
        **{key: data.get(key) for key in ("bfd_profiles", "communities")},
    }
    lists = {"peers": fabric.get("peers"), **{key: data.get(key) for key in ("pools", "pairs", "clusters")}}
    found = {
        key: frozenset(map(str, value)) if isinstance(value, Mapping) else frozenset()
        for key, value in mappings.items()
    }
    for key, entries in lists.items():
        known = [each for each in entries if isinstance(each, Mapping)] if isinstance(entries, (list, tuple)) else []
        found[key] = frozenset(str(each["name"]) for each in known if "name" in each)
    found["clusters"] |= {str(data["cluster"].get("name"))}
    return found


def host_path(host: str) -> str:
    """The path of a host's facts in messages."""
    return f"{host}: dualstack_host"
