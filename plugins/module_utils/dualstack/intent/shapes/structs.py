# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mappings with known keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...findings import nearest
from .base import INVALID, MISSING, JsonSchema, Report, Shape, error, wrong_type
from .scalars import Text


@dataclass(frozen=True)
class Key:
    """One key of a Struct. ``default`` is the value when the key is absent; without one an absent key reads as None."""

    name: str
    shape: Shape
    doc: str
    required: bool = False
    default: Any = None

    def json_schema(self) -> JsonSchema:
        """The value with its description and default; null counts as absent."""
        own = self.shape.json_schema()
        schema = own if self.required else or_null(own)
        default = {} if self.default is None or self.default in ([], {}) else {"default": self.default}
        return {"description": self.doc, **schema, **default}


@dataclass(frozen=True)
class Struct(Shape):
    """A mapping with known keys.

    Unknown keys are errors that name the nearest known one; what is known is read all the same. A ``located`` one
    carries the path at which it stands under the key ``at``. A ``lenient`` one has the default in place of a bad value
    and keeps a bad text, so that everything else is checked too.
    """

    keys: tuple[Key, ...]
    words: str = "mapping"
    one_of: tuple[str, ...] = ()
    located: bool = False
    lenient: bool = False

    @property
    def kind(self) -> str:
        return self.words

    def read(self, value: Any, path: str, report: Report) -> Any:
        if not isinstance(value, Mapping):
            fix = f"Known keys: {', '.join(key.name for key in self.keys)}."
            return wrong_type(report, path, value, "a mapping", fix)
        known = {key.name: key for key in self.keys}
        for name in value:
            if str(name) not in known:
                fix = f"Remove it, or {nearest(str(name), known)}"
                error(report, "unknown-key", f"{path}.{name}", MISSING, "unknown key", fix)
        result = {key.name: self._read(key, value.get(key.name), f"{path}.{key.name}", report) for key in self.keys}
        valid = all(each is not INVALID for each in result.values())
        if self.one_of:
            valid = self._exactly_one(result, path, report) and valid
        if self.located:
            result["at"] = path
        return result if valid else INVALID

    def _read(self, key: Key, given: Any, path: str, report: Report) -> Any:
        if given is None:
            return (
                error(report, "missing-key", path, MISSING, "is missing", f"Add it: {key.doc}.")
                if key.required
                else key.default
            )
        value = key.shape.read(given, path, report)
        if value is INVALID and self.lenient:
            if not key.required:
                return key.default
            if isinstance(key.shape, Text) and isinstance(given, str):
                return str(given)
        return value

    def _exactly_one(self, result: Mapping[str, Any], path: str, report: Report) -> bool:
        given = [name for name in self.one_of if result[name] is not None]
        if len(given) == 1:
            return True
        reason = f"has {' and '.join(given)}" if given else f"has none of {', '.join(self.one_of)}"
        error(report, "exactly-one", path, MISSING, reason, f"Give exactly one of: {', '.join(self.one_of)}.")
        return False

    def json_schema(self) -> JsonSchema:
        required = [key.name for key in self.keys if key.required]
        given = [{"required": [name], "properties": {name: {"not": {"type": "null"}}}} for name in self.one_of]
        return {
            "type": "object",
            "properties": {key.name: key.json_schema() for key in self.keys},
            "additionalProperties": False,
            **({"required": required} if required else {}),
            **({"oneOf": given} if given else {}),
        }


def or_null(schema: JsonSchema) -> JsonSchema:
    """The schema, which accepts null too."""
    if "oneOf" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    if "anyOf" in schema:
        return {"anyOf": [*schema["anyOf"], {"type": "null"}]}
    if "enum" in schema:
        return {**schema, "type": [schema["type"], "null"], "enum": [*schema["enum"], None]}
    return {**schema, "type": [schema["type"], "null"]}
