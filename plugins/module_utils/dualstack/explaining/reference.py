# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of provenance as a page, generated from the entries themselves."""

from __future__ import annotations

from collections.abc import Iterator

from .provenance import PROVENANCE
from .provenance.entry import Chain, Entry, chain
from .provenance.segments import SELF

HEAD = ("value", "what decides it", "stated at", "depends on", "source")


def markdown() -> str:
    """A Markdown table for each section of a plan; what is about a container alone stands in italics."""
    sections: dict[str, list[Entry]] = {}
    for entry in PROVENANCE:
        name = "the plan itself" if entry in SELF else entry.pattern.partition(".")[0]
        sections.setdefault(name, []).append(entry)
    return "\n".join(line for name, entries in sections.items() for line in _section(name, entries))


def _section(name: str, entries: list[Entry]) -> Iterator[str]:
    yield f"### {name}\n"
    yield f"| {' | '.join(HEAD)} |"
    yield "|---" * len(HEAD) + "|"
    for entry in entries:
        decision = f"*{entry.decision}*" if entry.whole else entry.decision
        stated = "; and ".join(_chain(chain(text)) for text in entry.intent)
        depends = ", ".join(f"`{text}`" for text in entry.plan)
        yield f"| `{entry.pattern}` | {decision} | {stated} | {depends} | {entry.source} |"
    yield ""


def _chain(each: Chain) -> str:
    return ", else ".join(f"`{alternative.template}`" for alternative in each.alternatives)
