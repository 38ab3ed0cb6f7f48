# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures and names in the words of people who run a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..addresses.blocks import FAMILY_NAME
from .parts import Code, Inline, Lines, Link, Span, commas, lines, span

NONE = "–"
_LARGE = 1_000_000
_TYPES = {"ebgp": "eBGP", "ibgp": "iBGP"}


def count(number: int, one: str, many: str = "") -> str:
    """``1 node``, ``1,200 nodes``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def quantity(number: int) -> str:
    """A number exactly, and one that nobody can read also as a power: ``65,536``, ``18,446,… (2^64)``."""
    text = f"{number:,}"
    if number < _LARGE:
        return text
    if number & (number - 1) == 0:
        return f"{text} (2^{number.bit_length() - 1})"
    digits = str(number)
    return f"{text} (about {digits[0]}.{digits[1]} × 10^{len(digits) - 1})"


def share(part: int, whole: int) -> str:
    """How much of the whole, in percent with one decimal, rounded up so that full means full and 0 means none."""
    if not whole:
        return NONE
    tenths = -(-part * 1000 // whole)
    if part and tenths <= 1 and part * 1000 != whole:
        return "less than 0.1 %"
    if part < whole:
        tenths = min(tenths, 999)
    return f"{tenths // 10}.{tenths % 10} %" if tenths % 10 else f"{tenths // 10} %"


def listed(names: Sequence[str], most: int = 12) -> Inline:
    """Names as code with commas; of more than ``most`` the first ones and how many there are."""
    if len(names) <= most:
        return commas([Code(name) for name in names]) if names else "none"
    shown = names[: most - 2]
    return span(commas([Code(name) for name in shown]), f" and {len(names) - len(shown):,} more")


def asn(number: int | None) -> str:
    """An ASN, or that there is none to name."""
    return "any" if number is None else str(number) if number else NONE


def families(names: Sequence[str]) -> str:
    """``IPv4, IPv6``."""
    return ", ".join(FAMILY_NAME[name] for name in names)


def addresses(found: Mapping[str, str]) -> Inline:
    """Addresses or networks, one family below the other."""
    return lines([Code(text) for text in found.values()]) if found else NONE


def session_type(session: Mapping[str, Any]) -> str:
    """``eBGP``, ``iBGP``, and which end reflects."""
    reflector = session["reflector"]
    return _TYPES[session["type"]] + (f", {reflector} reflects" if reflector else "")


def end_address(end: Mapping[str, Any]) -> Inline:
    """The address of a session's end; of an unnumbered one the interface whose link-local address it is."""
    if end["address"] is not None:
        return Code(end["address"])
    return span("link-local on ", Code(end["interface"])) if end["interface"] else "link-local"


def router_link(name: str) -> Link:
    """A link to what a router holds."""
    return Link(name, router_anchor(name))


def router_anchor(name: str) -> str:
    """The place of a router's own section."""
    return f"router-{name}"


def text_of(inline: Inline) -> str:
    """The mere text."""
    if isinstance(inline, Link):
        return inline.text
    if isinstance(inline, (Span, Lines)):
        return ("\n" if isinstance(inline, Lines) else "").join(map(text_of, inline.pieces))
    return str(inline)
