# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conditions of ConfigurationState: whether what was read is in force, and how the sessions are. No I/O.

As MetalLB has it (`internal/k8s/controllers/configurationstate_controller.go`, 0.16): the result is Invalid where a
condition is False with the reason ConfigurationError, whatever else is False. Conditions of ours have a prefix. Other
than there, ``lastTransitionTime`` is when the status last changed (Kubernetes API conventions), not when it was seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from dualstack.findings import ERROR, Finding
from dualstack.resources.shapes import listing, mapping

from .wording import timestamp

CONTROLLER_VALID, SPEAKER_VALID = "poolReconcilerValid", "configReconcilerValid"
RECONCILED, CONFIGURATION_ERROR, UNKNOWN_ERROR = "Reconciled", "ConfigurationError", "UnknownError"
VALID, INVALID, UNKNOWN = "Valid", "Invalid", "Unknown"
TRUE, FALSE, NOT_KNOWN = "True", "False", "Unknown"
SESSION = "session.baremetal.dualstack/"  # and the name of the BGPPeer
WIRE = "baremetal.dualstack/wire"
DRAIN = "baremetal.dualstack/drain"
CONFLICT = "baremetal.dualstack/conflict"  # only while it is so
ALONE = "baremetal.dualstack/alone"  # of the controller
MOST_SHOWN = 20  # findings in a message; the log has all of them
_LONGEST = 8192  # characters of a message; the API server takes 32768 (metav1.Condition)


class Condition(NamedTuple):
    """A condition; ``status`` is True, False or Unknown, as text."""

    type: str
    status: str
    reason: str
    message: str


def validity(type_: str, findings: Iterable[Finding], loaded: bool = True) -> Condition:
    """Whether everything that was read is in force. Warnings are told, and don't make it invalid."""
    found = list(findings)
    errors = [finding for finding in found if finding.severity == ERROR]
    if not loaded:
        return Condition(type_, NOT_KNOWN, UNKNOWN_ERROR, f"not everything was read yet\n{_joined(found)}".rstrip())
    if errors:
        return Condition(type_, FALSE, CONFIGURATION_ERROR, _joined(errors))
    return Condition(type_, TRUE, RECONCILED, _joined(found))


def of_wire(status: Mapping[str, Any]) -> list[Condition]:
    """What a node's status (docs/architecture.md) says of the process wire, of a drain and of each session."""
    wire = status["wire"]
    if not wire["connected"]:
        return [Condition(WIRE, FALSE, "NotConnected", str(wire["error"]))]
    found = [Condition(WIRE, TRUE, "Connected", "")]
    if wire["drain"] != "off":
        text = {"told": "routers are told to prefer others", "withdrawn": "all routes are withdrawn"}
        found.append(Condition(DRAIN, TRUE, str(wire["drain"]).capitalize(), text.get(wire["drain"], "")))
    if status["disputes"]:
        found.append(Condition(CONFLICT, TRUE, "AnotherOwner", _lines(status["disputes"])))
    return [*found, *(_session(session) for session in status["sessions"])]


def alone(others: Sequence[str]) -> Condition:
    """Whether nobody else writes statuses of Services while this controller is active; ``others``: what was written."""
    return Condition(ALONE, FALSE, "AnotherWriter", _lines(others)) if others else Condition(ALONE, TRUE, "Alone", "")


def summary(conditions: Sequence[Condition]) -> tuple[str, str]:
    """``result`` and ``errorSummary`` of the object."""
    if not conditions:
        return UNKNOWN, ""
    wrong = [entry.message for entry in conditions if entry.status == FALSE and entry.reason == CONFIGURATION_ERROR]
    return (INVALID if wrong else VALID), "\n".join(wrong)


def status_of(conditions: Sequence[Condition], before: Mapping[str, Any], wall: float) -> dict[str, Any]:
    """The object's status; times of conditions whose status is as ``before`` stay. ``wall``: seconds since 1970."""
    known = {str(mapping(entry).get("type")): mapping(entry) for entry in listing(before.get("conditions"))}
    result, errors = summary(conditions)
    shown = []
    for entry in conditions:
        old = known.get(entry.type, {})
        since = old.get("lastTransitionTime") if old.get("status") == entry.status else None
        shown.append({**entry._asdict(), "lastTransitionTime": since or timestamp(wall)})
    return {"result": result, **({"errorSummary": errors} if errors else {}), "conditions": shown}


def same(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Whether two statuses say the same."""

    def told(status: Mapping[str, Any]) -> Any:
        keys = ("type", "status", "reason", "message")
        conditions = map(mapping, listing(status.get("conditions")))
        rows = sorted(tuple(str(entry.get(key, "")) for key in keys) for entry in conditions)
        return status.get("result"), status.get("errorSummary") or "", rows

    return bool(told(first) == told(second))


def _session(session: Mapping[str, Any]) -> Condition:
    up = session["state"] == "Established"
    where = str(session["address"] or session.get("interface") or "")
    text = f"with {where}, carries {' and '.join(session['families'])}"
    if not up:
        reasons = dict.fromkeys(filter(None, (session.get("last_error"), session.get("peer_error"))))
        text = f"with {where}: {'; '.join(map(str, reasons)) or 'no connection yet'}"
    reason = re.sub("[^A-Za-z0-9_]", "", str(session["state"])) or "Unknown"
    return Condition(SESSION + session["name"], TRUE if up else FALSE, reason, text)


def _joined(findings: Sequence[Finding]) -> str:
    return _lines([str(finding) for finding in findings])


def _lines(texts: Sequence[str]) -> str:
    lines = list(texts[:MOST_SHOWN])
    if len(texts) > MOST_SHOWN:
        lines.append(f"and {len(texts) - MOST_SHOWN} more; the log has them all")
    return "\n".join(lines)[:_LONGEST]
