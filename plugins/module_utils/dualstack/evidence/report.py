# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check found out about a link: facts, the places that they prove, and the reasons for red."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Problem(NamedTuple):
    """One reason for red, and the hosts and connections at fault. A cause explains others: it is told first."""

    text: str
    places: tuple[str, ...]
    cause: bool = False


@dataclass
class Report:
    """Facts (raw, plain text), the places that they prove, and the problems found."""

    facts: list[str] = field(default_factory=list)
    covered: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def fact(self, text: str, *places: str) -> None:
        """Note a fact and the hosts and connections that it proves."""
        self.facts.append(text)
        self.covered.extend(places)

    def problem(self, host: str, expected: str, seen: str, look: str, place: str | None = None) -> None:
        """Note a problem that was seen on ``host``; ``place`` when it lies elsewhere than on that host."""
        text = f"{host}: expected {expected}; seen: {seen}. {look}"
        self.problems.append(Problem(text, (place or host,)))

    def cause(self, text: str, look: str, *places: str) -> None:
        """Note what is at the bottom of this break, and perhaps of others, in words that fit all of them."""
        self.problems.append(Problem(f"{text}. {look}", places, cause=True))

    @property
    def reasons(self) -> list[str]:
        """Each reason once, causes first."""
        first = sorted(self.problems, key=lambda problem: not problem.cause)
        return list(dict.fromkeys(problem.text for problem in first))
