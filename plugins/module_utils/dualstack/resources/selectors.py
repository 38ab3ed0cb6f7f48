# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Label selectors as Kubernetes evaluates them (metav1.LabelSelector): all requirements of one selector must hold.

A *list* of selectors, as the metallb.io kinds have, is an OR; an empty list selects everything, and so does ``{}``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

IN = "In"
NOT_IN = "NotIn"
EXISTS = "Exists"
DOES_NOT_EXIST = "DoesNotExist"
OPERATORS = (IN, NOT_IN, EXISTS, DOES_NOT_EXIST)


@dataclass(frozen=True)
class Requirement:
    """One condition on one label; ``values`` is empty for Exists and DoesNotExist."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether ``labels`` fulfil it; NotIn holds where the label is absent."""
        if self.operator == EXISTS:
            return self.key in labels
        if self.operator == DOES_NOT_EXIST:
            return self.key not in labels
        return (labels.get(self.key) in self.values) == (self.operator == IN)


@dataclass(frozen=True)
class Selector:
    """A label selector."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether every requirement holds."""
        return all(requirement.matches(labels) for requirement in self.requirements)


def selected(selectors: Sequence[Selector], labels: Mapping[str, str]) -> bool:
    """Whether any of the selectors matches, or there is none."""
    return not selectors or any(selector.matches(labels) for selector in selectors)


def compatible(first: Selector, second: Selector) -> bool:
    """Whether labels can exist that both match; in doubt yes."""
    requirements = (*first.requirements, *second.requirements)
    wanted: dict[str, set[str]] = {}
    for requirement in requirements:
        if requirement.operator == IN:
            values = set(requirement.values)
            wanted[requirement.key] = wanted.get(requirement.key, values) & values
    present = {requirement.key for requirement in requirements if requirement.operator in (IN, EXISTS)}
    for requirement in requirements:
        if requirement.operator == NOT_IN and requirement.key in wanted:
            wanted[requirement.key] -= set(requirement.values)
        if requirement.operator == DOES_NOT_EXIST and requirement.key in present:
            return False
    return all(wanted.values())


def common(first: Sequence[Selector], second: Sequence[Selector]) -> bool:
    """Whether two lists of selectors may select the same; in doubt yes."""
    return not first or not second or any(compatible(one, two) for one in first for two in second)
