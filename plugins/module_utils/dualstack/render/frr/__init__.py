# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FRR configuration of one router: ``render(plan, router)``.

The text is in the form in which FRR (8.4 to 10.3) writes it itself, so that FRR's reload tool finds no difference on a
second run, and route maps stand before ``router bgp``, so that nothing is announced or accepted before its policy is
there (RFC 8212). Secrets are placeholders, ``@secret:NAME@``.

Guard rails: prefix lists that accept what is planned and nothing else; ``maximum-prefix`` cuts the session of a
neighbour that fills the tables, for five minutes; sessions come from the planned address. Not ``… force``: it would
count refused prefixes too, but FRR then walks the whole table for each prefix that it accepts. What nodes send is kept
as received: a speaker need not know ROUTE-REFRESH (RFC 2918), and without either FRR could not apply a changed policy.

Routers of several racks may share an ASN: each accepts its own ASN once in what comes from above (``allowas-in``), or
the racks could not reach each other. Own space is refused from above all the same, so no route comes back.

Left out: BFD sessions, graceful restart, TTL security, aggregation, VRFs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ...addresses.blocks import FAMILIES
from . import filters, maps
from .fabric import ABOVE, BELOW, NODE, Neighbour, Plan, has_far_namesake, neighbours, paths_differ

# FRR's packages are built with this many; FRR does not write its default down.
DEFAULT_PATHS = 256
RESTART_MINUTES = 5
COUNTED = {NODE: (), BELOW: (filters.BELOW,), "peer": (filters.INSIDE,)}

Lists = Mapping[str, Sequence[filters.Entry]]


def render(plan: Plan, router: str) -> str:
    """The text of ``/etc/frr/frr.conf`` with placeholders for secrets. Raises KeyError for an unknown router."""
    facts = plan["routers"][router]
    around = neighbours(plan, router)
    families = [family for family in FAMILIES if family in plan["cluster"]["families"]]
    lists = {family: filters.entries(plan, router, family) for family in families}
    return "\n".join(
        [
            "! Rendered from the plan: change the intent, not this file.",
            "frr defaults traditional",
            "log syslog informational",
            "service integrated-vtysh-config",
            "!",
            *_policy(plan, router, around, lists),
            f"router bgp {facts['asn']}",
            f" bgp router-id {facts['router_id']}",
            " no bgp default ipv4-unicast",
            *([" bgp bestpath as-path multipath-relax"] if paths_differ(plan, router) else []),
            *(line for neighbour in around for line in _neighbour(neighbour)),
            *(line for family in families for line in _family(plan, router, family, around, lists[family])),
            "exit",
            "!",
            "",
        ]
    )


def _policy(plan: Plan, router: str, around: Sequence[Neighbour], lists: Mapping[str, Lists]) -> Iterator[str]:
    preferred = maps.preferences(plan, router)
    bodies: list[str] = []
    used: set[str] = set()
    for family in lists:
        relations = list(dict.fromkeys(each.relation for each in around if family in each.families))
        filled = [name for name, listed in lists[family].items() if listed]
        bodies += maps.route_maps(relations, family, filled, preferred)
    for line in bodies:
        used.update(line.split()[-1:])
    for family in lists:
        for name, listed in lists[family].items():
            if listed and filters.list_name(name, family) in used:
                yield from filters.lines(name, family, listed)
                yield "!"
    for preference in preferred:
        if preference.list_name in used:
            yield preference.line()
            yield "!"
    yield from bodies


def _neighbour(neighbour: Neighbour) -> Iterator[str]:
    start = f" neighbor {neighbour.address}"
    timers = neighbour.timers
    yield f"{start} remote-as {neighbour.asn}"
    yield f"{start} description {neighbour.host}"
    if neighbour.secret is not None:
        yield f"{start} password @secret:{neighbour.secret}@"
    yield f"{start} update-source {neighbour.own_address}"
    yield f"{start} timers {timers['keepalive']} {timers['hold']}"
    yield f"{start} timers connect {timers['connect']}"


def _family(plan: Plan, router: str, family: str, around: Sequence[Neighbour], lists: Lists) -> Iterator[str]:
    facts = plan["routers"][router]
    yield " !"
    yield f" address-family {family} unicast"
    for network in facts["originates"].get(family, []):
        yield f"  network {network}"
    for neighbour in around:
        if family in neighbour.families:
            yield from _activated(plan, router, neighbour, family, lists)
    if facts["maximum_paths"] < DEFAULT_PATHS:
        yield f"  maximum-paths {facts['maximum_paths']}"
        yield f"  maximum-paths ibgp {facts['maximum_paths']}"
    yield " exit-address-family"


def _activated(plan: Plan, router: str, neighbour: Neighbour, family: str, lists: Lists) -> Iterator[str]:
    start = f"  neighbor {neighbour.address}"
    yield f"{start} activate"
    if neighbour.internal and neighbour.direction != NODE:
        yield f"{start} next-hop-self"
    if neighbour.direction == NODE:
        yield f"{start} soft-reconfiguration inbound"
    if neighbour.relation in COUNTED:
        extra = sum(len(lists[name]) for name in COUNTED[neighbour.relation])
        most = filters.limit(plan, lists[filters.POOLS], extra, family)
        yield f"{start} maximum-prefix {most} restart {RESTART_MINUTES}"
    if neighbour.direction == ABOVE and has_far_namesake(plan, router):
        yield f"{start} allowas-in 1"
    yield f"{start} route-map from-{neighbour.relation}-{family} in"
    yield f"{start} route-map to-{neighbour.relation}-{family} out"
