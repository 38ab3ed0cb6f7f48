# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Examples of rules over manifests: a wrong set and a right one, in both families."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest
from manifests import Object

from dualstack.resources import modes, rules

NATIVE, FRR, K8S, SPEAKER = modes.NATIVE, modes.FRR, modes.FRR_K8S, modes.SPEAKER


class Family(NamedTuple):
    """Texts of one family: two pools, an address of each, a router and a node's end."""

    word: str
    pool: str
    inside: str
    other: str
    address: str
    second: str
    router: str
    source: str
    key: str
    full: int


FOUR = Family(
    *("IPv4", "192.0.2.0/24", "192.0.2.128/25", "198.51.100.0/24", "192.0.2.7", "198.51.100.7"),
    *("10.0.1.1", "10.0.1.11", "aggregationLength", 32),
)
SIX = Family(
    *("IPv6", "2001:db8:1::/64", "2001:db8:1:0:8000::/65", "2001:db8:2::/64", "2001:db8:1::7", "2001:db8:2::7"),
    *("2001:db8:dc::1", "2001:db8:dc::11", "aggregationLengthV6", 128),
)
DUAL = ("192.0.2.0/24", "2001:db8:1::/64")
BOTH = "192.0.2.7,2001:db8:1::7"

Objects = list[Object]
Pair = tuple[Objects, Objects]


class Example(NamedTuple):
    """A rule, a mode, how the path of its finding begins, and two sets of manifests: a wrong one and a right one."""

    rule: str
    mode: str
    where: str
    make: Callable[[Family], Pair]


def each(examples: Sequence[Example]) -> Any:
    """Parametrises a test with ``example`` and ``family``."""
    names = [f"{family.word}-{example.rule}" for example in examples for family in (FOUR, SIX)]
    pairs = [(example, family) for example in examples for family in (FOUR, SIX)]
    return pytest.mark.parametrize(("example", "family"), pairs, ids=names)


def hold(example: Example, family: Family) -> None:
    """The rule finds the wrong set at its place and says what to do, in its modes alone; the right set is silent."""
    wrong, right = example.make(family)
    found = [finding for finding in rules.check(wrong, example.mode) if finding.id == example.rule]
    assert found
    assert all(finding.path.startswith(example.where) for finding in found)
    assert all(finding.reason and finding.fix.endswith((".", "?")) for finding in found)
    assert example.rule not in {finding.id for finding in rules.check(right, example.mode)}
    (rule,) = [entry for entry in rules.RULES if entry.id == example.rule]
    for mode in modes.MODES:
        severities = {finding.severity for finding in rule(rules.read(wrong, mode)[0])}
        expected = rule.speaker if mode == modes.SPEAKER else rule.severity
        if mode not in rule.modes:
            assert not severities
        elif mode == example.mode:
            assert severities == {expected}
        else:
            assert severities <= {expected}


def complete(examples: Sequence[Example], found: Sequence[rules.Rule]) -> None:
    """Every rule has an example, and its docstring a source."""
    assert [rule.id for rule in found] == [example.rule for example in examples]
    for rule in found:
        assert "Source:" in (rule.check.__doc__ or ""), rule.id
