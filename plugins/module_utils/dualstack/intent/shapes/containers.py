# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes that hold others: lists, mappings from names, and a single value or a mapping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .base import INVALID, JsonSchema, Report, Shape, error, wrong_type


@dataclass(frozen=True)
class ListOf(Shape):
    """A list of one shape. A ``lenient`` one is read without its bad entries, so that the others are checked too."""

    item: Shape
    least: int = 1
    most: int = 0
    lenient: bool = False

    @property
    def kind(self) -> str:
        return f"list of {self.item.kind}"

    def read(self, value: Any, path: str, report: Report) -> Any:
        if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Sequence):
            return wrong_type(report, path, value, "a list", "Put it in [ ].")
        if len(value) < self.least:
            return error(report, "length", path, value, f"{len(value)} entries", f"Give at least {self.least}.")
        if self.most and len(value) > self.most:
            return error(report, "length", path, value, f"{len(value)} entries", f"Give at most {self.most}.")
        entries = {index: self.item.read(item, f"{path}[{index}]", report) for index, item in enumerate(value)}
        good = _good(entries, self.lenient)
        return INVALID if good is INVALID else list(good.values())

    def json_schema(self) -> JsonSchema:
        least = {"minItems": self.least} if self.least else {}
        most = {"maxItems": self.most} if self.most else {}
        return {"type": "array", "items": self.item.json_schema(), **least, **most}


@dataclass(frozen=True)
class MapOf(Shape):
    """A mapping from names to one shape; ``lenient`` as with ListOf."""

    item: Shape
    lenient: bool = False

    @property
    def kind(self) -> str:
        return f"mapping of names to {self.item.kind}"

    def read(self, value: Any, path: str, report: Report) -> Any:
        if not isinstance(value, Mapping):
            return wrong_type(report, path, value, "a mapping", "Write name: value pairs.")
        entries = {str(name): self.item.read(item, f"{path}.{name}", report) for name, item in value.items()}
        return _good(entries, self.lenient)

    def json_schema(self) -> JsonSchema:
        return {"type": "object", "additionalProperties": self.item.json_schema()}


def _good(entries: dict[Any, Any], lenient: bool) -> Any:
    """The entries that could be read; INVALID when one could not and that is not forgiven."""
    good = {key: item for key, item in entries.items() if item is not INVALID}
    return good if lenient or len(good) == len(entries) else INVALID


@dataclass(frozen=True)
class Either(Shape):
    """A single value, or a mapping."""

    single: Shape
    mapping: MapOf

    @property
    def kind(self) -> str:
        return f"{self.single.kind}; or {self.mapping.kind}"

    def read(self, value: Any, path: str, report: Report) -> Any:
        return (self.mapping if isinstance(value, Mapping) else self.single).read(value, path, report)

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [self.single.json_schema(), self.mapping.json_schema()]}
