# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a link's check works with: the VIP, the plan (indexed), the observations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..announcing.propagation import link_local
from .seen import Seen
from .texts import same


class Session(NamedTuple):
    """A node's session with a router: the router's name and address, the node's address and ASN (None: any).

    Of an unnumbered one, either end knows the other by its own interface instead of an address.
    """

    router: str
    router_address: str
    node_address: str
    node_asn: int | None
    unnumbered: bool = False


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
                asn = None if session["dynamic_asn"] else session["options"].get("local_asn", node["asn"])
                ends = _known_by(session, node, router), _known_by(session, router, node)
                held = Session(router["host"], *ends, asn, session["unnumbered"])
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
        self._towards: dict[tuple[str, str], list[str]] = {}
        for session in plan["sessions"]:
            for own, other in (session["ends"], session["ends"][::-1]):
                key = _known_by(session, own, other)
                self._towards.setdefault((own["host"], other["host"]), []).append(key)

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

    def towards(self, host: str, other: str) -> list[str]:
        """The addresses, or own interfaces, by which ``host`` knows the other ends of its sessions with ``other``."""
        return self._towards.get((host, other), [])

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


class Case(NamedTuple):
    """One VIP and family to judge."""

    vip: Mapping[str, Any]
    fabric: Fabric
    seen: Seen


def _known_by(session: Mapping[str, Any], own: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """By what one end of a session knows the other: its address, or an own interface."""
    return str(own["interface"] if session["unnumbered"] else other["address"])
