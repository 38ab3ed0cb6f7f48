# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arista EOS configuration of one router (EOS 4.30 and later): ``render(plan, router)``.

The commands are those of Arista's manual; no EOS has run them here, only the tests' own grammar has. Lists and route
maps stand before ``router bgp`` and what names a missing one is denied, so that nothing is announced or accepted before
its policy is there (RFC 8212). EOS uses equally long AS paths together whatever their ASNs, and sends communities only
when told. Secrets are placeholders, ``@secret:NAME@``, for the router's team to replace.

Left out: connect retry (EOS has its own), any ASN on a session (the planned one stands in), BFD echo; each with a
comment where it would stand. The addresses of the interfaces are the team's own affair.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...addresses.blocks import IPV4, IPV6
from ..policy import Plan, View, view
from ..policy.fabric import Fabric
from . import filters, neighbours


def render(plan: Plan, router: str, fabric: Fabric | None = None) -> str:
    """The text of ``eos.conf`` with placeholders for secrets. Raises KeyError for an unknown router."""
    seen = view(plan, router, fabric)
    return "\n".join(
        [
            "! Rendered from the plan: change the intent, not this file.",
            "! Put the value of each secret in place of its name, @secret:NAME@.",
            "!",
            *_routing(seen),
            *filters.lines(seen),
            f"router bgp {seen.facts['asn']}",
            f"   router-id {seen.facts['router_id']}",
            f"   maximum-paths {seen.facts['maximum_paths']} ecmp {seen.facts['maximum_paths']}",
            "   no bgp default ipv4-unicast",
            "   bgp missing-policy direction in action deny",
            "   bgp missing-policy direction out action deny",
            *(line for neighbour in seen.neighbours for line in neighbours.session(seen, neighbour)),
            *(line for family in seen.families for line in _family(seen, family)),
            "!",
            "",
        ]
    )


def _routing(seen: View) -> Iterator[str]:
    unnumbered = [neighbour for neighbour in seen.neighbours if neighbour.unnumbered]
    for neighbour in unnumbered:
        yield f"interface {neighbour.own['interface']}"
        yield "   no switchport"
        yield "   ipv6 enable"
        yield "!"
    if IPV4 in seen.families:
        yield f"ip routing{' ipv6 interfaces' if unnumbered else ''}"
        yield "!"
    if IPV6 in seen.families or unnumbered:
        yield "ipv6 unicast-routing"
        yield "!"


def _family(seen: View, family: str) -> Iterator[str]:
    yield "   !"
    yield f"   address-family {family}"
    for neighbour in seen.carrying(family):
        yield from neighbours.family(neighbour, family)
    for network in seen.originates(family):
        yield f"      network {network}"
