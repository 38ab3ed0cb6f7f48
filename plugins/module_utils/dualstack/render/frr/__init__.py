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

A reflector needs ``next-hop-self force``: without it, FRR keeps the next hop of what it reflects. Its cluster is its
BGP identifier, the default (RFC 4456 section 7).

Graceful restart is for a bgpd that restarts, not for a router that is gone: the kernel keeps forwarding meanwhile
(``preserve-fw-state``), and a session that ends with a NOTIFICATION takes its routes along. With RFC 8538, FRR's
default, the routes of a silent neighbour could stay for two minutes though BFD had seen it go (8.4).

Left out: aggregation, VRFs.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..policy import Plan, View, view
from ..policy.fabric import Fabric
from . import bfd, filters, maps, neighbours

# FRR's packages are built with this many; FRR does not write its default down.
DEFAULT_PATHS = 256
GRACEFUL_RESTART = (" no bgp graceful-restart notification", " bgp graceful-restart preserve-fw-state")


def render(plan: Plan, router: str, fabric: Fabric | None = None) -> str:
    """The text of ``/etc/frr/frr.conf`` with placeholders for secrets. Raises KeyError for an unknown router."""
    seen = view(plan, router, fabric)
    restarts = any(neighbour.session["graceful_restart"] for neighbour in seen.neighbours)
    return "\n".join(
        [
            "! Rendered from the plan: change the intent, not this file.",
            "frr defaults traditional",
            "log syslog informational",
            "service integrated-vtysh-config",
            "!",
            *bfd.lines(seen.bfd_profiles),
            *_policy(seen),
            f"router bgp {seen.facts['asn']}",
            f" bgp router-id {seen.facts['router_id']}",
            " no bgp default ipv4-unicast",
            *(GRACEFUL_RESTART if restarts else []),
            *([" bgp bestpath as-path multipath-relax"] if seen.paths_differ else []),
            *(line for neighbour in seen.neighbours for line in neighbours.session(neighbour)),
            *(line for family in seen.families for line in _family(seen, family)),
            "exit",
            "!",
            "",
        ]
    )


def _policy(seen: View) -> Iterator[str]:
    for family in seen.families:
        for name, entries in seen.used_lists(family).items():
            for part, listed in filters.parts(name, entries).items():
                yield from filters.lines(part, family, listed)
                yield "!"
    for preference in seen.used_preferences():
        yield filters.community_list(preference)
        yield "!"
    for family in seen.families:
        yield from maps.route_maps(seen, family)


def _family(seen: View, family: str) -> Iterator[str]:
    yield " !"
    yield f" address-family {family} unicast"
    for network in seen.originates(family):
        yield f"  network {network}"
    for neighbour in seen.carrying(family):
        yield from neighbours.family(seen, neighbour, family)
    if seen.facts["maximum_paths"] < DEFAULT_PATHS:
        yield f"  maximum-paths {seen.facts['maximum_paths']}"
        yield f"  maximum-paths ibgp {seen.facts['maximum_paths']}"
    yield " exit-address-family"
