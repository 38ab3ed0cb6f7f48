# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The observations, with the indexes that the checks need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..addresses.blocks import FAMILY_NAME
from .texts import same

NOT_GATHERED = "nothing was gathered from it (was it in the run's --limit?)"
ESTABLISHED = "established"


class Seen:
    """The observations, where a host that was not gathered is an error like any other."""

    def __init__(self, observations: Mapping[str, Any]) -> None:
        self._observations = observations
        self._vips: dict[str, dict[tuple[str, str, str], Mapping[str, Any]]] = {}
        self._sessions: dict[str, dict[str, Mapping[str, Any]]] = {}

    def _of(self, group: str, host: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = (self._observations.get(group) or {}).get(host) or {"error": NOT_GATHERED}
        return found

    def node(self, host: str) -> Mapping[str, Any]:
        """``{"status", "error"}`` of a node; an error whenever there is no status."""
        found = self._of("nodes", host)
        status, error = found.get("status"), found.get("error") or ""
        return {"status": status, "error": error if error or status else "its speaker gave no status"}

    def nodes(self) -> list[str]:
        """All nodes that were looked at."""
        return list(self._observations.get("nodes") or {})

    def router(self, host: str) -> Mapping[str, Any]:
        """``{"bgp", "fib", "neighbours", "sessions", "error"}`` of a router."""
        return self._of("routers", host)

    def sessions(self, router: str) -> Mapping[str, Mapping[str, Any]] | None:
        """The BGP sessions as a router has them, by address or interface of the other end; None when it did not say."""
        told = self.router(router)
        if told.get("error") or told.get("sessions") is None:
            return None
        if router not in self._sessions:
            self._sessions[router] = {same(key): session for key, session in told["sessions"].items()}
        return self._sessions[router]

    def routers_in_trouble(self) -> dict[str, str]:
        """Router to error, for those that could not be asked."""
        routers = self._observations.get("routers") or {}
        return {name: seen["error"] for name, seen in routers.items() if seen.get("error")}

    def client(self, host: str) -> Mapping[str, Any]:
        """``{"probes", "neighbours", "error"}`` of a client."""
        return self._of("clients", host)

    def mute(self, node: str) -> tuple[str, str]:
        """Which process of a node does not answer, while its host does, and what to do; empty texts when both do."""
        status = self.node(node)["status"] or {}
        if not status:
            return "", ""
        speaks, sends = status["speaker"]["config"] != "unknown", status["wire"]["connected"]
        if speaks and sends:
            return "", ""
        unit = "dualstack-wire" if speaks else "dualstack-speaker"
        look = f"`journalctl -u {unit}` tells why; `systemctl start {unit}` starts it."
        if speaks:
            return f"{node}: the process wire does not answer: nothing is announced from there", look
        text = f"{node}: the process speaker does not answer"
        if not sends:
            return f"{text}, nor does wire: nothing is announced from there", look
        return f"{text}, but wire goes on without it, with what it was told last{_sent(status)}", look

    def ignorance(self, node: str) -> str:
        """Why the status of ``node`` does not tell of a VIP."""
        seen = self.node(node)
        errors = ((seen["status"] or {}).get("speaker") or {}).get("errors") or []
        return seen["error"] or "; ".join(["its speaker does not know it", *errors])

    def vip(self, node: str, vip: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What the status of ``node`` says about a VIP in its mode, or None.

        An address that Services share stands there for each of them; the entry of another Service is better than none.
        """
        if node not in self._vips:
            known = (self.node(node).get("status") or {}).get("vips") or []
            held = {}
            for entry in known:
                place = (same(entry["vip"]), entry["mode"])
                held[(*place, entry["service"])] = entry
                held.setdefault((*place, ""), entry)
            self._vips[node] = held
        found, place = self._vips[node], (same(vip["vip"]), vip["mode"])
        return found.get((*place, vip["service"])) or found.get((*place, ""))


def _sent(status: Mapping[str, Any]) -> str:
    """What wire announces, as the end of a sentence."""
    up = [session for session in status["sessions"] if session["state"].lower() == ESTABLISHED]
    counts = {
        name: max((session["announced"].get(family, 0) for session in up), default=0)
        for family, name in FAMILY_NAME.items()
    }
    sent = " and ".join(f"{number} {name}" for name, number in counts.items() if number)
    return f": {sent} prefixes over {len(up)} sessions" if sent else ""
