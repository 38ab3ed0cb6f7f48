# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes of addresses, CIDRs and ranges, alone and one per family."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

from ...addresses import blocks
from ...addresses.blocks import AddressError
from .base import INVALID, JsonSchema, Report, Shape, error, wrong_type
from .containers import ListOf
from .scalars import text_like

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
_IPV6 = f"(?:[0-9A-Fa-f]{{0,4}}:){{2,8}}(?:[0-9A-Fa-f]{{0,4}}|{_IPV4})"
_ADDRESS = f"(?:{_IPV4}|{_IPV6})"
_CIDR = f"(?:{_IPV4}\\s*/0{{0,2}}(?:3[0-2]|[12]?[0-9])|{_IPV6}\\s*/0{{0,2}}(?:12[0-8]|1[01][0-9]|[1-9]?[0-9]))"


@dataclass(frozen=True)
class AddressShape(Shape):
    """Text of one address, CIDR (``network``) or any block, written back canonically.

    ``pattern`` is what editors know of it: it accepts all that is right, and IPv6 text that only looks right.
    """

    words: str
    parse: Callable[[str], blocks.Block]
    show: Callable[[blocks.Block, str], str]
    pattern: str

    @property
    def kind(self) -> str:
        return self.words

    def read(self, value: Any, path: str, report: Report) -> Any:
        if not isinstance(value, str):
            return wrong_type(report, path, value, self.kind, "Put it in quotes.")
        try:
            return self.show(self.parse(value), value)
        except AddressError as problem:
            return error(report, "address-syntax", path, value, str(problem), f"Write {self.kind}.")

    def json_schema(self) -> JsonSchema:
        return text_like(rf"\s*{self.pattern}\s*", self.kind)


def _as_address(block: blocks.Block, text: str) -> str:
    del text
    return blocks.address_text(block.family, block.first)


def _as_cidr(block: blocks.Block, text: str) -> str:
    del text
    return str(block)


def _as_written(block: blocks.Block, text: str) -> str:
    return blocks.range_text(block) if "-" in text else str(block)


ADDRESS = AddressShape("an IPv4 or IPv6 address", blocks.parse_address, _as_address, _ADDRESS)
NETWORK = AddressShape("a CIDR", blocks.parse_network, _as_cidr, _CIDR)
BLOCK = AddressShape(
    "a CIDR or a range first-last",
    blocks.parse,
    _as_written,
    rf"(?:{_CIDR}|{_ADDRESS}|{_IPV4}\s*-\s*{_IPV4}|{_IPV6}\s*-\s*{_IPV6})",
)


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
                reason = f"a second {blocks.FAMILY_NAME[family]} entry beside {found[family]}"
                return error(report, "family-twice", path, text, reason, "Give one per family.")
            found[family] = text
        return found

    def json_schema(self) -> JsonSchema:
        one_each = [{"contains": {"pattern": ":"}}, {"contains": {"not": {"pattern": ":"}}}]
        several = {**ListOf(self.item, most=2).json_schema(), "anyOf": [{"maxItems": 1}, {"allOf": one_each}]}
        return {"anyOf": [several, self.item.json_schema()]}
