# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The difference of two desired states, in the shape of a delta (docs/architecture.md, "speaker and wire")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PARTS = ("peers", "routes", "layer2")
State = Mapping[str, Mapping[str, Any]]

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
