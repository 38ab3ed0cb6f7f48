# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status as metrics. Names are MetalLB's where they mean the same (0.16, native mode), with the label family."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..observe.metrics import Metric
from . import metrics_layer2
from .view import ESTABLISHED, place


def collect(
    status: Mapping[str, Any], wire: Mapping[str, Any] | None, loaded: bool, ports: Mapping[str, int]
) -> Iterator[Metric]:
    """All metrics of a scrape. ``ports``: TCP port by name of the session."""
    node = {"node": status["node"]}
    stale = status["speaker"]["config"] != "valid"
    yield _gauge("metallb_k8s_client_config_loaded_bool", "1 once resources were loaded", loaded)
    yield _gauge("metallb_k8s_client_config_stale_bool", "1 while a resource is refused", stale)
    yield _gauge(
        "dualstack_speaker_wire_connected_bool", "1 while the process wire answers", status["wire"]["connected"]
    )
    yield Metric(
        "metallb_speaker_announced",
        "gauge",
        "1 while this node announces the address",
        [
            (
                {"service": vip["service"], "protocol": vip["mode"], **node, "ip": vip["vip"], "family": vip["family"]},
                1,
            )
            for vip in status["vips"]
            if vip["announcing"]
        ],
    )
    rows = [
        ({"peer": _endpoint(session, ports), "family": family}, session)
        for session in status["sessions"]
        for family in session["families"]
    ]
    yield Metric(
        "metallb_bgp_session_up",
        "gauge",
        "1 while the session is established and carries the family",
        [(labels, int(session["state"] == ESTABLISHED)) for labels, session in rows],
    )
    yield Metric(
        "metallb_bgp_announced_prefixes_total",
        "gauge",
        "prefixes announced to the peer",
        [(labels, session["announced"][labels["family"]]) for labels, session in rows],
    )
    yield Metric(
        "dualstack_bgp_session_flaps_total",
        "counter",
        "how often an established session ended",
        [({"peer": _endpoint(session, ports)}, session["flaps"]) for session in status["sessions"]],
    )
    watched = [
        ({"peer": _behind(session) or session["address"], "family": session["transport"]}, session["bfd"])
        for session in status["sessions"]
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
    yield from metrics_layer2.collect(wire or {"layer2": {}})


def _gauge(name: str, text: str, value: bool) -> Metric:
    return Metric(name, "gauge", text, [({}, int(value))])


def _endpoint(session: Mapping[str, Any], ports: Mapping[str, int]) -> str:
    address, port = session["address"], ports.get(session["name"], 179)
    if _behind(session):
        return _behind(session)
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _behind(session: Mapping[str, Any]) -> str:
    """The interface of a session between link-local addresses, which tells it apart; empty for others."""
    return str(session["interface"]) if place(session) != session["address"] else ""
