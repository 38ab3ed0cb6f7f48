# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The difference of two desired states, and how it is told (docs/architecture.md, "speaker and wire")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

PARTS = ("peers", "routes", "layer2", "nodes")
State = Mapping[str, Mapping[str, Any]]
Held = dict[str, dict[str, Any]]

MANY = 100  # routes, from which on those that go the same way are told together
SLICE = 1000  # routes in one message

EMPTY: State = {part: {} for part in PARTS}


def difference(before: State, after: State) -> Held:
    """What turns ``before`` into ``after``: new and changed items, None for those to be taken away.

    Parts without a difference are left out; nothing at all when the states are equal.
    """
    result: Held = {}
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


def effective(before: State, changes: State) -> Held:
    """Of changes (None: gone) those that make a difference to ``before``, at the cost of the changes alone."""
    result: Held = {}
    for part, items in changes.items():
        old = before[part]
        differing = {name: item for name, item in items.items() if old.get(name) != item}
        if differing:
            result[part] = differing
    return result


def apply(changes: State, held: Held) -> None:
    """Changes ``held`` in place."""
    for part, items in changes.items():
        for name, item in items.items():
            if item is None:
                held[part].pop(name, None)
            else:
                held[part][name] = item


def copied(state: State) -> Held:
    """A state of one's own, with the same items."""
    return {part: dict(state[part]) for part in PARTS}


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


def slices(changes: Held) -> Iterator[Held]:
    """The same changes in steps, so that routers hear of the first while ``wire`` reads the last.

    At once where more than routes changes: a route may need its peer.
    """
    if set(changes) != {"routes"}:
        yield changes
        return
    routes = iter(changes["routes"].items())
    while some := dict(islice(routes, SLICE)):
        yield {"routes": some}
