# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Label selectors match as Kubernetes says."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstack.resources.selectors import IN, NOT_IN, OPERATORS, Requirement, Selector, common, compatible, selected

LABELS = [{}, {"zone": "a"}, {"zone": "b"}, {"zone": ""}, {"other": "a"}]


@pytest.mark.parametrize(("operator", "labels"), list(product(OPERATORS, LABELS)))
def test_operators(operator: str, labels: dict[str, str]) -> None:
    values = ("a", "c") if operator.endswith("In") else ()
    expected = {
        "In": labels.get("zone") == "a",
        "NotIn": labels.get("zone") != "a",
        "Exists": "zone" in labels,
        "DoesNotExist": "zone" not in labels,
    }[operator]
    assert Requirement("zone", operator, values).matches(labels) is expected


def test_all_requirements_of_a_selector_and_any_selector_of_a_list() -> None:
    both = Selector((Requirement("a", "In", ("1",)), Requirement("b", "Exists")))
    other = Selector((Requirement("c", "Exists"),))
    assert both.matches({"a": "1", "b": ""})
    assert not both.matches({"a": "1"})
    assert selected((both, other), {"c": ""})
    assert not selected((both, other), {"a": "1"})


@pytest.mark.parametrize("labels", LABELS)
def test_nothing_stated_selects_everything(labels: dict[str, str]) -> None:
    assert selected((), labels)
    assert Selector().matches(labels)


@st.composite
def selector(draw: st.DrawFn) -> Selector:
    requirements = []
    for operator in draw(st.lists(st.sampled_from(OPERATORS), max_size=3)):
        values = draw(st.sets(st.sampled_from("123"), min_size=1)) if operator in (IN, NOT_IN) else ()
        requirements.append(Requirement(draw(st.sampled_from("ab")), operator, tuple(sorted(values))))
    return Selector(tuple(requirements))


# Every way in which two labels can stand, one value included that no selector names.
WORLD = [
    {key: value for key, value in zip("ab", values) if value}
    for values in product(["", "1", "2", "3", "other"], repeat=2)
]


@given(selector(), selector())
def test_two_selectors_are_compatible_when_labels_exist_that_both_match(one: Selector, two: Selector) -> None:
    assert compatible(one, two) == any(one.matches(labels) and two.matches(labels) for labels in WORLD)


def test_lists_have_something_in_common_unless_no_pair_is_compatible() -> None:
    first, second = (Selector((Requirement("a", IN, (value,)),)) for value in "12")
    assert common((), (first,)) and common((first,), ())
    assert common((first, second), (second,))
    assert not common((first,), (second,))
