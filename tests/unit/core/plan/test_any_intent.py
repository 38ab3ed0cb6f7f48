# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever stands in an intent, the planner answers with a plan or with findings, never with an exception."""

from __future__ import annotations

import copy
from typing import Any

import fabrics
import mutants
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstack.findings import SEVERITIES, has_errors
from dualstack.plan.build import make
from dualstack.render.tree import tree

pytestmark = pytest.mark.soak

EXAMPLES = {name: fabrics.read(name) for name in fabrics.names()}
PLACES = {
    name: [steps for steps, _value in mutants.places({"data": data, "hosts": hosts})]
    for name, (data, hosts) in EXAMPLES.items()
}
TEXTS = """
    ipv4 ipv6 all 10.0.0.0/8 10.0.1.1 ::/0 fd00::/64 2001:db8::1 255.255.255.255 ::ffff:10.0.0.1 0.0.0.0/0
    10.0.1.5-10.0.1.9 tor1 node1 rack1 production 64512:1 large:1:2:3 secret
"""
WORDS = st.sampled_from(["", *TEXTS.split()])
NUMBERS = st.integers() | st.sampled_from([0, 1, -1, 32, 128, 65535, 65536, 4294967295, 4294967296, 2**64, 2**128])
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    WORDS | NUMBERS | st.none() | st.booleans() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def intents(draw: st.DrawFn) -> tuple[Any, Any]:
    """An example with up to four places replaced by anything, or by what stands somewhere else in an example."""
    name = draw(st.sampled_from(sorted(EXAMPLES)))
    other = draw(st.sampled_from(sorted(EXAMPLES)))
    root = copy.deepcopy(dict(zip(("data", "hosts"), EXAMPLES[name])))
    for steps in draw(st.lists(st.sampled_from(PLACES[name]), min_size=1, max_size=4)):
        foreign = mutants.at(dict(zip(("data", "hosts"), EXAMPLES[other])), draw(st.sampled_from(PLACES[other])))
        value = draw(st.just(copy.deepcopy(foreign)) | ANYTHING)
        try:
            mutants.put(root, steps, value)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change has taken the place away
    return root["data"], root["hosts"]


def check(data: Any, hosts: Any) -> None:
    plan, findings = make(data, hosts)
    for finding in findings:
        assert finding.severity in SEVERITIES and finding.path and finding.reason and finding.fix, finding
    assert (plan is None) == has_errors(findings)
    if plan is not None:
        assert tree(plan)


@given(intents())
def test_a_damaged_intent_is_planned_or_refused(intent: tuple[Any, Any]) -> None:
    check(*intent)


@given(ANYTHING, st.fixed_dictionaries(dict.fromkeys(("routers", "nodes", "clients"), ANYTHING)))
def test_nonsense_is_refused(data: Any, hosts: Any) -> None:
    check(data, hosts)
