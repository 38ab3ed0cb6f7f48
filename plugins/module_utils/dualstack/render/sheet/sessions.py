# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sessions of a router: sessions that run alike are told once, with a table of who is at either end."""

from __future__ import annotations

from typing import Any

from ...addresses.blocks import FAMILY_NAME
from ..policy import Neighbour, View
from ..policy.fabric import ABOVE, BELOW, MESH, NODE, PEER, Plan
from . import text

Groups = dict[tuple[Any, ...], list[Neighbour]]

WHO = {
    NODE: "servers",
    BELOW: "routers below, towards the servers",
    ABOVE: "routers above, towards the clients",
    PEER: "routers beside, in another AS",
    MESH: "routers beside, in the same AS",
}


def section(plan: Plan, view: View) -> list[str]:
    """The lines of the section."""
    groups: Groups = {}
    for neighbour in view.neighbours:
        groups.setdefault(_alike(neighbour), []).append(neighbour)
    lines = []
    for number, group in enumerate(groups.values(), 1):
        hosts = list(dict.fromkeys(neighbour.host for neighbour in group))
        lines += ["", *text.wrapped(f"2.{number} With {', '.join(hosts)} ({WHO[group[0].relation]})")]
        lines += text.pairs(_terms(plan, view, group[0]))
        lines += ["", *_ends(group)]
    return lines


def _alike(neighbour: Neighbour) -> tuple[Any, ...]:
    """What sessions of one group share."""
    session = neighbour.session
    keys = ("type", "segment", "unnumbered", "reflector", "bfd", "graceful_restart", "ttl_security", "dynamic_asn")
    shared = {key: session[key] for key in ("timers", "password", "options")}
    local_asn = session["options"].get("local_asn")
    asn = neighbour.other["asn"] if session["dynamic_asn"] else None
    return (neighbour.relation, *(session[key] for key in keys), repr(shared), local_asn, asn)


def _terms(plan: Plan, view: View, neighbour: Neighbour) -> list[tuple[str, str]]:
    session, options = neighbour.session, neighbour.session["options"]
    timers = session["timers"]
    return [
        ("session", _kind(plan, neighbour)),
        ("your AS", "any" if neighbour.own["asn"] is None else str(neighbour.own["asn"])),
        ("their AS", _any_asn(neighbour)),
        ("port", f"TCP {options['port']}" if "port" in options else ""),
        ("timers", f"keepalive {timers['keepalive']} s, hold {timers['hold']} s, connect retry {timers['connect']} s"),
        ("password", f'TCP MD5 (RFC 2385): ask for "{neighbour.secret}"' if neighbour.secret else "none"),
        ("BFD", _bfd(view, neighbour)),
        ("TTL", _ttl(neighbour)),
        ("graceful restart", "on, at both ends (RFC 4724)" if session["graceful_restart"] else "not needed"),
        ("reflection", _reflection(neighbour)),
        ("next hop", "set yourself as next hop, also of what you reflect" if view.next_hop_self(neighbour) else ""),
        ("own AS", "accept it once in the AS path (allowas-in 1)" if view.allows_own_asn(neighbour) else ""),
        ("identifier", f"theirs is {options['router_id']}" if "router_id" in options else ""),
        ("their VRF", str(options.get("vrf", ""))),
    ]


def _kind(plan: Plan, neighbour: Neighbour) -> str:
    segment = plan["segments"][neighbour.session["segment"]]
    name = "iBGP" if neighbour.internal else "eBGP"
    if neighbour.unnumbered:
        return (
            f"{name} between the link-local addresses of the interfaces, without other addresses; send router "
            "advertisements, by which the other end finds you; IPv4 goes with IPv6 next hops (RFC 8950)"
        )
    if segment["networks"]:
        return f"{name} on {neighbour.session['segment']}, {' and '.join(segment['networks'].values())}"
    hops = neighbour.session["options"].get("multihop")
    return f"{name}, over up to {hops} hops" if hops else f"{name}, on the subnet that both ends share"


def _any_asn(neighbour: Neighbour) -> str:
    if not neighbour.session["dynamic_asn"]:
        return ""
    return "accept your own only (internal)" if neighbour.internal else "accept any but your own (external)"


def _bfd(view: View, neighbour: Neighbour) -> str:
    name = neighbour.session["bfd"]
    if name is None:
        return "none"
    profile = view.bfd_profiles[name]
    words = [
        f"send every {profile['transmit_interval']} ms",
        f"expect every {profile['receive_interval']} ms",
        f"down after {profile['detect_multiplier']} lost",
    ]
    if profile["echo"]:
        words.append(f"echo every {profile['echo_interval']} ms")
    if "multihop" in neighbour.session["options"] or neighbour.multihop_bfd:
        words.append("multi-hop (RFC 5883)")
        if profile["minimum_ttl"]:
            words.append(f"lowest TTL {profile['minimum_ttl']}")
    return f"{', '.join(words)} (profile {name})"


def _ttl(neighbour: Neighbour) -> str:
    hops = neighbour.session["ttl_security"]
    if hops:
        return (
            f"send with TTL 255, accept {256 - hops} or more (TTL security of {hops} hop{'s' * (hops > 1)}, RFC 5082)"
        )
    multihop = neighbour.session["options"].get("multihop")
    return f"{multihop} (multi-hop)" if multihop else ""


def _reflection(neighbour: Neighbour) -> str:
    reflector = neighbour.session["reflector"]
    if reflector is None:
        return ""
    if neighbour.client:
        return "you are the route reflector, they are your clients (RFC 4456)"
    return "they reflect, you are their client (RFC 4456); nothing to set"


def _ends(group: list[Neighbour]) -> list[str]:
    head = ("neighbour", "its address", "its AS", "your address", "your interface", "its interface", "carries")
    return text.table(head, [_row(neighbour) for neighbour in group])


def _row(neighbour: Neighbour) -> tuple[str, ...]:
    session, own, other = neighbour.session, neighbour.own, neighbour.other
    shown = session["options"].get("local_asn") if neighbour.relation == NODE else None
    unnumbered = "link-local" if neighbour.unnumbered else ""
    return (
        neighbour.host,
        other["address"] or unnumbered,
        "any" if other["asn"] is None else str(shown or other["asn"]),
        own["address"] or unnumbered,
        own["interface"] or "",
        other["interface"] or "",
        " and ".join(FAMILY_NAME[family] for family in session["families"]),
    )
