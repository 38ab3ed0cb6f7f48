# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the status shows: the decision and what ``wire`` reports, merged. Shape: docs/architecture.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dualstack.announcing import reasons
from dualstack.announcing.decide import Announcement
from dualstack.findings import ERROR, Finding

from ..base.addresses import link_local, parse
from .delta import State

NOT_CONNECTED = "wireNotConnected"
NOT_SENT = "notSentYet"
NO_SESSION = "noEstablishedSession"
NO_INTERFACE = "noInterface"
NOBODY = "nobodyAnswers"
DRAINED = "drained"
TEXTS = {
    **reasons.TEXTS,
    NOT_CONNECTED: "the process wire does not answer",
    NOT_SENT: "the process wire has not taken it over yet",
    NO_SESSION: "no session of its family is established",
    DRAINED: "the node is taken out of service (dualstack-speaker undrain ends it, or says what does)",
    NO_INTERFACE: "no interface of the node can answer for it",
    NOBODY: "no node that may answer for it is alive and has an interface for it",
}
ESTABLISHED = "Established"
Status = dict[str, Any]


def merge(
    node: str,
    announcements: Iterable[Announcement],
    findings: Sequence[Finding],
    acknowledged: State,
    wire: Mapping[str, Any] | None,
    link_error: str,
) -> Status:
    """The status; ``wire`` is None when it does not answer."""
    errors = [str(finding) for finding in findings if finding.severity == ERROR]
    warnings = [str(finding) for finding in findings if finding.severity != ERROR]
    sessions = wire["sessions"] if wire else {}
    up = {name for name, session in sessions.items() if session["state"] == ESTABLISHED}
    carrying = {
        family: up & {name for name, session in sessions.items() if family in session["families"]}
        for family in ("ipv4", "ipv6")
    }
    return {
        "node": node,
        "speaker": {"config": "invalid" if errors else "valid", "errors": errors, "warnings": warnings},
        "wire": {"connected": wire is not None, "error": link_error, "drain": drain_of(wire)},
        "sessions": session_list(sessions),
        "vips": [_vip(node, entry, acknowledged, wire, carrying[entry.family]) for entry in announcements],
        "interfaces": interface_list(wire),
        **heartbeats(wire),
    }


def drain_of(wire: Mapping[str, Any] | None) -> str:
    """How far the node is taken out of service; a wire that was not restarted yet may not know of it."""
    return str(wire.get("drain", "off")) if wire else "off"


def place(session: Mapping[str, Any]) -> str:
    """Where a session's peer is: its address, with the interface where it is link-local or not found yet."""
    address, interface = session["address"], session.get("interface")
    if address is None:
        return f"%{interface}"
    return f"{address}%{interface}" if interface and link_local(parse(address)) else str(address)


def session_list(sessions: Mapping[str, Mapping[str, Any]]) -> list[Status]:
    """The sessions of wire's status as a list, by name."""
    return [{"name": name, **sessions[name]} for name in sorted(sessions)]


def interface_list(wire: Mapping[str, Any] | None) -> list[Status]:
    """The interfaces on which wire answers, or could."""
    found = wire.get("layer2_interfaces", {}) if wire else {}
    return [{"name": name, **found[name]} for name in sorted(found)]


def heartbeats(wire: Mapping[str, Any] | None) -> Status:
    """How other nodes are heard, and what keeps this one from being heard; a younger wire may not know of them."""
    nodes = wire.get("nodes", {}) if wire else {}
    return {
        "nodes": [{"name": name, **nodes[name]} for name in sorted(nodes)],
        "heartbeat": wire.get("heartbeat") if wire else None,
    }


def healthy(status: Mapping[str, Any]) -> bool:
    """Whether the configuration is valid, wire is there and heard, sessions are established, no address is disputed."""
    return (
        status["speaker"]["config"] == "valid"
        and status["wire"]["connected"]
        and not status["wire"]["error"]
        and all(session["state"] == ESTABLISHED for session in status["sessions"])
        and not any(vip["conflicts"] for vip in status["vips"])
        and not (status.get("heartbeat") or {}).get("error")
    )


def _vip(
    node: str, entry: Announcement, acknowledged: State, wire: Mapping[str, Any] | None, carrying: set[str]
) -> Status:
    names: set[str] = set()
    interfaces: list[dict[str, str]] = []
    conflicts: list[dict[str, str]] = []
    reason, announcer = entry.reason, entry.announcer
    if not reason and wire is None:
        reason = NOT_CONNECTED
    elif not reason and entry.mode == "layer2":
        answered = wire["layer2"].get(entry.vip, {}) if wire else {}
        interfaces = [{"name": name, "mac": mac} for name, mac in sorted(answered.get("interfaces", {}).items())]
        disputes = sorted(answered.get("conflicts", {}).items())
        conflicts = [{"interface": name, "mac": mac} for name, found in disputes for mac in found["macs"]]
        reason = "" if interfaces else NO_INTERFACE if entry.vip in acknowledged["layer2"] else NOT_SENT
        announcer = answered.get("owner", announcer)  # who answers is decided by wire, from moment to moment
        if answered.get("owner", node) != node:
            reason = NOBODY if announcer is None else reasons.NOT_OWNER
    elif not reason and drain_of(wire) == "withdrawn":
        reason = DRAINED
    elif not reason:
        sent = [paths for prefix, paths in entry.routes if prefix in acknowledged["routes"]]
        names = carrying & {name for paths in sent for path in paths for name in path["peers"]}
        reason = "" if names else NO_SESSION if sent else NOT_SENT
    return {
        "vip": entry.vip,
        "family": entry.family,
        "service": entry.service,
        "mode": entry.mode,
        "announcer": announcer,
        "announcing": not reason,
        "peers": sorted(names),
        "interfaces": interfaces,
        "conflicts": conflicts,
        "reason": reason,
    }
