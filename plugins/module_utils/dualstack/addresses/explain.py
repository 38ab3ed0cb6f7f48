# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a text is no address, in words that say what to write instead. Called only after parsing has failed."""

from __future__ import annotations

import string

_HEXADECIMAL = set(string.hexdigits)
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212"


def address_problem(text: str, fallback: str) -> str:
    """The reason and the fix for ``text``, which is no address; ``fallback`` where nothing better is known."""
    if not text:
        return "it is empty; write an address, a CIDR or a range first-last"
    if any(dash in text for dash in _DASHES):
        return "it holds a long dash; write a plain hyphen (-)"
    if text[0] in "[({" or text[-1] in "])}":
        return "it stands in brackets; write it without"
    if any(char.isspace() for char in text):
        return "it holds a space; put a comma or a line break between entries"
    if "/" in text:
        return "it has a prefix length; write the address alone"
    if ":" in text:
        return _ipv6_problem(text) or fallback
    return _ipv4_problem(text) or fallback


def shown(value: object) -> str:
    """The value for a message, shortened. Python refuses to write out numbers of thousands of digits."""
    if isinstance(value, int) and value.bit_length() > 256:
        return f"a number of {value.bit_length()} bits"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def range_end_problem(first: str, last: str) -> str | None:
    """What is wrong with a range whose end is shortened, as in ``10.0.0.1-50``, or None."""
    for separator, digits in (":", _HEXADECIMAL), (".", set(string.digits)):
        if separator in first:
            shortened = bool(last) and separator not in last and set(last) <= digits
            full = f"{first.rpartition(separator)[0]}{separator}{last}"
            return f"write the end in full: {first}-{full}" if shortened else None
    return None


def prefix_length_of_mask(mask: str) -> int | None:
    """The prefix length of a netmask such as 255.255.255.0, or None for anything else."""
    parts = mask.split(".")
    if len(parts) != 4 or not all(part.isascii() and part.isdigit() and len(part) <= 3 for part in parts):
        return None
    bits = "".join(f"{int(part):08b}" for part in parts)
    return len(bits.rstrip("0")) if len(bits) == 32 and "01" not in bits else None


def _ipv6_problem(text: str) -> str | None:
    groups = text.split(":")
    for number, group in enumerate(groups, start=1):
        bad = next((char for char in group if char not in _HEXADECIMAL and char != "."), None)
        if bad is not None:
            return f"group {number} ({group!r}) holds {bad!r}; IPv6 groups are hexadecimal digits"
        if len(group) > 4 and "." not in group:
            return f"group {number} ({group!r}) has {len(group)} digits; a group has at most 4"
    if ":::" in text or text.count("::") > 1:
        return "'::' may stand for zeros only once; write the other zeros"
    wanted = 7 if "." in groups[-1] else 8
    if "::" not in text and len(groups) < wanted:
        return f"it has {len(groups)} groups; write all {wanted}, or '::' for the zeros"
    if len([group for group in groups if group]) >= wanted:
        return f"it has too many groups; an IPv6 address has {wanted}"
    return None


def _ipv4_problem(text: str) -> str | None:
    parts = text.split(".")
    if any(char.isalpha() for char in text):
        return "it looks like a name; write the address itself"
    if "*" in text:
        return "it holds '*'; write a CIDR or a range first-last"
    for number, part in enumerate(parts, start=1):
        if not (part.isascii() and part.isdigit()):
            return f"part {number} is {part!r}; the 4 parts of an IPv4 address are decimal numbers"
    if len(parts) != 4:
        return f"it has {len(parts)} part{'s' if len(parts) > 1 else ''}; an IPv4 address has 4"
    for number, part in enumerate(parts, start=1):
        if len(part) > 1 and part.startswith("0"):
            return "a part has a leading zero (decimal or octal?); write it without"
        if len(part) > 3 or int(part) > 255:
            return f"part {number} is {part}; the largest is 255"
    return None
