# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checked reading of the fields of one JSON object, with errors that name the place. Secrets are never repeated."""

from __future__ import annotations

from typing import Any

from ..base import addresses
from .errors import LinkError


class Fields:
    """One object: every field is taken once, ``end`` refuses what is left over."""

    def __init__(self, where: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise LinkError(f"{where}: an object is expected")
        self.where = where
        self._left = dict(value)

    def take(self, name: str, *default: Any) -> Any:
        """A field as it is; without a default it must be there."""
        if name not in self._left and not default:
            raise LinkError(f"{self.where}.{name}: is missing")
        return self._left.pop(name, *default)

    def number(self, name: str, low: int, high: int, *default: Any) -> int:
        """A whole number within bounds."""
        return within(f"{self.where}.{name}", self.take(name, *default), low, high)

    def optional_number(self, name: str, low: int, high: int) -> int | None:
        """A whole number within bounds, None where it is null or missing."""
        value = self.take(name, None)
        return None if value is None else within(f"{self.where}.{name}", value, low, high)

    def seconds(self, name: str, low: float, high: float) -> float:
        """A number of seconds within bounds."""
        value = self.take(name)
        if type(value) not in (int, float) or not low <= value <= high:
            raise LinkError(f"{self.where}.{name}: {value!r} is no number of seconds from {low} to {high}")
        return float(value)

    def flag(self, name: str, *default: Any) -> bool:
        """True or false."""
        value = self.take(name, *default)
        if not isinstance(value, bool):
            raise LinkError(f"{self.where}.{name}: {value!r} is neither true nor false")
        return value

    def address(self, name: str, *default: Any) -> bytes | None:
        """A packed address, None where null is given."""
        value = self.take(name, *default)
        return None if value is None else address(f"{self.where}.{name}", value)

    def texts(self, name: str, *default: Any) -> list[str]:
        """A list of texts."""
        value = self.take(name, *default)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise LinkError(f"{self.where}.{name}: a list of texts is expected")
        return value

    def end(self) -> None:
        """Refuses unknown fields."""
        for name in self._left:
            raise LinkError(f"{self.where}: has the unknown field {name!r}")


def within(where: str, value: Any, low: int, high: int) -> int:
    """A whole number within bounds."""
    if type(value) is not int or not low <= value <= high:  # pylint: disable=unidiomatic-typecheck
        raise LinkError(f"{where}: {value!r} is no whole number from {low} to {high}")
    return value


def fits(value: Any, most: int) -> bool:
    """Whether it is a text of one to ``most`` octets in UTF-8."""
    try:
        return isinstance(value, str) and 1 <= len(value.encode()) <= most
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can write
        return False


def address(where: str, value: Any) -> bytes:
    """A packed address."""
    if not isinstance(value, str):
        raise LinkError(f"{where}: {value!r} is not an IP address")
    try:
        return addresses.parse(value)
    except ValueError as error:
        raise LinkError(f"{where}: {value!r} {error}") from None
