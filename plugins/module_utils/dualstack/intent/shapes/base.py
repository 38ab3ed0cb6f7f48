# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every shape is, and how it reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ...findings import ERROR, Finding

Report = Callable[[Finding], None]
JsonSchema = dict[str, Any]
INVALID: Any = object()
MISSING: Any = object()
_TYPES = ((bool, "a boolean"), (int, "a number"), (float, "a decimal number"), (str, "text"), (type(None), "nothing"))


def error(report: Report, rule: str, path: str, value: Any, reason: str, fix: str) -> Any:
    """Report one error; returns INVALID."""
    text = "" if value is MISSING else (value if isinstance(value, str) else repr(value))
    report(Finding(rule, ERROR, path, text, reason, fix))
    return INVALID


def wrong_type(report: Report, path: str, value: Any, expected: str, fix: str) -> Any:
    """Report that the value is of another kind than expected; returns INVALID."""
    return error(report, "type", path, value, f"expected {expected}, found {_type_name(value)}", fix)


class Shape:
    """The base of all shapes."""

    @property
    def kind(self) -> str:
        """What is expected, in words."""
        raise AssertionError(f"{type(self).__name__} has no words")

    def read(self, value: Any, path: str, report: Report) -> Any:
        """The normalised value, or INVALID."""
        raise AssertionError(f"{type(self).__name__} has no reader")

    def json_schema(self) -> JsonSchema:
        """The same as JSON Schema (draft 2020-12), which accepts all that ``read`` does, and more where it must."""
        raise AssertionError(f"{type(self).__name__} has no JSON Schema")


def _type_name(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    for kind, name in _TYPES:
        if isinstance(value, kind):
            return name
    return "a list" if isinstance(value, Sequence) else type(value).__name__
