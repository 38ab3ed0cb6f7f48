# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Label selectors match as Kubernetes says."""

from __future__ import annotations

from itertools import product

import pytest

from dualstack.resources.selectors import OPERATORS, Requirement, Selector, selected

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
