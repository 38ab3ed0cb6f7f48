# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every rule: what it is made of, that it is silent on a sound intent, and that it objects to what breaks it."""

from __future__ import annotations

import importlib
import re
from collections import Counter
from pathlib import Path
from types import ModuleType

import fabrics
import pytest
from base import base
from cases import BOTH, IPV4, IPV6, Case
from one_family import only

from dualstack.checks import RULES
from dualstack.checks.rule import Rule
from dualstack.findings import HINT, SEVERITIES
from dualstack.intent.load import load
from dualstack.plan.build import make

MODULES: list[ModuleType] = [
    importlib.import_module(path.stem) for path in sorted(Path(__file__).parent.glob("cases_*.py"))
]
CASES: list[Case] = [case for module in MODULES for case in module.CASES]
ONE_FAMILY: dict[str, tuple[str, str]] = {
    rule: given for module in MODULES for rule, given in getattr(module, "ONE_FAMILY", {}).items()
}
BY_ID = {rule.id: rule for rule in RULES}


def test_the_base_is_sound() -> None:
    plan, findings = make(*base())
    assert [finding for finding in findings if not finding.silenced] == []
    assert plan is not None


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}-{case.family}")
def test_a_rule_objects(case: Case) -> None:
    """MetalLB 3.1.7: no check against nodes, pods and Services."""
    data, hosts = base()
    case.edit(data, hosts)
    assert load(data, hosts)[1] == [], "the edit itself can't be read"
    found = [finding for finding in make(data, hosts)[1] if finding.id == case.rule]
    assert case.path in [finding.path for finding in found], found
    for finding in found:
        assert finding.severity == BY_ID[case.rule].severity
        assert finding.reason and finding.fix


ASK_FOR_BOTH = {
    "never-announced": "its case is about a pair",
    "pair-joined": "a pair is of both families",
    "pair-of-one": "a pair is of both families",
    "prefix-limit": "its case is a pool of the size that one family alone has",
}

# Their cases happen to state what a fabric of this family has none of.
OF_THE_OTHER = {
    ("family-twice", IPV6),
    ("node-name", IPV6),
    ("pool-idle", IPV6),
    ("pool-unadvertised", IPV6),
    ("router-id-derived", IPV6),
    ("router-id-twice", IPV6),
    ("unnumbered-network", IPV6),
}


@pytest.mark.parametrize("family", [IPV4, IPV6])
@pytest.mark.parametrize("rule", sorted({case.rule for case in CASES if case.family == BOTH} - set(ONE_FAMILY)))
def test_a_rule_that_asks_for_no_family_objects_in_a_fabric_of_one(rule: str, family: str) -> None:
    """At least one of its cases, as far as it can be said with addresses of that family alone."""
    if rule in ASK_FOR_BOTH or (rule, family) in OF_THE_OTHER:
        return
    told = set()
    for case in (case for case in CASES if case.rule == rule):
        data, hosts = base()
        case.edit(data, hosts)
        told |= {finding.id for finding in make(*only(family, data, hosts))[1]}
    assert rule in told


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_has_cases(rule: Rule) -> None:
    """In both families; where it looks at one alone, or at none, the cases say so."""
    families = {case.family for case in CASES if case.rule == rule.id}
    if rule.id in ONE_FAMILY:
        family, reason = ONE_FAMILY[rule.id]
        assert reason
        assert families == {family}
    else:
        assert families in ({BOTH}, {IPV4, IPV6})


def test_cases_are_of_rules_that_exist() -> None:
    assert {case.rule for case in CASES} | set(ONE_FAMILY) <= set(BY_ID)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_is_whole(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.id)
    assert rule.severity in SEVERITIES
    assert rule.text.endswith(".")
    assert rule.source


def test_ids_are_unique() -> None:
    assert [name for name, count in Counter(rule.id for rule in RULES).items() if count > 1] == []


@pytest.mark.parametrize("example", fabrics.names())
def test_examples_are_sound(example: str) -> None:
    """Without an error and without a warning; a hint may be a matter of taste."""
    plan, findings = make(*fabrics.read(example))
    assert [finding for finding in findings if finding.severity != HINT and not finding.silenced] == []
    assert plan is not None


@pytest.mark.parametrize("rule", ["address-documentation", "address-benchmark", "address-not-random"])
def test_a_lab_may_use_any_space(rule: str) -> None:
    """Cases without the lab are in ``cases_addresses``."""
    for case in [case for case in CASES if case.rule == rule]:
        data, hosts = base()
        case.edit(data, hosts)
        data["lab"] = True
        assert rule not in [finding.id for finding in make(data, hosts)[1]]
