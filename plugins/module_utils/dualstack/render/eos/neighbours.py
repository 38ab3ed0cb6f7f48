# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Neighbours of ``router bgp``. An unnumbered one is our interface, with a peer group that holds its settings.

EOS finds it by router advertisements, which it sends where IPv6 is enabled. Without ``maximum-routes``, EOS ends a
session at 12,000; 0 is no limit. ``rib-in pre-policy retain all``: what nodes send is kept as received, for a speaker
need not know ROUTE-REFRESH (RFC 2918).
"""

from __future__ import annotations

from collections.abc import Iterator

from ...addresses.blocks import IPV4
from ..policy import Neighbour, View
from ..policy.fabric import NODE

RESTART_SECONDS = 300
BFD_LEAST = (50, 50, 3)  # EOS: milliseconds to send and to receive, packets


def session(view: View, neighbour: Neighbour) -> Iterator[str]:
    """The lines that hold for all families."""
    facts = neighbour.session
    timers = facts["timers"]
    start = f"   neighbor {name(neighbour)}"
    if facts["dynamic_asn"]:
        yield f"   ! Any {'internal' if neighbour.internal else 'external'} ASN is planned for {neighbour.host}."
    if neighbour.unnumbered:
        yield f"{start} peer group"
    else:
        yield f"{start} remote-as {neighbour.other['asn']}"
    if view.next_hop_self(neighbour):
        yield f"{start} next-hop-self"
    yield f"{start} description {neighbour.host}"
    if neighbour.client:
        yield f"{start} route-reflector-client"
    if facts["ttl_security"]:
        yield f"{start} ttl maximum-hops {1 if neighbour.unnumbered else facts['ttl_security']}"
    yield from _bfd(view, neighbour, start)
    if view.allows_own_asn(neighbour):
        yield f"{start} allowas-in 1"
    if neighbour.direction == NODE:
        yield f"{start} rib-in pre-policy retain all"
    if facts["graceful_restart"]:
        yield f"{start} graceful-restart"
    if neighbour.secret is not None:
        yield f"{start} password 0 @secret:{neighbour.secret}@"
    yield f"{start} timers {timers['keepalive']} {timers['hold']}"
    if not neighbour.unnumbered and neighbour.families != [facts["transport"]]:
        yield f"{start} auto-local-addr"
    yield f"{start} send-community standard large"
    limit = sum(view.limits[family].get(neighbour.relation, 0) for family in neighbour.families)
    yield f"{start} maximum-routes {limit}"
    if limit:
        yield f"{start} idle-restart-timer {RESTART_SECONDS}"
    if neighbour.unnumbered:
        interface = neighbour.own["interface"]
        yield f"   neighbor interface {interface} peer-group {name(neighbour)} remote-as {neighbour.other['asn']}"


def family(neighbour: Neighbour, family: str) -> Iterator[str]:
    """The lines of one family."""
    start = f"      neighbor {name(neighbour)}"
    yield f"{start} activate"
    yield f"{start} route-map from-{neighbour.relation}-{family} in"
    yield f"{start} route-map to-{neighbour.relation}-{family} out"
    if neighbour.unnumbered and family == IPV4:
        yield f"{start} next-hop address-family ipv6 originate"


def name(neighbour: Neighbour) -> str:
    """By what EOS knows the neighbour: its address, or the peer group of our interface."""
    return f"link-{neighbour.own['interface']}" if neighbour.unnumbered else str(neighbour.other["address"])


def _bfd(view: View, neighbour: Neighbour, start: str) -> Iterator[str]:
    if not neighbour.session["bfd"]:
        return
    profile = view.bfd_profiles[neighbour.session["bfd"]]
    if neighbour.multihop_bfd:
        yield "   ! With TTL security, FRR at the other end watches by multi-hop BFD: this BFD session stays down."
    if profile["echo"]:
        yield "   ! BFD echo is planned: EOS has it per interface (bfd echo)."
    planned = [profile[key] for key in ("transmit_interval", "receive_interval", "detect_multiplier")]
    allowed = [max(value, least) for value, least in zip(planned, BFD_LEAST)]
    if planned != allowed:
        yield f"   ! {planned[0]} ms, {planned[1]} ms and {planned[2]} packets are planned: EOS has no less than these."
    yield f"{start} bfd"
    yield f"{start} bfd interval {allowed[0]} min-rx {allowed[1]} multiplier {allowed[2]}"
