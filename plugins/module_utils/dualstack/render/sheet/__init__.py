# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The peering sheet of a router: ``render(plan, router)``, plain text for people who configure it by themselves.

It says everything that the other team must type, of every router and peer of the plan, whatever it runs, in words of
BGP and not of Kubernetes. Passwords are named, never written. At most 100 columns, so that it survives mail and print.
"""

from __future__ import annotations

from ...addresses.blocks import FAMILY_NAME
from ..policy import Plan, View, view
from ..policy.fabric import Fabric
from . import policy, sessions, text

PLATFORMS = {"bird": "BIRD", "eos": "Arista EOS"}


def render(plan: Plan, router: str, fabric: Fabric | None = None) -> str:
    """The text of ``peering.txt``. Raises KeyError for an unknown router."""
    seen = view(plan, router, fabric)
    held = policy.expected(plan, seen)
    lines = [
        *text.title(f"Peering sheet of {router}")[1:],
        "",
        *text.wrapped(
            f"What the team of {router} configures so that services of {_clusters(plan)} are reached through it. "
            "Servers announce the addresses of services (VIPs) by BGP; all of a VIP's servers are used at once. "
            "This sheet follows from a plan: ask for another one instead of changing it. It holds no passwords."
        ),
        *_configured(seen),
        *text.title("1. The router", "-"),
        *text.pairs(_facts(seen)),
        *text.title("2. Sessions", "-"),
        *sessions.section(plan, seen),
        *text.title("3. Prefix lists", "-"),
        *policy.lists(plan, seen),
        *text.title("4. What you accept and send", "-"),
        *policy.accepted(seen),
        *text.title("5. Communities", "-"),
        *policy.communities(plan, seen),
    ]
    if held:
        lines += text.title("6. What your BGP table holds when all is well, for one VIP of each kind", "-")
        lines += held
    return "\n".join([*lines, ""])


def _configured(seen: View) -> list[str]:
    """Whether there is more for the team than this sheet."""
    if seen.facts["managed"]:
        said = f"{seen.name} is configured from the plan by itself: nothing here is left to type."
    elif seen.facts["platform"] in PLATFORMS:
        name = f"{seen.facts['platform']}.conf"
        said = f"{name} beside this sheet says the same as configuration of {PLATFORMS[seen.facts['platform']]}."
    else:
        return []
    return ["", *text.wrapped(said)]


def _clusters(plan: Plan) -> str:
    return " and ".join([plan["cluster"]["name"], *plan["clusters"]])


def _facts(seen: View) -> list[tuple[str, str]]:
    facts = seen.facts
    paths = f"up to {facts['maximum_paths']} equal paths, eBGP and iBGP"
    if seen.paths_differ:
        paths += "; also those that differ in their ASNs, when the AS paths are equally long"
    announced = [prefix for family in seen.families for prefix in seen.originates(family)]
    return [
        ("AS", "yours" if facts["asn"] is None else str(facts["asn"])),
        ("BGP identifier", str(facts["router_id"]) if facts["loopback"] else ""),
        ("loopback", ", ".join(facts["loopback"].values())),
        ("families", " and ".join(FAMILY_NAME[family] for family in seen.families) + ", unicast"),
        ("use", paths),
        ("announce as own", ", ".join(announced)),
        ("next hop of IPv6", "the global address, not the link-local one, where a path has both"),
    ]
