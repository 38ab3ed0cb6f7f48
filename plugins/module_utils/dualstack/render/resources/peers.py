# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BGPPeers and BFDProfiles: every session of a node as the node's end of it.

How far the peer may be is said to our speaker by annotations; for MetalLB there is no way to say it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ...addresses.blocks import family_of
from ...plan.segments import LINK, REMOTE
from ...resources.model import BGP_PORT, EXTERNAL, HIGHEST_TTL, INTERNAL, BFDProfile, Peer
from ...resources.modes import NATIVE, SPEAKER
from .hosts import Selecting

Session = Mapping[str, Any]


class _Shared(NamedTuple):
    """What the sessions of one BGPPeer have in common."""

    router: str
    segment: str
    transport: str
    families: tuple[str, ...]
    asn: int


class PeerNames:
    """The BGPPeers of one cluster: names and sessions.

    A session with a router of a rack belongs to ``<router>-<family>``, or to ``<router>`` when it carries both
    families. From the second rack of a router on the segment is added, from the second ASN of a segment's nodes on the
    ASN: what is appended to an intent gives nobody another name, which would be another session. A session over a link
    has the link's name. A router of others (``fabric.peers``) gives its BGPPeer its own name, with the family added
    when it has two addresses.
    """

    def __init__(self, plan: Mapping[str, Any], cluster: str) -> None:
        self.cluster = cluster
        self.sessions: dict[str, list[Session]] = {}
        self._of: dict[str, str] = {}
        groups: dict[_Shared, list[Session]] = {}
        for session in plan["sessions"]:
            if session["kind"] == "node" and plan["nodes"][session["ends"][0]["host"]]["cluster"] == cluster:
                groups.setdefault(_shared(session), []).append(session)
        first: dict[str, _Shared] = {}
        for shared in groups:
            name = _name(plan, shared)
            if first.setdefault(name, shared).segment != shared.segment:
                name += f"-{shared.segment}"
            if name in self.sessions:
                name += f"-as{shared.asn}"
            self.sessions[name] = groups[shared]
            self._of.update((session["name"], name) for session in groups[shared])

    def of(self, session: Session) -> str:
        """The name for a session of a node. Raises KeyError for a session of another cluster."""
        return self._of[session["name"]]

    def of_router(self, router: str) -> list[str]:
        """The names of all BGPPeers that lead to a router."""
        return [name for name, sessions in self.sessions.items() if sessions[0]["ends"][1]["host"] == router]


def peers(plan: Mapping[str, Any], names: PeerNames, mode: str) -> dict[str, Peer]:
    """Every BGPPeer by name; ``mode`` is who announces."""
    selecting = Selecting(plan, names.cluster)
    return {name: _peer(plan, selecting, name, sessions, mode) for name, sessions in names.sessions.items()}


def bfd_profiles(plan: Mapping[str, Any], names: PeerNames) -> dict[str, BFDProfile]:
    """The profiles that the sessions use, by name."""
    used = {session["bfd"] for sessions in names.sessions.values() for session in sessions}
    return {
        name: BFDProfile(
            name,
            receive_interval=profile["receive_interval"],
            transmit_interval=profile["transmit_interval"],
            echo_interval=profile["echo_interval"] if profile["echo"] else None,
            detect_multiplier=profile["detect_multiplier"],
            minimum_ttl=profile["minimum_ttl"],
            echo_mode=profile["echo"],
            passive_mode=profile["passive"],
        )
        for name, profile in plan["bfd_profiles"].items()
        if name in used
    }


def _shared(session: Session) -> _Shared:
    node, router = session["ends"]
    transport = "unnumbered" if session["unnumbered"] else session["transport"]
    return _Shared(router["host"], session["segment"], transport, tuple(session["families"]), node["asn"])


def _name(plan: Mapping[str, Any], shared: _Shared) -> str:
    segment = plan["segments"][shared.segment]
    if segment["kind"] == LINK:
        return shared.segment
    if segment["kind"] == REMOTE:
        by_family = len(segment["members"][shared.router]["addresses"]) > 1
    else:
        by_family = len(shared.families) == 1
    return f"{shared.router}-{shared.transport}" if by_family else shared.router


def _peer(plan: Mapping[str, Any], selecting: Selecting, name: str, sessions: list[Session], mode: str) -> Peer:
    first = sessions[0]
    node, router = first["ends"]
    options, timers = first["options"], first["timers"]
    source = options.get("source_address")
    dynamic = router["asn"] is None or first["dynamic_asn"]
    hosts = list(dict.fromkeys(session["ends"][0]["host"] for session in sessions))
    stated = plan["segments"][first["segment"]].get("node_selectors", ())
    return Peer(
        name=name,
        my_asn=node["asn"],
        peer_asn=None if dynamic else router["asn"],
        dynamic_asn=(INTERNAL if first["type"] == "ibgp" else EXTERNAL) if dynamic else None,
        local_asn=options.get("local_asn"),
        address=router["address"],
        interface=node["interface"] if first["unnumbered"] else None,
        source_address=source if source and family_of(source) == first["transport"] else None,
        port=options.get("port", BGP_PORT),
        hold_time=timers["hold"],
        keepalive_time=_keepalive(timers, mode),
        connect_time=None if mode == NATIVE else timers["connect"],
        router_id=options.get("router_id"),
        node_selectors=selecting.of(hosts, stated),
        password_secret=first["password"]["secret"] if first["password"] else None,
        bfd_profile=first["bfd"],
        graceful_restart=first["graceful_restart"],
        multihop="multihop" in options,
        vrf=options.get("vrf"),
        both_families=len(first["families"]) > 1 and not first["unnumbered"],
        ttl=_ttl(first, mode),
        ttl_security=first["ttl_security"] if mode == SPEAKER else None,
    )


def _ttl(session: Session, mode: str) -> int | None:
    """How far the peer may be, where that is less than ebgpMultiHop alone says."""
    hops: int | None = session["options"].get("multihop")
    return hops if mode == SPEAKER and session["ttl_security"] is None and hops != HIGHEST_TTL else None


def _keepalive(timers: Mapping[str, int], mode: str) -> int | None:
    """Native mode refuses it, and uses a third of the hold time: where that is what is wanted, nothing is said."""
    return None if mode == NATIVE and timers["keepalive"] == timers["hold"] // 3 else timers["keepalive"]
