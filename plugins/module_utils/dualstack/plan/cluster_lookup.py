# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters of a plan; apart from how they are made, as hosts load it alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def every(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All clusters of a plan, the first one first."""
    yield plan["cluster"]
    yield from plan["clusters"].values()


def named(plan: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A cluster of a plan. Raises KeyError when it has none of this name."""
    return next((each for each in every(plan) if each["name"] == name), None) or plan["clusters"][name]
