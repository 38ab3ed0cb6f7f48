# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Peers: routers of others that are known by their addresses alone."""

from __future__ import annotations

from collections.abc import Iterator

from ..addresses import blocks
from ..addresses.blocks import FAMILY_NAME, IPV4
from ..findings import ERROR
from ..intent.load import Intent
from ..plan.segments import remote_name
from .places import among
from .rule import Plan, Problem, rule


@rule("peer-place", ERROR)
def place(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A peer has addresses, or stands behind an interface, and not both.

    Source: MetalLB refuses a BGPPeer with neither or both of peerAddress and interface.
    """
    del plan
    for peer in intent.fabric["peers"]:
        if bool(peer["addresses"]) == bool(peer["interface"]):
            reason = "has addresses and an interface" if peer["interface"] else "has neither addresses nor an interface"
            yield Problem(peer["at"], peer["name"], reason, "Give exactly one of: addresses, interface.")


@rule("peer-source", ERROR, absence=True)
def source(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The source address is an address of the one node that has sessions with the peer, in a family of the peer's.

    Source: a host can't send from an address of another (MetalLB: native mode gets no session); one sourceAddress for
    all nodes is of use to one of them.
    """
    for peer in intent.fabric["peers"]:
        text = peer["source_address"]
        if text is None:
            continue
        where, family = f"{peer['at']}.source_address", blocks.family_of(text)
        if peer["addresses"] and family not in peer["addresses"]:
            name = FAMILY_NAME[family]
            yield Problem(
                where, text, f"the peer has no {name} address", f"Remove it, or give the peer its {name} address."
            )
        nodes = [node for node in plan["segments"][remote_name(peer["name"])]["members"] if node in plan["nodes"]]
        others = [node for node in nodes if text not in _addresses(intent, node)]
        if others:
            reason = f"is no address of {among(others)}, which would use it too"
            if len(others) == len(nodes):
                reason = f"is an address of none of the nodes that it is for ({among(nodes)})"
            fix = "Remove it, or give each node its own entry with node_selectors."
            yield Problem(where, text, reason, fix)


@rule("peer-router-id", ERROR, silenceable=False)
def router_id(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A BGP identifier that nodes show to one peer is written as an IPv4 address, and for one node.

    Source: RFC 4271 section 4.2; MetalLB's native speaker ends on an IPv6 one. RFC 6286 section 2.1: unique in the AS.
    """
    for peer in intent.fabric["peers"]:
        text = peer["router_id"]
        if text is None:
            continue
        where = f"{peer['at']}.router_id"
        if blocks.family_of(text) != IPV4:
            reason = "a BGP identifier is 32 bits, written as an IPv4 address"
            yield Problem(where, text, reason, "Write four decimal numbers.")
        nodes = [node for node in plan["segments"][remote_name(peer["name"])]["members"] if node in plan["nodes"]]
        if len(nodes) > 1:
            reason = f"{among(nodes)} would all show it, and the peer drops what seems to come from one speaker twice"
            fix = "Remove it, or give each node its own entry with node_selectors."
            yield Problem(where, text, reason, fix)


RULES = (place, source, router_id)


def _addresses(intent: Intent, node: str) -> set[str]:
    facts = intent.nodes[node]
    return {text for own in (*facts["racks"].values(), facts["addresses"] or {}) for text in own.values()}
