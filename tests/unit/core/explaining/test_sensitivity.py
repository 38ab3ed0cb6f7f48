# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Explanations against the planner: whatever changes when the operator writes something else was named beforehand.

An intent is changed in one place that it states (``other_intents``) and planned again. For every value of the plan that
is other then, the explanation of the old plan must name the place, by itself or through what it depends on; and every
place that the table names must be able to matter. Of places that differ in an index or a host alone the first one is
changed, until the plan changes; with the profile of hypothesis ``soak`` each place is, in all ways.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, NamedTuple

import fabrics
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from other_intents import Intent, Other, leaves, others
from wide_intents import INTENTS

from dualstack.explaining.explain import Explainer
from dualstack.explaining.origins import Origins
from dualstack.explaining.paths import Path, Tree, show
from dualstack.explaining.provenance.entry import chain
from dualstack.intent.stated import covers
from dualstack.plan.build import make

pytestmark = pytest.mark.soak

SOAK = settings.default is not None and settings.default.max_examples > 1_000
ALL = {**{name: fabrics.read(name) for name in fabrics.names()}, **INTENTS}
if not SOAK:
    del ALL["wide-ipv4-ipv6"]  # the largest; both orders of the families are in the examples
OF_ITSELF = {"version", "hash", "stated"}  # about the plan as a whole

# Places that the table names, and that no other good intent changes anything by, with the reason.
_FITTING = "a client's addresses fit one network only, so that no other is good"
_THERE = "it counts that it is there, not what it says"
_CLUSTERS = "a pool has blocks of the families of its cluster alone, so that no other families are good"
WITHOUT_EFFECT = {
    ("segments.{lan}.kind", "{router of the network}: dualstack_host.network"): _THERE,
    ("segments.{lan}.members.{client}", "{client}: dualstack_host.behind"): _FITTING,
    ("segments.{rack}.members.{client}", "{client}: dualstack_host.rack"): _FITTING,
    ("segments.{remote}.members.{host}.addresses", "dualstack.fabric.peers[{number of the peer}].interface"): _THERE,
    ("sessions.{session of a peer}.unnumbered", "dualstack.fabric.peers[{number of the peer}].interface"): _THERE,
    ("sessions.{session of a peer}.dynamic_asn", "dualstack.fabric.peers[{number of the peer}].dynamic_asn"): _THERE,
    (
        "services.{service}.families",
        "dualstack.clusters[{number of the service's cluster}].families",
    ): _CLUSTERS,
}


Used = tuple[str, str]  # pattern and template of an entry


class Outcome(NamedTuple):
    """``effective``: changes that changed the plan. ``missed``: values whose explanation does not name the place.

    ``stated``: (pattern, template) of all values that the explanations name; ``mattered``: of those that changed them.
    """

    effective: int
    missed: list[str]
    stated: set[Used]
    mattered: set[Used]


class Old:
    """The plan of an intent before anything is changed, and what its explanations name."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.explainer = Explainer(plan)
        self.values = values(self.explainer.tree)
        self._origins = Origins(self.explainer)
        self.origins = cache(self._origins.of)
        self.templates = cache(self._templates)

    def changed(self, plan: dict[str, Any]) -> set[Path]:
        """The values that another plan has not; for what is new there, where it would stand here."""
        after = values(Tree(plan))
        found = {path for path, value in self.values.items() if path not in after or differs(value, after[path])}
        for path in after.keys() - self.values.keys():
            known = path
            while not self.explainer.tree.has(known):
                known = known[:-1]
            found.add(known)
        return found

    def right(self, paths: set[Path], other: Other) -> set[Used]:
        """The templates of these values that name what is other."""
        return {used for path in paths for used, found in self.templates(path) if named(found, other)}

    def _templates(self, path: Path) -> list[tuple[Used, list[str]]]:
        """((pattern, template), what is stated) of a value and of what it is part of."""
        found = []
        match = self.explainer.match(path)
        if match is not None:
            of_intent = {part.template for text in match.entry.intent for part in chain(text).alternatives}
            for template, paths in match.templates().items():
                if template in of_intent and paths:
                    found.append(((match.entry.pattern, template), paths))
        part_of = self.explainer.why(path).part_of
        return found if part_of is None else found + self.templates(self.explainer.tree.read(part_of))


def old(intent: Intent) -> Old | None:
    plan, _findings = make(*intent)
    return None if plan is None else Old(plan)


def values(tree: Tree) -> dict[Path, Any]:
    return {path: value for path, value in tree.leaves() if path[0] not in OF_ITSELF}


def differs(one: Any, other: Any) -> bool:
    return type(one) is not type(other) or bool(one != other)


def named(origins: list[str], other: Other) -> bool:
    return any(covers(origin, path) for origin in origins for path in other.paths)


def examined(before: Old, other: Other) -> tuple[set[Path], list[str]] | None:
    """(what changed, what of it does not name the place); None where the planner refuses the intent."""
    plan, _findings = make(*other.intent)
    if plan is None:
        return None
    found = before.changed(plan)
    missed = [path for path in found if not named(before.origins(path), other)]
    return found, [f"{other.paths[0]}: {other.what}: {show(path)}" for path in missed]


@cache
def outcome(name: str) -> Outcome:
    """Every place of an intent changed."""
    before = old(ALL[name])
    assert before is not None
    places = [leaf.path for leaf in leaves(ALL[name])]
    named_by: dict[str, set[Used]] = {}
    for path in before.values:
        for used, paths in before.templates(path):
            for each in paths:
                named_by.setdefault(each, set()).add(used)
    stated = {used for path, by in named_by.items() if any(covers(path, place) for place in places) for used in by}
    missed: list[str] = []
    mattered: set[Used] = set()
    effective = 0
    seen: set[str] = set()
    for leaf, changes in others(ALL[name]):
        kind = re.sub(r"\[\d+\]|^[^:]+(?=: dualstack_host)", "", leaf.path)
        for other in changes if SOAK or kind not in seen else ():
            found = examined(before, other)
            if found is None or not found[0]:
                continue
            effective += 1
            missed += found[1]
            mattered |= before.right(found[0], other)
            seen.add(kind)
            if not SOAK:
                break
    return Outcome(effective, missed, stated, mattered)


@pytest.mark.parametrize("name", ALL)
def test_what_changes_a_value_is_named_by_its_explanation(name: str) -> None:
    found = outcome(name)
    assert found.missed == []
    assert found.effective > 10


def test_every_place_that_an_explanation_names_can_matter() -> None:
    """What did not matter above is looked for in all intents that state it, until it does."""
    outcomes = {name: outcome(name) for name in ALL}
    idle = {used for each in outcomes.values() for used in each.stated}
    idle -= {used for each in outcomes.values() for used in each.mattered}
    for name, each in outcomes.items():
        wanted = idle & each.stated
        if wanted:
            idle -= mattering(name, wanted)
    assert sorted(idle) == sorted(WITHOUT_EFFECT)


def mattering(name: str, wanted: set[Used]) -> set[Used]:
    """Which of the wanted templates matter in an intent."""
    before = old(ALL[name])
    assert before is not None
    paths = {
        path for each in before.values for used, named in before.templates(each) if used in wanted for path in named
    }
    found: set[Used] = set()
    for leaf, changes in others(ALL[name]):
        if any(covers(path, leaf.path) for path in paths):
            for other in changes:
                examination = examined(before, other)
                found |= before.right(examination[0], other) if examination else set()
    return found


@settings(max_examples=2_000 if SOAK else 25)
@given(st.data(), st.sampled_from(sorted(ALL)))
def test_after_any_history_of_changes(data: st.DataObject, name: str) -> None:
    """The same after up to three other changes, so that the intent is like none that was thought of."""
    intent = ALL[name]
    before = old(intent)
    for _step in range(data.draw(st.integers(1, 3))):
        other = any_other(data, intent)
        after = old(other.intent)
        if after is not None:
            intent, before = other.intent, after
    assert before is not None
    found = examined(before, any_other(data, intent))
    assert found is None or found[1] == []


def any_other(data: st.DataObject, intent: Intent) -> Other:
    """A change of any place."""
    places = [changes for _leaf, changes in others(intent)]
    return data.draw(st.sampled_from(list(places[data.draw(st.integers(0, len(places) - 1))])))
