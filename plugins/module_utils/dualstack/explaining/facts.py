# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plan itself says about its parts: what a name in a pattern may bind, and indices for the look-ups."""

from __future__ import annotations

from collections.abc import Container, Mapping
from functools import cached_property
from typing import Any

from ..addresses.blocks import FAMILIES
from ..intent.stated import Stated
from ..plan.segments import LINK, NETWORK, RACK, REMOTE
from .paths import Tree

Named = Mapping[str, Any]


class Facts:
    """A plan with its indices. Names are those of the paths (``paths.NAMED``)."""

    def __init__(self, plan: Named) -> None:
        self.plan = plan
        self.tree = Tree(plan)
        self.stated = Stated(plan["stated"])

    def is_one(self, domain: str, key: str) -> bool:
        """Whether ``key`` may be bound by ``{domain}``; a domain without a list of its own takes every key."""
        allowed = self._domains.get(domain)
        return allowed is None or key in allowed

    @cached_property
    def _domains(self) -> dict[str, Container[str]]:
        plan, stated = self.plan, self.stated
        sessions = self.sessions.items()
        kinds = {
            kind: [name for name, each in plan["segments"].items() if each["kind"] == kind] for kind in (RACK, LINK)
        }
        peers = set(self.peers)
        return {
            "family": FAMILIES,
            "node": plan["nodes"],
            "client": plan["clients"],
            "router": set(plan["routers"]) - peers,
            "peer": peers,
            "peer of any ASN": {name for name in peers if plan["routers"][name]["asn"] is None},
            "rack": set(kinds[RACK]),
            "link": set(kinds[LINK]),
            "lan": {name for name, each in plan["segments"].items() if each["kind"] == NETWORK},
            "remote": set(self.remotes),
            "session of a rack": {name for name, each in sessions if each["segment"] in kinds[RACK]},
            "session of a link": {name for name, each in sessions if each["segment"] in self.links},
            "session of a peer": {name for name, each in sessions if each["segment"] in self.remotes},
            "session without addresses": {name for name, each in sessions if each["unnumbered"]},
            "session without authentication": {name for name, each in sessions if self._unauthenticated(each)},
            "pool with blocks": {
                name for name, number in self.pools.items() if stated.has(f"dualstack.pools[{number}].blocks")
            },
            "pool that is carved": set(self.carved),
            "advertisement by bgp": {each["name"] for each in plan["advertisements"] if each["kind"] == "bgp"},
            "service of one port": {
                name
                for name, number in self.numbers_of_services.items()
                if stated.has(f"dualstack.services[{number}].port")
            },
            "service that is pinned": {
                name for name, each in self.services.items() if len(self.pinned(name)) == len(each["addresses"])
            },
            "vip by layer2": {name for name, each in self.named("vips").items() if each["mode"] == "layer2"},
        }

    def _unauthenticated(self, session: Named) -> bool:
        """Whether a session has no password although one is stated."""
        group = f"dualstack.fabric.peer_groups.{session['peer_group']}"
        places = ("dualstack.fabric.password", f"{group}.password")
        return (
            session["password"] is None
            and self.stated.has(f"{group}.authenticated")
            and any(map(self.stated.has, places))
        )

    def named(self, key: str) -> Mapping[Any, Any]:
        """The entries of a list of the plan by name, in its order."""
        return self.tree.children((key,), self.plan[key])

    @property
    def sessions(self) -> Mapping[Any, Any]:
        """Sessions by name."""
        return self.named("sessions")

    @property
    def services(self) -> Mapping[Any, Any]:
        """Services by ``namespace/name``."""
        return self.named("services")

    @cached_property
    def links(self) -> dict[str, int]:
        """The number in ``fabric.links`` of each link: the plan has their order."""
        return self._segments(LINK)

    @cached_property
    def remotes(self) -> dict[str, int]:
        """The number in ``fabric.peers`` of each segment to a peer."""
        return self._segments(REMOTE)

    @cached_property
    def peers(self) -> dict[str, int]:
        """The number in ``fabric.peers`` of each peer."""
        return {self.peer_of(segment): number for segment, number in self.remotes.items()}

    def peer_of(self, segment: str) -> str:
        """The peer of a remote segment, which is its first member."""
        return str(next(iter(self.plan["segments"][segment]["members"])))

    def _segments(self, kind: str) -> dict[str, int]:
        found = (name for name, segment in self.plan["segments"].items() if segment["kind"] == kind)
        return {name: number for number, name in enumerate(found)}

    @cached_property
    def pools(self) -> dict[str, int]:
        """The number in ``pools`` of each pool."""
        return {pool["name"]: number for number, pool in enumerate(self.plan["pools"])}

    @cached_property
    def carved(self) -> list[str]:
        """Pools that are carved from a supernet by size or prefix length, in order."""
        return [
            name
            for name, number in self.pools.items()
            if any(self.stated.has(f"dualstack.pools[{number}].{key}") for key in ("size", "prefix_length"))
        ]

    @cached_property
    def numbers_of_services(self) -> dict[str, int]:
        """The number in ``services`` of each Service."""
        return {name: number for number, name in enumerate(self.services)}

    def pinned(self, service: str) -> list[str]:
        """The families of which the intent states the address of a Service."""
        path = f"dualstack.services[{self.numbers_of_services[service]}].addresses"
        return [family for family in self.services[service]["families"] if self.stated.of_family(path, family)]

    @cached_property
    def in_pool(self) -> dict[str, list[str]]:
        """The Services of each pool, in order."""
        found: dict[str, list[str]] = {}
        for name, service in self.services.items():
            for pool in dict.fromkeys(service["pools"].values()):
                found.setdefault(pool, []).append(name)
        return found

    @cached_property
    def advertisements(self) -> dict[str, int]:
        """The number in ``advertise`` of each advertisement: one that is split up has several in the plan."""
        found: dict[str, int] = {}
        number = left = 0
        for advert in self.plan["advertisements"]:
            if not left:
                left = 1 if len(advert["pools"]) > 1 else max(1, self._pools_of(number))
            found[advert["name"]] = number
            left -= 1
            number += not left
        return found

    def _pools_of(self, number: int) -> int:
        return self.stated.count(f"dualstack.advertise[{number}].pools")

    @cached_property
    def racks_of(self) -> dict[str, list[str]]:
        """The racks on which each host stands, in the order of the plan."""
        found: dict[str, list[str]] = {}
        for name, segment in self.plan["segments"].items():
            if segment["kind"] == RACK:
                for host in segment["members"]:
                    found.setdefault(host, []).append(name)
        return found

    @cached_property
    def sessions_of(self) -> dict[str, list[str]]:
        """The sessions of each host."""
        found: dict[str, list[str]] = {}
        for name, session in self.sessions.items():
            for end in session["ends"]:
                found.setdefault(end["host"], []).append(name)
        return found

    @cached_property
    def holders(self) -> dict[tuple[str, str], str]:
        """The Service that holds an address, by its ``namespace/name`` in VIPs and the address."""
        return {
            (f"{each['namespace']}/{each['name']}", address): name
            for name, each in self.services.items()
            for address in each["addresses"]
        }
