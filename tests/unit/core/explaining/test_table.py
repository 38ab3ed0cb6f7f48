# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of provenance: it explains every value of every plan, and every line of it is needed."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import fabrics
import pytest
from other_intents import leaves
from wide_intents import INTENTS

from dualstack.explaining.explain import Explainer, UnknownPath
from dualstack.explaining.origins import Origins
from dualstack.explaining.paths import ANY, show
from dualstack.explaining.provenance import PROVENANCE
from dualstack.explaining.provenance.entry import bound, chain, filled, keys
from dualstack.explaining.variables import VARIABLES
from dualstack.intent.stated import covers
from dualstack.plan.build import make

ALL = {**{name: fabrics.read(name) for name in fabrics.names()}, **INTENTS}


@cache
def explainer(name: str) -> Explainer:
    plan, findings = make(*ALL[name])
    assert plan is not None, [str(finding) for finding in findings]
    return Explainer(plan)


@pytest.mark.parametrize("name", ALL)
def test_every_value_is_explained(name: str) -> None:
    found = explainer(name)
    paths = [path for path, _value in found.tree.leaves()]
    assert len(paths) > 200
    assert [show(path) for path in paths if found.match(path) is None] == []
    assert [show(path) for path in paths if not found.at(path).decision] == []


def test_every_value_of_a_large_plan_is_explained(checkout: Path) -> None:
    plan, findings = make(*bench(checkout).fabric(4, 200, 200))
    assert plan is not None, findings[:3]
    found = Explainer(plan)
    paths = [path for path, _value in found.tree.leaves()]
    assert len(paths) > 20_000
    assert [show(path) for path in paths if found.match(path) is None] == []


def bench(checkout: Path) -> Any:
    """The module that makes large intents to measure."""
    path = checkout / "tests" / "bench" / "bench_plan.py"
    spec = importlib.util.spec_from_file_location("bench_plan_for_explaining", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


@pytest.mark.parametrize("name", ALL)
def test_explanations_name_what_is_there(name: str) -> None:
    """``from`` is stated, ``default`` and ``instead`` are not; what depends is explained as well."""
    found = explainer(name)
    places = set(written(ALL[name]))
    reasons = [found.why(path) for path, _value in found.tree.leaves()]
    origins = {each for why in reasons for each in why.origin}
    assert [each for each in origins if not is_there(each, places)] == []
    defaults = {each for why in reasons for each in (*why.default, *why.instead)}
    assert [each for each in defaults if is_there(each, places)] == []
    needed = {each for why in reasons for each in why.depends_on if ANY not in each}
    assert [each for each in needed if not found.explain(each)] == []
    wholes = {why.part_of for why in reasons if why.part_of is not None}
    assert [each for each in wholes if not found.explain(each).decision] == []


def written(intent: tuple[dict[str, Any], dict[str, Any]]) -> Iterator[str]:
    """Every place of an intent, also lists and mappings."""
    data, hosts = intent
    yield from _below(data, "dualstack")
    for group in hosts.values():
        for host, facts in group.items():
            yield from _below(facts, f"{host}: dualstack_host")


def _below(value: Any, path: str) -> Iterator[str]:
    yield path
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _below(child, f"{path}.{key}")
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _below(child, f"{path}[{index}]")


def is_there(path: str, places: set[str]) -> bool:
    return any(covers(path, place) for place in places) if ANY in path else path in places


@pytest.mark.parametrize("name", ["demo", "existing-routers", "wide-ipv6-ipv4"])
def test_everything_that_is_written_is_named_somewhere(name: str) -> None:
    found = explainer(name)
    origins = Origins(found)
    everything = {origin for path, _value in found.tree.leaves() for origin in origins.of(path)}
    places = set(written(ALL[name]))
    assert [origin for origin in everything if not is_there(origin, places)] == []
    forgotten = [leaf.path for leaf in leaves(ALL[name]) if not any(covers(origin, leaf.path) for origin in everything)]
    assert [path for path in forgotten if not path.startswith(NEVER_DECIDE)] == []


NEVER_DECIDE = (
    "dualstack.lab",
    "dualstack.silence",
    "dualstack.fabric.peer_groups.",
)  # the last: settings that no session uses


def templates() -> Iterator[tuple[str, str]]:
    """(pattern, template) of all templates of the intent and of the plan."""
    for entry in PROVENANCE:
        for text in entry.intent:
            for alternative in chain(text).alternatives:
                yield entry.pattern, alternative.template
                if alternative.family:
                    yield entry.pattern, alternative.family
        for text in entry.plan:
            yield entry.pattern, text


def test_every_name_in_a_template_stands_for_something() -> None:
    for pattern, template in templates():
        known = {binding[0] for binding in map(bound, keys(pattern)) if binding is not None}
        assert set(names(template)) <= {*VARIABLES, *known}, (pattern, template)
    used = {name for _pattern, template in templates() for name in names(template)}
    assert set(VARIABLES) <= used


def names(template: str) -> list[str]:
    found: list[str] = []
    list(filled(template, lambda name: [found.append(name) or ""]))  # type: ignore[func-returns-value]
    return found


def test_every_entry_and_every_template_is_in_use() -> None:
    """Over all intents each entry explains something, each place of the intent is stated once, each dependency met."""
    used: set[tuple[str, str]] = set()
    for name in ALL:
        found = explainer(name)
        everything = {path[:length] for path, _value in found.tree.leaves() for length in range(1, len(path) + 1)}
        for path in everything:
            match = found.match(path)
            if match is not None:
                used.add((match.entry.pattern, ""))
                used |= {(match.entry.pattern, template) for template, paths in match.templates().items() if paths}
    wanted = {(entry.pattern, "") for entry in PROVENANCE}
    wanted |= {(entry.pattern, text) for entry in PROVENANCE for text in entry.plan}
    for entry in PROVENANCE:
        for text in entry.intent:
            wanted |= {(entry.pattern, alternative.template) for alternative in chain(text).alternatives}
    assert sorted(wanted - used) == []


def test_a_plan_of_an_older_version_is_told() -> None:
    plan, _findings = make(*ALL["small"])
    assert plan is not None
    del plan["stated"]
    with pytest.raises(UnknownPath, match="make it again"):
        Explainer(plan)


def test_the_plan_itself_and_sections_of_it_tell_what_to_ask_for() -> None:
    found = explainer("demo")
    assert found.explain("").names[:3] == ["version", "hash", "cluster"]
    assert found.explain("clients").names == ["clients.client4", "clients.client6", "clients.client46"]
    assert [part.path for part in found.explain("routers.*.asn").parts][:2] == ["routers.br1.asn", "routers.br2.asn"]
    assert [part.path for part in found.explain("sessions.node1--tor1--ipv4.timers").parts] == [
        f"sessions.node1--tor1--ipv4.timers.{timer}" for timer in ("keepalive", "hold", "connect")
    ]
