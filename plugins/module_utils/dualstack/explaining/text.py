# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An explanation as text for people."""

from __future__ import annotations

import json
import textwrap
from typing import Any

from .explain import Explainer, Explanation
from .origins import Origins, short
from .paths import ANY
from .provenance.entry import PRODUCT

DEPTH = 2
ITEMS = 6
VALUE = 60
LINE = 110


def text(explainer: Explainer, path: str, everything: bool = False) -> list[str]:
    """The lines about a path: the value and why; of a container its parts, of a list or mapping by name its names.

    ``everything``: also all paths of the intent that can change it. Raises UnknownPath.
    """
    found = explainer.explain(path)
    lines = _why(explainer, found)
    if found.names:
        lines += ["", "Ask for one of:", *(f"  {name}" for name in found.names)]
    if found.parts:
        lines += ["", *_table([_row(part, found.path) for part in found.parts])]
    if everything:
        lines += ["", "Everything in the intent that can change it:"]
        lines += [f"  {origin}" for origin in short(Origins(explainer).of(explainer.tree.read(path)))]
    return lines


def _why(explainer: Explainer, found: Explanation) -> list[str]:
    container = found.parts or found.names
    lines = [found.path or "the plan" if container else f"{found.path} = {shown(found.value)}", *_decision(found, "  ")]
    lines += _places(found, "  ")
    if found.instead:
        lines += _wrapped(f"not stated, but it would decide: {_some(found.instead)}", "  ")
    if found.part_of is not None and "." in found.part_of:
        lines.append(f"  part of {found.part_of}")
    return lines + _depends(explainer, found, "  ", {found.path}, 0 if container else DEPTH)


def _places(found: Explanation, indent: str) -> list[str]:
    lines = _wrapped(f"stated at {_some(found.origin)}", indent) if found.origin else []
    if found.default:
        lines += _wrapped(f"not stated, so the default holds: {_some(found.default)}", indent)
    return lines


def _depends(explainer: Explainer, found: Explanation, indent: str, told: set[str], depth: int) -> list[str]:
    """What a value depends on, each path once, and below it what that depends on."""
    lines = []
    fresh = [path for path in found.depends_on if path not in told]
    told.update(fresh)
    for path in fresh[:ITEMS]:
        if ANY in path:
            lines.append(f"{indent}depends on {path}")
            continue
        why = explainer.why(explainer.tree.read(path))
        lines.append(f"{indent}depends on {path} = {shown(why.value)}")
        if depth:
            below = f"{indent}  "
            lines += [
                *_decision(why, below),
                *(_wrapped(f"stated at {_some(why.origin)}", below) if why.origin else []),
            ]
            lines += _depends(explainer, why, below, told, depth - 1)
    if len(fresh) > ITEMS:
        lines.append(f"{indent}depends on {len(fresh) - ITEMS} more")
    return lines


def _decision(found: Explanation, indent: str) -> list[str]:
    if not found.decision:
        return []
    return _wrapped(found.decision + ("" if found.source == PRODUCT else f" ({found.source})"), indent)


def _wrapped(line: str, indent: str) -> list[str]:
    return textwrap.wrap(
        line,
        LINE,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _row(part: Explanation, above: str) -> tuple[str, str, str]:
    name = part.path[len(above) :].lstrip(".") if ANY not in above else part.path
    if part.origin or part.default:
        stated = [*part.origin, *(f"{path} (default)" for path in part.default)]
        return name, shown(part.value), _some(stated)
    return name, shown(part.value), _some([f"<- {path}" for path in part.depends_on]) or part.decision


def _table(rows: list[tuple[str, str, str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return [f"  {name:<{widths[0]}}  {value:<{widths[1]}}  {origin}".rstrip() for name, value, origin in rows]


def _some(paths: list[str]) -> str:
    more = f" and {len(paths) - ITEMS} more" if len(paths) > ITEMS else ""
    return ", ".join(paths[:ITEMS]) + more


def shown(value: Any) -> str:
    """A value in a line, shortened."""
    told = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return told if len(told) <= VALUE else f"{told[: VALUE - 1]}…"
