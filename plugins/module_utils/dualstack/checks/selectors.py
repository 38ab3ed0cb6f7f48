# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said in vain or twice: selectors that match nothing, definitions that nobody uses, entries of lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from ..findings import ERROR, HINT, WARNING
from ..intent.load import Intent
from ..intent.well_known import numbers
from ..plan.selecting import nodes_of
from .places import FABRIC
from .rule import Plan, Problem, rule


@rule("selector-idle", WARNING)
def idle(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Every label selector for nodes matches a node.

    Source: Kubernetes selectors match nothing in silence: a typo in a label means nobody announces, or nobody peers.
    """
    first = intent.cluster["name"]
    places: list[tuple[str, Sequence[Any], list[str]]] = [
        (f"{FABRIC}.racks.{name}", rack["node_selectors"], list(plan["segments"][name]["members"]))
        for name, rack in intent.fabric["racks"].items()
    ]
    for entry in [*intent.fabric["peers"], *intent.advertise, *intent.pools]:
        cluster = entry["cluster"] or first
        nodes = [node for node, facts in plan["nodes"].items() if facts["cluster"] == cluster]
        places.append((entry["at"], entry["node_selectors"], nodes))
    for path, selectors, nodes in places:
        known = {node: plan["nodes"][node] for node in nodes if node in plan["nodes"]}
        clusters = {facts["cluster"] for facts in known.values()}
        for index, selector in enumerate(selectors):
            if not any(nodes_of([selector], known, cluster) for cluster in clusters):
                where = f"{path}.node_selectors[{index}]"
                reason = "matches no node that it could choose"
                yield Problem(where, _text(selector), reason, "Correct the labels here or at the nodes.")


@rule("entry-twice", ERROR)
def entry_twice(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """No list of names repeats an entry.

    Source: MetalLB refuses repeated pools, peers, communities and selectors of an advertisement; a router that stands
    twice in a rack would have two addresses there.
    """
    del plan
    lists = [(f"{FABRIC}.racks.{name}.routers", rack["routers"]) for name, rack in intent.fabric["racks"].items()]
    for advert in intent.advertise:
        lists += [
            (f"{advert['at']}.{key}", advert[key]) for key in ("pools", "nodes", "node_selectors", "service_selectors")
        ]
        bgp, layer2 = advert["bgp"] or {}, advert["layer2"] or {}
        lists += [(f"{advert['at']}.bgp.{key}", bgp.get(key)) for key in ("communities", "peers")]
        lists.append((f"{advert['at']}.layer2.interfaces", layer2.get("interfaces")))
        values = [numbers(text, intent.communities) for text in bgp.get("communities") or ()]
        if len(set(values)) < len(values) and len(set(bgp["communities"])) == len(values):
            lists.append((f"{advert['at']}.bgp.communities", values))
    for path, entries in lists:
        for text, count in Counter(map(_text, entries or ())).items():
            if count > 1:
                yield Problem(path, text, f"stands {count} times in the list", "Keep one.")


@rule("never-used", HINT)
def never_used(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """What is defined by name is used: BFD profiles, peer groups, communities.

    Source: mostly the place that should name it was forgotten.
    """
    fabric = intent.fabric
    groups = {entry["peer_group"] for entry in (*fabric["racks"].values(), *fabric["links"], *fabric["peers"])}
    profiles = {each["bfd"] for each in (fabric, *fabric["peer_groups"].values())}
    named = {text for advert in intent.advertise for text in (advert["bgp"] or {}).get("communities") or ()}
    del plan
    for path, names, used in (
        ("dualstack.bfd_profiles", intent.bfd_profiles, profiles),
        (f"{FABRIC}.peer_groups", fabric["peer_groups"], groups),
        ("dualstack.communities", intent.communities, named),
    ):
        for name in names:
            if name not in used and not intent.partial:
                yield Problem(f"{path}.{name}", name, "nobody uses it", "Name it where it is meant, or remove it.")


RULES = (idle, entry_twice, never_used)


def _text(value: Any) -> str:
    """A name, or a selector in one line."""
    if isinstance(value, str):
        return value
    labels = [f"{key}={text}" for key, text in sorted(value["matchLabels"].items())]
    expressions = [
        f"{each['key']} {each['operator']} {' '.join(sorted(each['values']))}".rstrip()
        for each in value["matchExpressions"]
    ]
    return ", ".join([*labels, *sorted(expressions)]) or "{}"
