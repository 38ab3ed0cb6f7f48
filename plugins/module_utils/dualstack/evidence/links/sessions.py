# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What both ends say of a session, and what it means that one of them says nothing: the causes behind many a break."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..case import Case, Session
from ..report import Report
from ..seen import ESTABLISHED, NOT_GATHERED
from ..texts import same

_NO_ADDRESS = ("network is unreachable", "is not on this host")  # words of wire
_NO_ROUTE = "Waiting for NHT"  # FRR: next-hop tracking knows no way to the other end


def not_asked(case: Case, router: str, report: Report, *places: str) -> bool:
    """Whether a router that is ours could not be asked; then that is noted as a cause, at the router and ``places``."""
    error = case.seen.router(router).get("error")
    if not error or not case.fabric.managed(router):
        return False
    if error == NOT_GATHERED:
        look = "Run validate.yml without --limit."
    elif error.startswith("unreachable"):
        look = "Is the host up, and can Ansible log in?"
    else:
        look = "Is FRR running there? See `systemctl status frr`."
    report.cause(f"{router} could not be asked: {error}", look, router, *places)
    return True


def mute(case: Case, node: str, report: Report) -> bool:
    """Whether a process of a node does not answer; then that is noted as a cause, at the node."""
    text, look = case.seen.mute(node)
    if text:
        report.cause(text, look, node)
    return bool(text)


def own_end(node: str, session: Session, last_error: str) -> str:
    """What to do about an error of the node itself; an empty text where it does not tell."""
    if session.unnumbered and last_error.startswith("interface "):
        place = f"See `ip -6 address show dev {session.router_address}` on {node}"
        return f"{place}: it has to be up, with a link-local address."
    if session.unnumbered and "router advertisement" in last_error:
        return f"Does {session.router} know {node} as `neighbor {session.node_address} interface`, and is that link up?"
    return _lost(node, session.node_address) if any(words in last_error for words in _NO_ADDRESS) else ""


def other_end(case: Case, session: Session) -> tuple[str, str]:
    """What the router says of its end of a node's session, and what to do about that; empty texts for nothing."""
    router = session.router
    known = case.seen.sessions(router) if case.fabric.managed(router) else None
    if known is None:
        return "", ""
    mine = known.get(same(session.node_address))
    if mine is None:
        return f"{router} has no such session", f"Run site.yml for {router}."
    if session.node_asn and mine.get("asn") not in (None, 0, session.node_asn):
        return f"{router} expects AS {mine['asn']}, not {session.node_asn}", "Run site.yml for both ends."
    if mine["state"] == "Idle (Admin)":
        return f"on {router} it is shut down", f"Run site.yml for {router}, or take the shutdown back there."
    if mine["state"] == "Idle (PfxCt)":
        look = f"See what the node announces; then on {router}: vtysh -c 'clear bgp {session.node_address}'."
        return f"{router} has cut it, because more prefixes came than it takes", look
    look = _lost(router, session.router_address) if _NO_ROUTE in (mine.get("last_error") or "") else ""
    return f"on {router} it is {_state(mine)}", look


def _lost(host: str, address: str) -> str:
    return f"Has {host} lost {address}? A link that was down takes IPv6 addresses with it: see `ip address` there."


def down(case: Case, router: str, other: str) -> str:
    """The sessions of a router with ``other`` that are not up, as the end of a sentence; empty when there are none."""
    known = case.seen.sessions(router) or {}
    held = {key: known.get(same(key)) for key in case.fabric.towards(router, other)}
    return "".join(
        f"; its session with {other} ({key}) is {_state(session)}"
        for key, session in held.items()
        if session and session["state"].lower() != ESTABLISHED
    )


def _state(session: Mapping[str, Any]) -> str:
    last = session.get("last_error")
    return f"{session['state']}, last: {last}" if last else str(session["state"])
