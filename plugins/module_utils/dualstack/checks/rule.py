# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rule is: one function with an id and a severity that yields the problems it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..findings import SEVERITIES, Finding, Problem
from ..intent.load import Intent

__all__ = ["Check", "Plan", "Problem", "Rule", "rule"]

Plan = Mapping[str, Any]


Check = Callable[[Intent, Plan], Iterator[Problem]]


@dataclass(frozen=True)
class Rule:
    """A rule over the intent and the plan.

    ``plan`` has everything but ``hash``; its ``routes`` and ``vips`` are empty while names or parts of the plan are
    wrong. The docstring of ``check`` says what is checked and, after ``Source:``, where the rule comes from.
    ``silenceable``: whether an operator may declare that it does not matter. ``absence``: it finds that something is
    missing, which can't be said while a part of the fabric can't be read.
    """

    id: str
    severity: str
    check: Check
    silenceable: bool = True
    absence: bool = False

    def __call__(self, intent: Intent, plan: Plan) -> Iterator[Finding]:
        """The findings of the rule."""
        for problem in self.check(intent, plan):
            yield Finding(self.id, self.severity, *problem)

    @property
    def text(self) -> str:
        """What is checked, in a sentence or two."""
        return self._documented[0]

    @property
    def source(self) -> str:
        """Where the rule comes from: RFC, Kubernetes or MetalLB behaviour, or what this product promises."""
        return self._documented[1]

    @property
    def _documented(self) -> tuple[str, str]:
        text, _unused, source = " ".join((self.check.__doc__ or "").split()).partition("Source:")
        return text.strip(), source.strip()


def rule(identifier: str, severity: str, silenceable: bool = True, absence: bool = False) -> Callable[[Check], Rule]:
    """Makes a rule of a function."""
    if severity not in SEVERITIES:
        raise AssertionError(f"{identifier}: {severity} is no severity")
    return lambda check: Rule(identifier, severity, check, silenceable, absence)
