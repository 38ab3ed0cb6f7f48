# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .view import ESTABLISHED, TEXTS, place

_SESSION_HEAD = ("SESSION", "TRANSPORT", "PEER", "ASN", "STATE", "BFD", "SINCE", "IPV4", "IPV6", "FLAPS", "LAST ERROR")
_INTERFACE_HEAD = ("INTERFACE", "MAC", "STATE", "ADDRESSES", "NOT ANSWERED")
_NODE_HEAD = ("NODE", "HEARTBEATS", "HEARD", "HEARS US", "INTERFACES")
_VIP_HEAD = ("VIP", "FAMILY", "SERVICE", "MODE", "ANNOUNCER", "STATE", "BY")


def render(status: Mapping[str, Any]) -> str:
    """All of it."""
    wire = status["wire"]
    link = "connected" if wire["connected"] else "not connected"
    head = f"node {status['node']}: configuration {status['speaker']['config']}, wire {link}"
    head += {"off": "", "told": ", about to be out of service", "withdrawn": ", out of service"}[wire["drain"]]
    lines = [head + (f" ({wire['error']})" if wire["error"] else "")]
    lines += [f"  {text}" for text in [*status["speaker"]["errors"], *status["speaker"]["warnings"]]]
    lines += ["", *_table(_SESSION_HEAD, map(_session, status["sessions"]))]
    vips = sorted(status["vips"], key=lambda vip: (vip["service"], vip["family"], vip["vip"], str(vip["mode"])))
    lines += ["", *_table(_VIP_HEAD, map(_vip, vips))]
    if any(interface["addresses"] for interface in status["interfaces"]):
        lines += ["", *_table(_INTERFACE_HEAD, map(_interface, status["interfaces"]))]
    beat = status.get("heartbeat") or {}
    if beat.get("error"):
        lines += ["", f"heartbeats: {beat['error']}"]
    if status.get("nodes"):
        lines += ["", *_table(_NODE_HEAD, map(_node, status["nodes"]))]
    return "\n".join(lines) + "\n"


def _session(session: Mapping[str, Any]) -> Sequence[str]:
    announced = session["announced"]
    counts = [str(announced[family]) if family in session["families"] else "-" for family in ("ipv4", "ipv6")]
    return (
        session["name"],
        session["transport"],
        place(session),
        str(session["peer_asn"]),
        session["state"],
        session["bfd"]["state"] if session.get("bfd") else "-",
        _duration(session["established_s"]),
        *counts,
        str(session["flaps"]),
        _errors(session),
    )


def _errors(session: Mapping[str, Any]) -> str:
    """What is wrong, and what the peer has said about it, where that is something else."""
    told, theirs = session["last_error"], session.get("peer_error")
    if theirs and theirs != told and session["state"] != ESTABLISHED:
        told = f"{told or '-'} (the peer, {_duration(session['peer_error_s'])} ago: {theirs})"
    return told or "-"


def _vip(vip: Mapping[str, Any]) -> Sequence[str]:
    by = ", ".join([*vip["peers"], *(f"{entry['name']} {entry['mac']}" for entry in vip["interfaces"])])
    state = "announced" if vip["announcing"] else "-"
    text = by if vip["announcing"] else TEXTS.get(vip["reason"], vip["reason"])
    if vip["conflicts"]:
        state = "conflict"
        text += "; also at " + ", ".join(f"{other['mac']} on {other['interface']}" for other in vip["conflicts"])
    return vip["vip"], vip["family"], vip["service"], vip["mode"] or "-", vip["announcer"] or "-", state, text


def _node(node: Mapping[str, Any]) -> Sequence[str]:
    state = node["state"] + (", drained" if node.get("drained") else "")
    hears = "-" if node.get("hears_us") is None else "yes" if node["hears_us"] else "no"
    return node["name"], state, _duration(node["heard_s"]), hears, ", ".join(node["interfaces"]) or "-"


def _interface(interface: Mapping[str, Any]) -> Sequence[str]:
    drops = ", ".join(f"{why} {count}" for why, count in interface["drops"].items())
    return interface["name"], interface["mac"], interface["state"], str(interface["addresses"]), drops or "-"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    table = [head, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in table]


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds)}s"
