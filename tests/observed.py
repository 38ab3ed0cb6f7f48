# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observations of a fabric that does exactly what its plan says, for tests that then break one thing."""

from __future__ import annotations

import copy
import functools
from collections.abc import Mapping
from typing import Any

import fabrics

from dualstack.announcing.expected import expected
from dualstack.plan.build import make

TIME = "2026-01-02T03:04:05Z"
GONE = "bgpd does not answer"


@functools.cache
def _plan(example: str) -> dict[str, Any]:
    made, findings = make(*fabrics.read(example))
    assert made is not None, findings
    return made


def plan_of(example: str) -> dict[str, Any]:
    """The plan of an example; a fresh copy."""
    return copy.deepcopy(_plan(example))


def mac(host: str, number: int = 0) -> str:
    """A MAC for the interface number ``number`` of a host."""
    return "02:" + ":".join(f"{byte:02x}" for byte in (*host.encode()[-4:].rjust(4, b"\0"), number))


def healthy(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Observations in the shape of docs/architecture.md, all as planned."""
    return {
        "nodes": {node: {"status": _status(plan, node), "error": ""} for node in plan["nodes"]},
        "routers": {router: _router(plan, router) for router in plan["routers"]},
        "clients": {client: _client(plan, client) for client in plan["clients"]},
    }


def _status(plan: Mapping[str, Any], node: str) -> dict[str, Any]:
    sessions = [
        {
            "name": f"{session['ends'][1]['host']}-{session['transport']}",
            "address": "fe80::1" if session["unnumbered"] else session["ends"][1]["address"],
            "interface": session["ends"][0]["interface"] if session["unnumbered"] else None,
            "transport": session["transport"],
            "families": session["families"],
            "peer_asn": session["ends"][1]["asn"],
            "state": "established",
            "established_s": 12,
            "flaps": 0,
            "announced": dict.fromkeys(session["families"], 1),
            "last_error": "",
        }
        for session in plan["sessions"]
        if session["kind"] == "node" and session["ends"][0]["host"] == node
    ]
    return {
        "node": node,
        "speaker": {"config": "valid", "errors": []},
        "wire": {"connected": True},
        "sessions": sessions,
        "vips": [_vip(vip, node, sessions) for vip in expected(plan)],
    }


def _vip(vip: Mapping[str, Any], node: str, sessions: list[dict[str, Any]]) -> dict[str, Any]:
    announcing = node in vip["announcers"]
    carrying = [one["name"] for one in sessions if vip["family"] in one["families"]]
    return {
        **{key: vip[key] for key in ("vip", "family", "service", "mode")},
        "announcer": node if vip["mode"] == "bgp" else vip["announcers"][0],
        "announcing": announcing,
        "peers": carrying if announcing and vip["mode"] == "bgp" else [],
        "interfaces": [{"name": "eth1", "mac": mac(node, 1)}] if announcing and vip["mode"] == "layer2" else [],
        "reason": "" if announcing else "another node is the announcer",
    }


def _router(plan: Mapping[str, Any], router: str) -> dict[str, Any]:
    families = plan["cluster"]["families"]
    bgp: dict[str, dict[str, Any]] = {family: {} for family in families}
    fib: dict[str, dict[str, Any]] = {family: {} for family in families}
    for vip in expected(plan):
        held = vip["routers"].get(router)
        if held:
            bgp[vip["family"]][vip["prefix"]] = [
                {
                    "next_hop": hop,
                    "communities": list(held["communities"]),
                    "local_preference": held["local_preference"],
                    "best": True,
                }
                for hop in held["next_hops"]
            ]
            fib[vip["family"]][vip["prefix"]] = list(held["next_hops"])
    return {
        "bgp": bgp,
        "fib": fib,
        "neighbours": _neighbours(plan, router),
        "sessions": _sessions(plan, router),
        "error": "",
    }


def _sessions(plan: Mapping[str, Any], router: str) -> dict[str, Any]:
    return {
        own["interface"] if session["unnumbered"] else other["address"]: {
            "state": "Established",
            "asn": other["asn"],
            "families": session["families"],
            "last_error": "",
        }
        for session in plan["sessions"]
        for own, other in (session["ends"], session["ends"][::-1])
        if own["host"] == router
    }


def _client(plan: Mapping[str, Any], client: str) -> dict[str, Any]:
    nodes = list(plan["nodes"])
    probes = {
        vip["vip"]: {
            "ok": True,
            "node": nodes[0],
            "nodes": dict.fromkeys(nodes[:2], 2),
            "detail": "HTTP 200",
            "ms": 1.5,
        }
        for vip in expected(plan)
        if client in vip["clients"]
    }
    return {"probes": probes, "neighbours": _neighbours(plan, client), "error": ""}


def _neighbours(plan: Mapping[str, Any], host: str) -> dict[str, Any]:
    return {
        vip["vip"]: {"mac": mac(vip["announcers"][0], 1), "state": "REACHABLE", "interface": "eth2"}
        for vip in expected(plan)
        for segment in vip["segments"]
        if host in plan["segments"][segment]["members"]
    }


def cut(plan: dict[str, Any], seen: dict[str, Any], node: str, router: str, family: str | None = None) -> None:
    """The sessions of a node with a router are down, as the node sees it; of one transport, or all."""
    places = {
        (session["ends"][0]["interface"] if session["unnumbered"] else session["ends"][1]["address"])
        for session in plan["sessions"]
        if [end["host"] for end in session["ends"]] == [node, router] and family in (None, session["transport"])
    }
    status = seen["nodes"][node]["status"]
    for session in status["sessions"]:
        if (session["interface"] or session["address"]) in places:
            session.update(state="Connect", last_error="connection refused")
            for vip in status["vips"]:
                vip["peers"] = [name for name in vip["peers"] if name != session["name"]]
                if vip["mode"] == "bgp" and not vip["peers"]:
                    vip.update(announcing=False, reason="noEstablishedSession")


def without_frr(plan: dict[str, Any], seen: dict[str, Any], router: str) -> None:
    """FRR is stopped on a router: its neighbours have lost what came from it."""
    seen["routers"][router].update(bgp={}, fib={}, sessions={}, error=GONE)
    for node in plan["nodes"]:
        cut(plan, seen, node, router)
    for session in plan["sessions"]:
        for own, other in (session["ends"], session["ends"][::-1]):
            if own["host"] == router and other["host"] in plan["routers"]:
                far = seen["routers"][other["host"]]
                if far["error"]:
                    continue
                far["sessions"][own["address"]].update(state="Active", last_error="Hold Timer Expired")
                for table in far["bgp"].values():
                    for prefix, paths in table.items():
                        table[prefix] = [path for path in paths if path["next_hop"] != own["address"]]
