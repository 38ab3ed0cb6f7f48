# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Extended communities as text (RFC 4360; route target and route origin also in the forms of RFC 5668).

``rt:64512:1`` and ``soo:64512:1`` with an ASN of two octets and a number of four, or with an ASN of four octets or an
IPv4 address and a number of two; ``0x`` and sixteen hexadecimal digits for every other kind.
Left out on purpose: names of more kinds, and communities of twenty octets (RFC 5701), which are another attribute.
"""

from __future__ import annotations

import re

from ..base import addresses

_KINDS = {"rt": 0x02, "soo": 0x03}  # sub-types: RFC 4360 sections 4 and 5
_NAMES = {subtype: name for name, subtype in _KINDS.items()}
_SHORT_ASN, _IPV4, _LONG_ASN = 0x00, 0x01, 0x02  # types: RFC 4360 sections 3.1 and 3.2, RFC 5668
_TEXT = re.compile(r"(rt|soo):([0-9.]{1,15}):([0-9]{1,10})", re.ASCII)
_HEX = re.compile(r"0x([0-9A-Fa-f]{16})", re.ASCII)
_FORMS = "is no extended community: rt:ASN:NUMBER, soo:ASN:NUMBER, rt:ADDRESS:NUMBER or 0x and 16 hexadecimal digits"


def parse(text: str) -> int:
    """The eight octets as a number; ValueError says what is wrong with the text."""
    raw = _HEX.fullmatch(text)
    if raw:
        return int(raw.group(1), 16)
    match = _TEXT.fullmatch(text)
    if not match:
        raise ValueError(_FORMS)
    kind, who, number = _KINDS[match.group(1)], match.group(2), int(match.group(3))
    if "." in who:
        form, packed = _IPV4, int.from_bytes(addresses.parse(who), "big")
    else:
        packed = int(who)
        form = _SHORT_ASN if packed <= 0xFFFF else _LONG_ASN
        if packed > 0xFFFFFFFF:
            raise ValueError("has an ASN above 4294967295")
    bits = 32 if form == _SHORT_ASN else 16
    if number >> bits:
        raise ValueError(f"has a number above {(1 << bits) - 1}, the highest beside this ASN or address")
    return form << 56 | kind << 48 | packed << bits | number


def show(value: int) -> str:
    """The text that ``parse`` reads as this value, with a name where there is one."""
    form, name = value >> 56, _NAMES.get(value >> 48 & 0xFF)
    text = f"0x{value:016x}"
    if name is None or form > _LONG_ASN:
        return text
    bits = 32 if form == _SHORT_ASN else 16
    who = value >> bits & (1 << 48 - bits) - 1
    if form == _LONG_ASN and who <= 0xFFFF:  # reads as the form with two octets
        return text
    return f"{name}:{addresses.show(who.to_bytes(4, 'big')) if form == _IPV4 else who}:{value & (1 << bits) - 1}"
