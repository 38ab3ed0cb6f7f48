# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What two ends that run different software can't do together."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import ERROR
from ..intent.load import Intent
from ..plan.clusters import every
from ..render.policy.fabric import FRR, Fabric, Neighbour
from .places import among, gathered, term
from .rule import Plan, Problem, rule

BIRD = "bird"
EOS = "eos"
SPEAKER = "speaker"


@rule("unnumbered-bird", ERROR)
def unnumbered_bird(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Of the two routers on an unnumbered link one is not BIRD.

    Source: BIRD (2.0.12 to 2.17) does not look for a neighbour: it waits on the interface until the other end connects.
    """
    for link in intent.fabric["links"]:
        platforms = [plan["routers"][end]["platform"] for end in link["between"] if end in plan["routers"]]
        if link["unnumbered"] and platforms == [BIRD, BIRD]:
            reason = "both ends are BIRD and would wait for each other"
            yield Problem(f"{link['at']}.unnumbered", "true", reason, "Remove it, and give the link a network.")


@rule("bfd-ttl-security", ERROR)
def bfd_ttl_security(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """TTL security and BFD meet on an eBGP session only where both ends run FRR.

    Source: FRR (8.4 to 10.3) takes such a neighbour for one several hops away and watches it by multi-hop BFD
    (RFC 5883, port 4784); others watch a neighbour on their subnet by single-hop BFD (RFC 5881, port 3784).
    """
    speaking = {each["name"] for each in every(plan) if each["load_balancer"] == SPEAKER}
    fabric = Fabric(plan)

    def other(neighbour: Neighbour) -> bool:
        if neighbour.host in plan["nodes"]:
            return plan["nodes"][neighbour.host]["cluster"] in speaking
        return neighbour.platform in (BIRD, EOS)

    found = gathered(
        (term(intent, neighbour.session, "ttl_security"), neighbour)
        for router, facts in plan["routers"].items()
        if facts["platform"] == FRR
        for neighbour in fabric.neighbours(router)
        if neighbour.multihop_bfd and other(neighbour)
    )
    for path, neighbours in found.items():
        names = among(neighbour.session["name"] for neighbour in neighbours)
        hops = str(neighbours[0].session["ttl_security"])
        reason = (
            f"FRR answers by multi-hop BFD where the other end asks by single-hop BFD, which never comes up: {names}"
        )
        yield Problem(path, hops, reason, "Leave out ttl_security or bfd: give these sessions a group of their own.")


RULES = (
    unnumbered_bird,
    bfd_ttl_security,
)
