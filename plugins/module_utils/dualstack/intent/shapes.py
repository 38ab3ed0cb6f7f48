# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes of values in an intent: each checks one value, normalises it and explains itself.

A shape's ``read`` returns the normalised value, or ``INVALID`` after reporting a finding. The same shapes generate the
reference page (``describe``), so that what is documented is what is checked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable

from ..addresses import blocks
from ..addresses.blocks import AddressError
from ..findings import ERROR, Finding, nearest

Report = Callable[[Finding], None]
INVALID: Any = object()
MISSING: Any = object()


def error(report: Report, rule: str, path: str, value: Any, reason: str, fix: str) -> Any:
    """Report one error; returns INVALID."""
    text = "" if value is MISSING else (value if isinstance(value, str) else repr(value))
    report(Finding(rule, ERROR, path, text, reason, fix))
    return INVALID


class Shape:
    """The base of all shapes."""

    @property
    def kind(self) -> str:
        """What is expected, in words."""
        raise AssertionError(f"{type(self).__name__} has no words")

    def read(self, value: Any, path: str, report: Report) -> Any:
        """The normalised value, or INVALID."""
        raise AssertionError(f"{type(self).__name__} has no reader")


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
            return error(report, "type", path, value, f"expected text, found {_type_name(value)}", "Put it in quotes.")
        if self.choices and value not in self.choices:
            return error(report, "choice", path, value, "not one of the choices", f"Choose: {', '.join(self.choices)}.")
        if self.pattern and not re.fullmatch(self.pattern, value):
            return error(report, "syntax", path, value, f"is not {self.like}", f"Write {self.like}.")
        return str(value)


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
            return error(
                report,
                "type",
                path,
                value,
                f"expected a whole number, found {_type_name(value)}",
                "Write it in digits, without quotes.",
            )
        if not self.low <= value <= self.high:
            return error(
                report, "range", path, value, "out of range", f"Choose a number from {self.low} to {self.high}."
            )
        return int(value)


class Boolean(Shape):
    """true or false."""

    @property
    def kind(self) -> str:
        return "boolean"

    def read(self, value: Any, path: str, report: Report) -> Any:
        if not isinstance(value, bool):
            return error(
                report,
                "type",
                path,
                value,
                f"expected true or false, found {_type_name(value)}",
                "Write true or false.",
            )
        return bool(value)


@dataclass(frozen=True)
class AddressShape(Shape):
    """Text of one address, CIDR (``network``) or any block, written back canonically."""

    words: str
    parse: Callable[[str], blocks.Block]
    show: Callable[[blocks.Block, str], str]

    @property
    def kind(self) -> str:
        return self.words

    def read(self, value: Any, path: str, report: Report) -> Any:
        if not isinstance(value, str):
            return error(
                report, "type", path, value, f"expected {self.kind}, found {_type_name(value)}", "Put it in quotes."
            )
        try:
            return self.show(self.parse(value), value)
        except AddressError as problem:
            return error(report, "address-syntax", path, value, str(problem), f"Write {self.kind}.")


def _as_address(block: blocks.Block, text: str) -> str:
    del text
    return blocks.address_text(block.family, block.first)


def _as_cidr(block: blocks.Block, text: str) -> str:
    del text
    return str(block)


def _as_written(block: blocks.Block, text: str) -> str:
    return blocks.range_text(block) if "-" in text else str(block)


ADDRESS = AddressShape("an IPv4 or IPv6 address", blocks.parse_address, _as_address)
NETWORK = AddressShape("a CIDR", blocks.parse_network, _as_cidr)
BLOCK = AddressShape("a CIDR or a range first-last", blocks.parse, _as_written)


@dataclass(frozen=True)
class PerFamily(Shape):
    """One address or CIDR per family, written as a list in any order; read as ``{family: text}``."""

    item: AddressShape

    @property
    def kind(self) -> str:
        return f"list of {self.item.kind} per family"

    def read(self, value: Any, path: str, report: Report) -> Any:
        items = ListOf(self.item).read([value] if isinstance(value, str) else value, path, report)
        if items is INVALID:
            return INVALID
        found: dict[str, str] = {}
        for text in items:
            family = blocks.family_of(text)
            if family in found:
                return error(
                    report,
                    "family-twice",
                    path,
                    text,
                    f"a second {blocks.FAMILY_NAME[family]} entry beside {found[family]}",
                    "Give one per family.",
                )
            found[family] = text
        return found


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
            return error(report, "type", path, value, f"expected a list, found {_type_name(value)}", "Put it in [ ].")
        if len(value) < self.least:
            return error(report, "length", path, value, f"{len(value)} entries", f"Give at least {self.least}.")
        if self.most and len(value) > self.most:
            return error(report, "length", path, value, f"{len(value)} entries", f"Give at most {self.most}.")
        items = [self.item.read(item, f"{path}[{index}]", report) for index, item in enumerate(value)]
        good = [item for item in items if item is not INVALID]
        return good if self.lenient or len(good) == len(items) else INVALID


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
            return error(
                report,
                "type",
                path,
                value,
                f"expected a mapping, found {_type_name(value)}",
                "Write name: value pairs.",
            )
        items = {str(name): self.item.read(item, f"{path}.{name}", report) for name, item in value.items()}
        good = {name: item for name, item in items.items() if item is not INVALID}
        return good if self.lenient or len(good) == len(items) else INVALID


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


@dataclass(frozen=True)
class Key:
    """One key of a Struct. ``default`` is the value when the key is absent; without one an absent key reads as None."""

    name: str
    shape: Shape
    doc: str
    required: bool = False
    default: Any = None


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
            return error(
                report,
                "type",
                path,
                value,
                f"expected a mapping, found {_type_name(value)}",
                f"Known keys: {', '.join(key.name for key in self.keys)}.",
            )
        known = {key.name: key for key in self.keys}
        valid = True
        for name in value:
            if str(name) not in known:
                fix = f"Remove it, or {nearest(str(name), known)}"
                error(report, "unknown-key", f"{path}.{name}", MISSING, "unknown key", fix)
        result: dict[str, Any] = {}
        for key in self.keys:
            given = value.get(key.name, MISSING)
            if given is MISSING or given is None:
                if key.required:
                    valid = (
                        error(report, "missing-key", f"{path}.{key.name}", MISSING, "is missing", f"Add it: {key.doc}.")
                        is not INVALID
                    )
                result[key.name] = key.default
                continue
            result[key.name] = self._read(key, given, f"{path}.{key.name}", report)
            valid = valid and result[key.name] is not INVALID
        if self.one_of and sum(result[name] is not None for name in self.one_of) != 1:
            given_names = [name for name in self.one_of if result[name] is not None]
            reason = f"has {' and '.join(given_names)}" if given_names else f"has none of {', '.join(self.one_of)}"
            valid = (
                error(report, "exactly-one", path, MISSING, reason, f"Give exactly one of: {', '.join(self.one_of)}.")
                is not INVALID
            )
        if self.located:
            result["at"] = path
        return result if valid else INVALID

    def _read(self, key: Key, given: Any, path: str, report: Report) -> Any:
        value = key.shape.read(given, path, report)
        if value is INVALID and self.lenient:
            if not key.required:
                return key.default
            if isinstance(key.shape, Text) and isinstance(given, str):
                return str(given)
        return value


def _type_name(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    for kind, name in (
        (bool, "a boolean"),
        (int, "a number"),
        (float, "a decimal number"),
        (str, "text"),
        (type(None), "nothing"),
    ):
        if isinstance(value, kind):
            return name
    return "a list" if isinstance(value, Sequence) else type(value).__name__
