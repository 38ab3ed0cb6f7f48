# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes of values that only Kubernetes objects have. The general ones are those of an intent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ..addresses import blocks
from ..addresses.blocks import AddressError
from ..findings import ERROR, WARNING, Finding
from ..intent.shapes import INVALID, Key, ListOf, MapOf, Report, Shape, Struct, Text, error
from .selectors import DOES_NOT_EXIST, EXISTS, OPERATORS, Requirement, Selector

NAME = Text(pattern=r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", like="a name of lower case letters, digits, - and .")
ANY_TEXT = Text()
LABELS = MapOf(ANY_TEXT)
_SECONDS = {"h": "3600", "m": "60", "s": "1", "ms": "1e-3", "us": "1e-6", "µs": "1e-6", "ns": "1e-9"}
_UNITS = {unit: Decimal(seconds) for unit, seconds in _SECONDS.items()}


@dataclass(frozen=True)
class Duration(Shape):
    """A duration as Go writes it (``1m30s``), from ``low`` to ``high`` seconds; read as whole seconds.

    Parts of a second are cut off, as MetalLB does, and that is said; with ``whole`` they are an error.
    """

    low: int
    high: int
    whole: bool = False
    kind = "duration"

    def read(self, value: Any, path: str, report: Report) -> Any:
        text = value if isinstance(value, str) else ""
        if text != "0" and not re.fullmatch(r"(\d+(\.\d+)?(h|ms|m|s|us|µs|ns))+", text):
            given = (
                f"{value}s" if (isinstance(value, int) and not isinstance(value, bool)) or text.isdigit() else "1m30s"
            )
            return error(report, "syntax", path, value, "is not a duration", f'Write it with a unit: "{given}".')
        parts = re.findall(r"([\d.]+)(h|ms|m|s|us|µs|ns)", text)
        seconds = sum((Decimal(number) * _UNITS[unit] for number, unit in parts), Decimal(0))
        if not self.low <= seconds <= self.high:
            limits = f"Choose a duration from {self.low}s to {self.high}s."
            return error(report, "range", path, value, "out of range", limits)
        if seconds != int(seconds):
            severity, reason = WARNING, f"is cut off to {int(seconds)}s"
            if self.whole:
                severity, reason = ERROR, "is not a number of whole seconds"
            report(Finding("fraction", severity, path, text, reason, "Write whole seconds."))
            return INVALID if self.whole else int(seconds)
        return int(seconds)


@dataclass(frozen=True)
class Hidden(Shape):
    """Text that no message may repeat."""

    kind = "secret text"

    def read(self, value: Any, path: str, report: Report) -> Any:
        if not is_key(value):
            reason = "is not a text of 1 to 80 octets"
            return error(report, "password", path, "(hidden)", reason, "Put the password in quotes.")
        return str(value)


@dataclass(frozen=True)
class PoolEntry(Shape):
    """A CIDR or a range of a pool. Host bits are cut off, as MetalLB does."""

    kind = "a CIDR or a range first-last"

    def read(self, value: Any, path: str, report: Report) -> Any:
        try:
            if not isinstance(value, str):
                raise AddressError("is not text")
            return blocks.parse_interface(value)[1] if "/" in value and "-" not in value else blocks.parse(value)
        except AddressError as problem:
            return error(report, "address-syntax", path, value, str(problem), f"Write {self.kind}.")


@dataclass(frozen=True)
class Community(Shape):
    """``A:B`` or ``large:A:B:C``; with ``alias`` also the name of a Community."""

    alias: bool
    kind = "community"

    def read(self, value: Any, path: str, report: Report) -> Any:
        if not isinstance(value, str):
            return error(report, "type", path, value, "is not text", 'Put it in quotes: "64512:200".')
        if ":" not in value and self.alias and value:
            return str(value)
        large = value.startswith("large:")
        numbers = value.split(":")[1 if large else 0 :]
        bounds = (3, 0xFFFFFFFF) if large else (2, 0xFFFF)
        digits = all(number.isascii() and number.isdigit() and len(number) <= 10 for number in numbers)
        if len(numbers) != bounds[0] or not digits or max(map(int, numbers)) > bounds[1]:
            fix = 'Write "A:B" with numbers up to 65535, or "large:A:B:C" with numbers up to 4294967295.'
            return error(report, "community", path, value, "is not a community", fix)
        return ":".join(["large"] * large + [str(int(number)) for number in numbers])


_EXPRESSION = Struct(
    (
        Key("key", ANY_TEXT, "name of the label", required=True),
        Key("operator", Text(choices=OPERATORS), "how to compare", required=True),
        Key("values", ListOf(ANY_TEXT, least=0), "values of In and NotIn", default=[]),
    ),
    words="expression",
)
_SELECTOR = Struct(
    (
        Key("matchLabels", LABELS, "labels and their values", default={}),
        Key("matchExpressions", ListOf(_EXPRESSION, least=0), "conditions on labels", default=[]),
    ),
    words="label selector",
)


class SelectorShape(Shape):
    """A label selector, read as Selector."""

    kind = "label selector"

    def read(self, value: Any, path: str, report: Report) -> Any:
        read = _SELECTOR.read(value, path, report)
        if read is INVALID:
            return INVALID
        requirements = [Requirement(key, "In", (text,)) for key, text in sorted(read["matchLabels"].items())]
        for index, entry in enumerate(read["matchExpressions"]):
            if bool(entry["values"]) == (entry["operator"] in (EXISTS, DOES_NOT_EXIST)):
                reason = "has no values" if not entry["values"] else "has values"
                where = f"{path}.matchExpressions[{index}].values"
                fix = "Give values to In and NotIn, and none to Exists and DoesNotExist."
                return error(report, "selector", where, entry["operator"], reason, fix)
            requirements.append(Requirement(entry["key"], entry["operator"], tuple(sorted(entry["values"]))))
        return Selector(tuple(requirements))


SELECTORS = ListOf(SelectorShape(), least=0)


def is_key(value: Any) -> bool:
    """Whether it is a text of 1 to 80 octets: TCP_MD5SIG_MAXKEYLEN of Linux."""
    try:
        return isinstance(value, str) and 1 <= len(value.encode()) <= 80
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can write
        return False


def mapping(value: Any) -> Mapping[str, Any]:
    """``value`` if it is a mapping, else an empty one: for parts of objects that others own."""
    return value if isinstance(value, Mapping) else {}


def listing(value: Any) -> Sequence[Any]:
    """``value`` if it is a list, else an empty one: for parts of objects that others own."""
    return value if isinstance(value, Sequence) and not isinstance(value, (str, bytes)) else ()
