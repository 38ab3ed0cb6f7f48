# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BGP sessions, and what they need beside them: BFD, and router advertisements on unnumbered links.

An unnumbered neighbour is waited for: BIRD accepts a session from any link-local address on the interface, and sends
router advertisements there, by which FRR and EOS find it and connect. Two BIRDs would both wait: such a session is
refused with a comment in its place.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from ..policy import Neighbour, Plan, View
from ..policy.fabric import NODE

PLATFORM = "bird"
LINK_LOCAL = "fe80::/10"
LONGEST = 48  # of 64 characters of a name; the rest is for the protocols that belong to it
WAIT_FACTOR = 12


def lines(plan: Plan, view: View) -> Iterator[str]:
    """All sessions in the order of the plan."""
    if view.bfd_profiles:
        yield from ("protocol bfd {", "}", "")
    for neighbour in view.neighbours:
        if neighbour.unnumbered and neighbour.platform == PLATFORM:
            yield from _refused(neighbour)
            continue
        if neighbour.unnumbered:
            yield from _advertised(neighbour)
        yield from _session(plan, view, neighbour)


def name(neighbour: Neighbour) -> str:
    """The name of a session's protocol: of the other end and the transport, unique also where names look alike."""
    session = neighbour.session
    known = f"{neighbour.host}_{session['segment']}_{session['transport']}"
    plain = re.sub(r"[^A-Za-z0-9]", "_", f"{neighbour.host}_{session['transport']}")[:LONGEST]
    return f"bgp_{plain}_{zlib.crc32(known.encode()):08x}"


def _refused(neighbour: Neighbour) -> Iterator[str]:
    yield f"# No session with {neighbour.host} on {neighbour.own['interface']}: both ends are BIRD, which finds nobody"
    yield "# on an unnumbered link by itself. Give the link a network in the intent."
    yield ""


def _advertised(neighbour: Neighbour) -> Iterator[str]:
    yield f"protocol radv radv_{name(neighbour)} {{"
    yield f'    interface "{neighbour.own["interface"]}" {{'
    yield "        min ra interval 3;"
    yield "        max ra interval 10;"
    yield "        default lifetime 0;"
    yield "    };"
    yield "}"
    yield ""


def _session(plan: Plan, view: View, neighbour: Neighbour) -> Iterator[str]:
    session = neighbour.session
    timers = session["timers"]
    yield f"protocol bgp {name(neighbour)} {{"
    yield f'    description "{neighbour.host}";'
    yield from _ends(neighbour)
    yield "    direct;"
    if neighbour.secret is not None:
        yield f'    password "@secret:{neighbour.secret}@";'
    yield f"    hold time {timers['hold']};"
    yield f"    keepalive time {timers['keepalive']};"
    yield f"    connect retry time {timers['connect']};"
    yield f"    connect delay time {timers['connect']};"
    yield f"    error wait time {timers['connect']}, {WAIT_FACTOR * timers['connect']};"
    yield "    check link yes;"
    if session["ttl_security"]:
        if session["ttl_security"] > 1:
            yield f"    # {session['ttl_security']} hops are planned: BIRD accepts one on a direct session."
        yield "    ttl security yes;"
    if neighbour.multihop_bfd:
        yield "    # With TTL security, FRR at the other end watches by multi-hop BFD: this BFD session stays down."
    yield from _bfd(view, session["bfd"])
    if session["graceful_restart"]:
        yield "    graceful restart on;"
    if neighbour.client:
        yield "    rr client;"
    if view.allows_own_asn(neighbour):
        yield "    allow local as 1;"
    for family in session["families"]:
        yield from _channel(plan, view, neighbour, family)
    yield "}"
    yield ""


def _ends(neighbour: Neighbour) -> Iterator[str]:
    kind = "internal" if neighbour.internal else "external"
    other = kind if neighbour.session["dynamic_asn"] else f"as {neighbour.other['asn']}"
    if neighbour.unnumbered:
        yield f"    local as {neighbour.own['asn']};"
        yield f"    neighbor range {LINK_LOCAL} {other};"
        yield f'    interface "{neighbour.own["interface"]}";'
        yield f'    dynamic name "{name(neighbour)}_";'
        return
    yield f"    local {neighbour.own['address']} as {neighbour.own['asn']};"
    yield f"    neighbor {neighbour.other['address']} {other};"


def _bfd(view: View, name: str | None) -> Iterator[str]:
    if name is None:
        return
    profile = view.bfd_profiles[name]
    yield "    bfd {"
    yield f"        min rx interval {profile['receive_interval']} ms;"
    yield f"        min tx interval {profile['transmit_interval']} ms;"
    yield f"        multiplier {profile['detect_multiplier']};"
    if profile["passive"]:
        yield "        passive yes;"
    if profile["echo"]:
        yield "        # Echo packets are planned: BIRD has none."
    yield "    };"


def _channel(plan: Plan, view: View, neighbour: Neighbour, family: str) -> Iterator[str]:
    relation, session = neighbour.relation, neighbour.session
    yield f"    {family} {{"
    yield f"        import filter from_{relation}_{family};"
    yield f"        export filter to_{relation}_{family};"
    if relation in view.limits[family]:
        yield f"        import limit {view.limits[family][relation]} action restart;"
    if neighbour.direction == NODE:
        yield "        import table on;"
    if view.next_hop_self(neighbour):
        yield "        next hop self;"
    own = plan["segments"][session["segment"]]["members"][view.name]["addresses"].get(family)
    if neighbour.unnumbered:
        yield "        extended next hop yes;"
    elif family != session["transport"] and own:
        yield f"        next hop address {own};"
    if family == "ipv6" and not neighbour.unnumbered:  # there, a global one may stand on another subnet
        yield "        next hop prefer global;"
    yield "    };"
