# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rounds of a fault as data: the median, the least and the greatest of all that was measured, held to a bar; tables."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

BARS = {  # (fault, what was measured) -> the most that the median of wire may be
    ("cut", "gap_ms"): 500.0,
    ("killed", "lost"): 0.0,
    ("killed", "missing"): 0.0,
    ("killed-bfd", "lost"): 0.0,
    ("killed-bfd", "missing"): 0.0,
    ("upgraded", "lost"): 0.0,
    ("upgraded", "missing"): 0.0,
    ("upgraded", "flaps"): 0.0,
    ("upgraded-layer2", "lost"): 0.0,
    ("upgraded-layer2", "client_lost"): 0.0,
    ("flapping", "stuck"): 0.0,
    ("window-full", "added_ms"): 50.0,
    ("window-full", "flaps"): 0.0,
    ("clock", "lost"): 0.0,
    ("clock", "missing"): 0.0,
    ("clock", "flaps"): 0.0,
    ("renamed", "lost"): 0.0,
    ("renamed", "flaps"): 0.0,
    ("renamed-layer2", "lost"): 0.0,
    ("killed-owner", "gap_ms"): 1000.0,
    ("cut-owner", "gap_ms"): 1000.0,
    ("cut-owner", "client_gap_ms"): 1000.0,
    ("stopped-owner", "lost"): 0.0,
    ("stopped-owner", "client_lost"): 0.0,
    ("drained-owner", "lost"): 0.0,
    ("drained-owner", "client_lost"): 0.0,
    ("restarted-others", "lost"): 0.0,
    ("clock-owner", "lost"): 0.0,
    ("full-disk-owner", "gap_ms"): 1000.0,
    **{
        (fault, measure): 0.0
        for fault in (
            "api-down",
            "api-down-long",
            "api-away",
            "certificate",
            "server-certificate",
            "disk-full",
            "clock-kubernetes",
            "speaker-killed",
            "drained",
            "controller-killed",
            "controller-cut-off",
        )
        for measure in ("lost", "rack_lost", "missing")
    },
    **{(fault, what): 0.0 for fault in ("controller-killed", "controller-cut-off") for what in ("twice", "changed")},
}
WORDS = {
    "lost": "lost",
    "gap_ms": "gap",
    "client_lost": "lost by the client",
    "client_gap_ms": "client's gap",
    "missing": "routes missing",
    "flaps": "flaps",
    "back_ms": "back",
    "served_ms": "served",
    "ended_ms": "ended",
    "added_ms": "added",
    "stuck": "stuck",
    "asked": "time asked for",
    "rack_lost": "lost on the rack",
    "rack_gap_ms": "gap on the rack",
    "caught_up_ms": "caught up",
    "twice": "in two Services",
    "changed": "addresses changed",
}
NEVER = "never"
Row = dict[str, Any]


def median(samples: Sequence[float]) -> float:
    """The middle one, rounded to tenths."""
    return round(statistics.median(samples), 1)


def row(fault: str, family: str, speaker: str, rounds: Sequence[Mapping[str, float]]) -> Row:
    """What the rounds of one fault gave for a family and a speaker; None stands for what never came."""
    measures = {}
    for name in rounds[0]:
        samples = [found[name] for found in rounds]
        values = {"median": median(samples), "least": min(samples), "most": max(samples)}
        measures[name] = {key: None if math.isinf(value) else round(value, 1) for key, value in values.items()}
    return {
        "fault": fault,
        "family": family,
        "speaker": speaker,
        "rounds": len(rounds),
        "measures": measures,
        "missed": missed(fault, measures) if speaker == "wire" else [],
    }


def missed(fault: str, measures: Mapping[str, Mapping[str, float | None]]) -> list[str]:
    """What is above its bar."""
    found = []
    for name, values in measures.items():
        most, value = BARS.get((fault, name)), values["median"]
        if most is not None and (value is None or value > most):
            found.append(name)
    return found


def renewed(old: Iterable[Row], new: Sequence[Row], order: Sequence[str]) -> list[Row]:
    """The new rows, and the old ones of faults that have none, in the order of the faults."""
    played = {one["fault"] for one in new}
    kept = [one for one in old if one["fault"] not in played]
    return sorted([*kept, *new], key=lambda one: order.index(one["fault"]))


def cell(name: str, values: Mapping[str, float | None]) -> str:
    """A measure for people: ``gap 315 (310–322) ms``; the range only where there is one."""
    unit = " ms" if name.endswith("_ms") else ""
    middle, least, most = (NEVER if value is None else f"{value:g}" for value in values.values())
    between = "" if least == most else f" ({least}–{most})"
    return f"{WORDS[name]} {middle}{between}{unit}"


def table(rows: Iterable[Mapping[str, Any]]) -> str:
    """The rows as a table in Markdown: a line per fault and family, ``wire`` and what was played beside it."""
    lines = [("fault", "family", "rounds", "wire", "beside it"), ("---",) * 5]
    found: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
    for one in rows:
        found.setdefault((one["fault"], one["family"]), {})[one["speaker"]] = one
    for (fault, family), speakers in found.items():
        told = {
            name: ", ".join(cell(key, values) for key, values in one["measures"].items())
            for name, one in speakers.items()
        }
        above = speakers["wire"]["missed"] if "wire" in speakers else []
        bad = "; ".join(f"**{WORDS[name]} is above {BARS[fault, name]:g}**" for name in above)
        ours = "; ".join(filter(None, [told.pop("wire", "failed"), bad]))
        beside = "; ".join(f"{name}: {text}" for name, text in told.items()) or "-"
        count = min(one["rounds"] for one in speakers.values())
        lines.append((fault, family, str(count), ours, beside))
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    return "\n".join(
        "| " + " | ".join(text.ljust(width, "-" if text == "---" else " ") for text, width in zip(line, widths)) + " |"
        for line in lines
    )
