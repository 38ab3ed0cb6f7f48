# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan in a few lines for the terminal: what it is of, and how much there is of everything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..addresses.blocks import FAMILY_NAME

_MODES = {"bgp": "BGP", "layer2": "layer 2"}


def overview(plan: Mapping[str, Any]) -> list[str]:
    """Lines: the cluster and the plan's hash, hosts, sessions, pools, VIPs per family."""
    foreign = sum(not router["managed"] for router in plan["routers"].values())
    routers = _count(plan["routers"], "router") + (f" ({foreign} not ours)" if foreign else "")
    hosts = (routers, _count(plan["nodes"], "node"), _count(plan["clients"], "client"))
    kinds = [session["kind"] for session in plan["sessions"]]
    pools = [f"{pool['name']} ({_families(pool['blocks'])})" for pool in plan["pools"]]
    clusters = ", ".join((plan["cluster"]["name"], *plan["clusters"]))
    return [
        f"plan {plan['hash'][:12]} of {clusters}: {', '.join(hosts)}",
        f"sessions: {kinds.count('node')} of nodes, {kinds.count('fabric')} between routers",
        f"pools: {', '.join(pools) or 'none'}",
        "VIPs: " + ", ".join(_vips(plan, family) for family in plan["cluster"]["families"]),
    ]


def _count(things: Any, name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"


def _families(families: Iterable[str]) -> str:
    return ", ".join(FAMILY_NAME[family] for family in families) or "no block"


def _vips(plan: Mapping[str, Any], family: str) -> str:
    """How many addresses a family has; one that is announced in both ways counts once, and in both brackets."""
    held = {(vip["vip"], vip["mode"]) for vip in plan["vips"] if vip["family"] == family}
    number = len({address for address, _unused in held})
    modes = {words: sum(mode == one for _unused, one in held) for mode, words in _MODES.items()}
    how = ", ".join(f"{count} by {words}" for words, count in modes.items() if count)
    return f"{number} {FAMILY_NAME[family]}" + (f" ({how})" if how else "")
