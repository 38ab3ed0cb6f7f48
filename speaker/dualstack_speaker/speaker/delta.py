# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The difference of two desired states, and how it is told (docs/architecture.md, "speaker and wire")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

PARTS = ("peers", "routes", "layer2")
State = Mapping[str, Mapping[str, Any]]

MANY = 100  # routes, from which on those that go the same way are told together
SLICE = 1000  # routes in one message

EMPTY: State = {part: {} for part in PARTS}


def difference(before: State, after: State) -> dict[str, dict[str, Any]]:
    """What turns ``before`` into ``after``: new and changed items, None for those to be taken away.

    Parts without a difference are left out; nothing at all when the states are equal.
    """
    result: dict[str, dict[str, Any]] = {}
    for part in PARTS:
        old, new = before[part], after[part]
        changes: dict[str, Any] = {key: None for key in old if key not in new}
        for key, value in new.items():
            known = old.get(key)
            if known is not value and known != value:
                changes[key] = value
        if changes:
            result[part] = changes
    return result


def told(parts: State) -> dict[str, Any]:
    """Parts of a request: few routes one by one, many of them by what they have in common."""
    routes = parts.get("routes", {})
    if len(routes) < MANY:
        return dict(parts)
    groups: dict[str, dict[str, Any]] = {}
    known: dict[int, list[str]] = {}  # objects are mostly shared
    for prefix, paths in routes.items():
        prefixes = known.get(id(paths))
        if prefixes is None:
            group = groups.setdefault(repr(paths), {"paths": paths, "prefixes": []})
            prefixes = known[id(paths)] = group["prefixes"]
        prefixes.append(prefix)
    return {**parts, "routes": {}, "alike": list(groups.values())}


def slices(changes: dict[str, dict[str, Any]]) -> Iterator[dict[str, dict[str, Any]]]:
    """The same changes in steps, so that routers hear of the first while ``wire`` reads the last.

    At once where more than routes changes: a route may need its peer.
    """
    if set(changes) != {"routes"}:
        yield changes
        return
    routes = iter(changes["routes"].items())
    while some := dict(islice(routes, SLICE)):
        yield {"routes": some}
