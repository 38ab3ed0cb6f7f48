# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a link's check works with: the VIP, the plan (indexed), the observations, and the report that it fills."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..announcing.propagation import link_local

NOT_GATHERED = "nothing was gathered from it (was it in the run's --limit?)"


class Problem(NamedTuple):
    """One reason for red: ``host`` is where it was seen, ``place`` what is at fault, ``look`` the remedy."""

    place: str
    host: str
    expected: str
    seen: str
    look: str

    def __str__(self) -> str:
        return f"{self.host}: expected {self.expected}; seen: {self.seen}. {self.look}"


@dataclass
class Report:
    """Facts (raw, plain text), the places that they prove, and the problems found."""

    facts: list[str] = field(default_factory=list)
    covered: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def fact(self, text: str, *places: str) -> None:
        """Note a fact and the hosts and connections that it proves."""
        self.facts.append(text)
        self.covered.extend(places)

    def problem(self, host: str, expected: str, seen: str, look: str, place: str | None = None) -> None:
        """Note a problem that was seen on ``host``; ``place`` when it lies elsewhere than on that host."""
        self.problems.append(Problem(place or host, host, expected, seen, look))


class Session(NamedTuple):
    """A node's session with a router: the router's name and address, and the node's own address."""

    router: str
    router_address: str
    node_address: str


class Fabric:
    """The plan, with the indexes that the checks need."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self.plan = plan
        self._owners = {
            same(address): host
            for segment in plan["segments"].values()
            for host, member in segment["members"].items()
            for address in member["addresses"].values()
        }
        self._sessions: dict[tuple[str, str], list[Session]] = {}
        for session in plan["sessions"]:
            if session["kind"] == "node":
                node, router = session["ends"]
                held = Session(router["host"], router["address"], node["address"])
                for family in session["families"]:
                    self._sessions.setdefault((node["host"], family), []).append(held)
        self._homes: dict[str, set[str]] = {}
        self._segments: dict[str, set[str]] = {}
        for name, segment in plan["segments"].items():
            for host, member in segment["members"].items():
                self._segments.setdefault(host, set()).add(name)
                for address in member["addresses"].values():
                    self._homes.setdefault(same(address), set()).add(name)
        for name, router in plan["routers"].items():
            self._owners.update({same(address): name for address in router["loopback"].values()})
        self._behind = {
            (own["host"], link_local(own["interface"])): other["host"]
            for session in plan["sessions"]
            if session["unnumbered"]
            for own, other in (session["ends"], session["ends"][::-1])
        }

    def owner(self, host: str, hop: str) -> str | None:
        """The host that the next hop ``hop`` of ``host`` is, or None. A link-local one is known by its interface."""
        return self._behind.get((host, hop)) or self._owners.get(same(hop))

    def adjacent(self, host: str, address: str) -> bool:
        """Whether ``address`` belongs to a host on a segment of ``host``, so that a route can use it directly."""
        if (host, address) in self._behind:
            return True
        return not self._homes.get(same(address), set()).isdisjoint(self._segments.get(host, ()))

    def node_sessions(self, node: str, family: str) -> list[Session]:
        """The sessions over which ``node`` announces prefixes of ``family``."""
        return self._sessions.get((node, family), [])

    def managed(self, router: str) -> bool:
        """Whether the router is ours to look at."""
        return bool(self.plan["routers"][router]["managed"])

    def beside(self, host: str) -> list[str]:
        """The routers on the segments of ``host``."""
        return [
            name
            for segment in self.plan["segments"].values()
            if host in segment["members"]
            for name in segment["members"]
            if name in self.plan["routers"] and name != host
        ]


class Seen:
    """The observations, where a host that was not gathered is an error like any other."""

    def __init__(self, observations: Mapping[str, Any]) -> None:
        self._observations = observations
        self._vips: dict[str, dict[tuple[str, str, str], Mapping[str, Any]]] = {}

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
        """``{"bgp", "fib", "neighbours", "error"}`` of a router."""
        return self._of("routers", host)

    def routers_in_trouble(self) -> dict[str, str]:
        """Router to error, for those that could not be asked."""
        routers = self._observations.get("routers") or {}
        return {name: seen["error"] for name, seen in routers.items() if seen.get("error")}

    def client(self, host: str) -> Mapping[str, Any]:
        """``{"probes", "neighbours", "error"}`` of a client."""
        return self._of("clients", host)

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


class Case(NamedTuple):
    """One VIP and family to judge."""

    vip: Mapping[str, Any]
    fabric: Fabric
    seen: Seen


@functools.lru_cache(maxsize=1 << 16)
def same(address: str) -> str:
    """An address in its one canonical form, so that spellings compare; other text unchanged."""
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return address


def listing(words: Iterable[str], none: str = "none") -> str:
    """Words with commas, in order."""
    return ", ".join(sorted(words)) or none
