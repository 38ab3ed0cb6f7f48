# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes of single values: text, whole numbers, true and false."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .base import JsonSchema, Report, Shape, error, wrong_type


@dataclass(frozen=True)
class Text(Shape):
    """A string, optionally one of ``choices`` or matching ``pattern`` (``like`` says it in words)."""

    choices: tuple[str, ...] = ()
    pattern: str = ""
    like: str = ""

    @property
    def kind(self) -> str:
        return " | ".join(self.choices) or self.like or "string"

    def read(self, value: Any, path: str, report: Report) -> Any:
        if not isinstance(value, str):
            fix = f"Write {self.like}." if "quotes" in self.like else "Put it in quotes."
            return wrong_type(report, path, value, "text", fix)
        if self.choices and value not in self.choices:
            return error(report, "choice", path, value, "not one of the choices", f"Choose: {', '.join(self.choices)}.")
        if self.pattern and not re.fullmatch(self.pattern, value):
            return error(report, "syntax", path, value, f"is not {self.like}", f"Write {self.like}.")
        return str(value)

    def json_schema(self) -> JsonSchema:
        if self.choices:
            return {"type": "string", "enum": list(self.choices)}
        return text_like(self.pattern, self.like) if self.pattern else {"type": "string"}


def text_like(pattern: str, like: str) -> JsonSchema:
    """A string that matches as a whole; editors show the message in place of the pattern."""
    return {"type": "string", "pattern": f"^(?:{pattern})$", "patternErrorMessage": f"Write {like}."}


@dataclass(frozen=True)
class Integer(Shape):
    """A whole number from ``low`` to ``high``."""

    low: int
    high: int

    @property
    def kind(self) -> str:
        return f"integer, {self.low} to {self.high}"

    def read(self, value: Any, path: str, report: Report) -> Any:
        if isinstance(value, bool) or not isinstance(value, int):
            return wrong_type(report, path, value, "a whole number", "Write it in digits, without quotes.")
        if not self.low <= value <= self.high:
            fix = f"Choose a number from {self.low} to {self.high}."
            return error(report, "range", path, value, "out of range", fix)
        return int(value)

    def json_schema(self) -> JsonSchema:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


class Boolean(Shape):
    """true or false."""

    @property
    def kind(self) -> str:
        return "boolean"

    def read(self, value: Any, path: str, report: Report) -> Any:
        if not isinstance(value, bool):
            return wrong_type(report, path, value, "true or false", "Write true or false.")
        return bool(value)

    def json_schema(self) -> JsonSchema:
        return {"type": "boolean"}
