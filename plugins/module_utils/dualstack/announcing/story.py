# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The story of a Service for people: what was found, step by step, what is wrong, and what to change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

GOOD, WRONG, TOLD = "good", "wrong", "told"
_SIGNS = {GOOD: "+", WRONG: "!", TOLD: " "}


class Step(NamedTuple):
    """One thing that was looked at; ``state``: good, wrong, or told (neither); ``fix`` is empty unless it is wrong."""

    topic: str
    state: str
    text: str
    fix: str = ""


class VipStory(NamedTuple):
    """One VIP and one way of announcing it (bgp, layer2 or None); ``works``: whether this node announces it."""

    vip: str
    family: str
    mode: str | None
    works: bool
    summary: str
    steps: tuple[Step, ...]


class Story(NamedTuple):
    """A Service as one node sees it. ``known``: whether the node knows the Service at all."""

    service: str
    node: str
    known: bool
    summary: str
    steps: tuple[Step, ...]
    vips: tuple[VipStory, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The story as plain data."""
        return {
            **self._asdict(),
            "steps": _plain(self.steps),
            "vips": [{**vip._asdict(), "steps": _plain(vip.steps)} for vip in self.vips],
        }

    def lines(self) -> Iterator[str]:
        """The story as text: wrong steps are marked and followed by what to change."""
        yield f"{self.service} on {self.node}: {self.summary}"
        yield from _lines(self.steps, "  ")
        for vip in self.vips:
            yield ""
            yield f"{vip.vip} ({vip.mode or 'not advertised'}): {vip.summary}"
            yield from _lines(vip.steps, "  ")


def _plain(steps: Sequence[Step]) -> list[dict[str, Any]]:
    return [step._asdict() for step in steps]


def _lines(steps: Sequence[Step], indent: str) -> Iterator[str]:
    for step in steps:
        yield f"{indent}{_SIGNS[step.state]} {step.topic}: {step.text}"
        if step.fix:
            yield f"{indent}    -> {step.fix}"
