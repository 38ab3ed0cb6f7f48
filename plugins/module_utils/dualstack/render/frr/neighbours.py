# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Neighbours of ``router bgp``: how a session runs, and what it carries in each family.

An unnumbered neighbour is known by our interface. FRR finds its link-local address by router advertisements, which it
sends on such an interface without being told, and carries IPv4 over it with IPv6 next hops (RFC 8950).
``v6only``: an IPv4 address that somebody puts on the interface does not turn the session into one over IPv4.

With ``update-source``, FRR 10.3 watches a neighbour on the same subnet by multi-hop BFD (RFC 5883), which the other end
does not answer (FRR's issue 19077): a session with BFD goes without, and comes from the subnet's address all the same.
Not ``bfd check-control-plane-failure``: with graceful restart it would keep the routes of a router that is gone.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..policy import Neighbour, View
from ..policy.fabric import NODE
from . import maps

RESTART_MINUTES = 5


def session(neighbour: Neighbour) -> Iterator[str]:
    """The lines that hold for all families."""
    facts = neighbour.session
    timers = facts["timers"]
    start = f" neighbor {name(neighbour)}"
    yield f"{start}{' interface v6only' if neighbour.unnumbered else ''} remote-as {_asn(neighbour)}"
    yield f"{start} description {neighbour.host}"
    if facts["bfd"]:
        yield f"{start} bfd"
        yield f"{start} bfd profile {facts['bfd']}"
    if neighbour.secret is not None:
        yield f"{start} password @secret:{neighbour.secret}@"
    if facts["ttl_security"]:
        yield f"{start} ttl-security hops {1 if neighbour.unnumbered else facts['ttl_security']}"
    if not neighbour.unnumbered and not facts["bfd"]:
        yield f"{start} update-source {neighbour.own['address']}"
    yield f"{start} timers {timers['keepalive']} {timers['hold']}"
    yield f"{start} timers connect {timers['connect']}"
    if facts["graceful_restart"]:
        yield f"{start} graceful-restart"


def family(view: View, neighbour: Neighbour, family: str) -> Iterator[str]:
    """The lines of one family."""
    start = f"  neighbor {name(neighbour)}"
    relation = neighbour.relation
    yield f"{start} activate"
    if neighbour.client:
        yield f"{start} route-reflector-client"
    if view.next_hop_self(neighbour):
        yield f"{start} next-hop-self{' force' if view.reflects else ''}"
    if neighbour.direction == NODE:
        yield f"{start} soft-reconfiguration inbound"
    if relation in view.limits[family]:
        yield f"{start} maximum-prefix {view.limits[family][relation]} restart {RESTART_MINUTES}"
    if view.allows_own_asn(neighbour):
        yield f"{start} allowas-in 1"
    yield f"{start} route-map {maps.inbound(neighbour, family)} in"
    yield f"{start} route-map {maps.outbound(neighbour, family)} out"


def name(neighbour: Neighbour) -> str:
    """By what FRR knows the neighbour: its address, or our interface."""
    return str(neighbour.own["interface"] if neighbour.unnumbered else neighbour.other["address"])


def _asn(neighbour: Neighbour) -> str:
    if neighbour.session["dynamic_asn"]:
        return "internal" if neighbour.internal else "external"
    return str(neighbour.other["asn"])
