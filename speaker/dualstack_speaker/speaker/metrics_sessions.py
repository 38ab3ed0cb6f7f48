# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics of BGP and BFD sessions. MetalLB's names where they mean the same, with the label family; see ``metrics``.

What a session carries has the family of the prefixes; messages belong to the session as a whole and have none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..observe.metrics import Metric
from .view import ESTABLISHED, place

_MESSAGES = (
    ("metallb_bgp_opens_sent", "sent", "open", "OPEN messages sent"),
    ("metallb_bgp_opens_received", "received", "open", "OPEN messages received"),
    ("metallb_bgp_notifications_sent", "sent", "notification", "NOTIFICATION messages sent"),
    ("dualstack_bgp_notifications_received", "received", "notification", "NOTIFICATION messages received"),
    ("metallb_bgp_updates_total", "sent", "update", "UPDATE messages sent"),
    ("metallb_bgp_updates_total_received", "received", "update", "UPDATE messages received, and passed over"),
    ("metallb_bgp_keepalives_sent", "sent", "keepalive", "KEEPALIVE messages sent"),
    ("metallb_bgp_keepalives_received", "received", "keepalive", "KEEPALIVE messages received"),
    ("metallb_bgp_route_refresh_sent", "sent", "route_refresh", "marks around repeated routes (RFC 7313) sent"),
    ("dualstack_bgp_route_refresh_received", "received", "route_refresh", "ROUTE-REFRESH messages received"),
)


def collect(
    sessions: Sequence[Mapping[str, Any]], ports: Mapping[str, int], wire: Mapping[str, Any]
) -> Iterator[Metric]:
    """``ports``: TCP port by name of the session. A wire that was not restarted yet may not tell everything."""
    rows = [
        ({"peer": _endpoint(session, ports), "family": family}, session)
        for session in sessions
        for family in session["families"]
    ]
    yield Metric(
        "metallb_bgp_session_up",
        "gauge",
        "1 while the session is established and carries the family",
        [(labels, int(session["state"] == ESTABLISHED)) for labels, session in rows],
    )
    for name, key, text in (
        ("metallb_bgp_announced_prefixes_total", "announced", "prefixes announced to the peer"),
        ("metallb_bgp_pending_prefixes_total", "wanted", "prefixes that the peer should hold, announced or not yet"),
    ):
        samples = [(labels, session[key][labels["family"]]) for labels, session in rows if key in session]
        yield Metric(name, "gauge", text, samples)
    peers = [({"peer": _endpoint(session, ports)}, session) for session in sessions]
    yield Metric(
        "dualstack_bgp_session_flaps_total",
        "counter",
        "how often an established session ended",
        [(labels, session["flaps"]) for labels, session in peers],
    )
    counted = [(labels, session["messages"]) for labels, session in peers if "messages" in session]
    for name, way, kind, text in _MESSAGES:
        yield Metric(name, "counter", text, [(labels, messages[way][kind]) for labels, messages in counted])
    for way in ("sent", "received"):
        totals = [(labels, sum(messages[way].values())) for labels, messages in counted]
        yield Metric(f"metallb_bgp_total_{way}", "counter", f"BGP messages {way}", totals)
    listening = wire.get("listening")
    if listening:
        ears = [({"family": family}, int(family not in listening["errors"])) for family in ("ipv4", "ipv6")]
        yield Metric("dualstack_bgp_listening_bool", "gauge", "1 while peers can connect", ears)
        name, text = "dualstack_bgp_connections_refused_total", "connections of strangers"
        yield Metric(name, "counter", text, [({}, listening["refused"])])
    yield from _bfd(sessions)


def _bfd(sessions: Sequence[Mapping[str, Any]]) -> Iterator[Metric]:
    watched = [
        ({"peer": _behind(session) or session["address"], "family": session["transport"]}, session["bfd"])
        for session in sessions
        if session.get("bfd") is not None  # a wire that was not restarted yet may not know of BFD
    ]
    up = [(labels, int(bfd["state"] == "Up")) for labels, bfd in watched]
    yield Metric("metallb_bfd_session_up", "gauge", "1 while BFD finds that the path to the peer works", up)
    for name, key, text in (
        ("metallb_bfd_control_packet_input", "received", "BFD control packets received"),
        ("metallb_bfd_control_packet_output", "sent", "BFD control packets sent"),
        ("metallb_bfd_session_up_events", "ups", "how often the path was found to work"),
        ("metallb_bfd_session_down_events", "downs", "how often the path did not work any more"),
    ):
        yield Metric(name, "counter", text, [(labels, bfd[key]) for labels, bfd in watched])


def _endpoint(session: Mapping[str, Any], ports: Mapping[str, int]) -> str:
    address, port = session["address"], ports.get(session["name"], 179)
    if _behind(session):
        return _behind(session)
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _behind(session: Mapping[str, Any]) -> str:
    """The interface of a session between link-local addresses, which tells it apart; empty for others."""
    return str(session["interface"]) if place(session) != session["address"] else ""
