# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a BGPPeer or BGPAdvertisement says to our speaker alone: annotations, because the kinds have no field for it.

MetalLB reads none of them. Annotations are text: whole numbers in decimal digits, true or false, words with commas.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..intent.shapes import INVALID, Integer, Report, error
from .model import BGPAdvertisement, Peer

PREFIX = "baremetal.dualstack/"
NUMBERS = {  # attribute of the model: annotation, bounds
    "ttl": ("ttl", Integer(1, 255)),
    "ttl_security": ("ttl-security", Integer(1, 254)),
}
SWITCHES = {"passive": "passive"}  # attribute of the model: annotation
EXTENDED_COMMUNITIES = PREFIX + "extended-communities"
_SWITCH = {"true": True, "false": False}
_RAW = re.compile(r"0x[0-9A-Fa-f]{16}", re.ASCII)
_NAMED = re.compile(r"(?:rt|soo):([0-9.]{1,15}):([0-9]{1,10})", re.ASCII)


def annotation(attribute: str) -> str:
    """The annotation that gives an attribute of a Peer."""
    return PREFIX + (SWITCHES[attribute] if attribute in SWITCHES else NUMBERS[attribute][0])


def extended(peer: Peer, given: Mapping[str, Any], path: str, report: Report) -> Peer | None:
    """The peer with what its annotations say; None after reporting one that can't be read."""
    known = {annotation(attribute): attribute for attribute in (*NUMBERS, *SWITCHES)}
    found: dict[str, Any] = {}
    for key, value in given.items():
        if key not in known:
            continue
        attribute, where, text = known[key], f"{path}: metadata.annotations.{key}", str(value)
        if attribute in SWITCHES:
            if text not in _SWITCH:
                error(report, "syntax", where, value, "is neither true nor false", 'Write it in quotes: "true".')
                return None
            found[attribute] = _SWITCH[text]
            continue
        if not (text.isascii() and text.isdigit()):
            error(report, "syntax", where, value, "is not a whole number", 'Write digits in quotes: "1".')
            return None
        number = NUMBERS[attribute][1].read(int(text), where, report)
        if number is INVALID:
            return None
        found[attribute] = number
    if {"ttl", "ttl_security"} <= set(found):
        where = f"{path}: metadata.annotations.{annotation('ttl')}"
        error(report, "ttl", where, found["ttl"], "stands beside ttl-security, which sends 255", "Keep one of the two.")
        return None
    return replace(peer, **found)


def communities(
    advert: BGPAdvertisement, given: Mapping[str, Any], path: str, report: Report
) -> BGPAdvertisement | None:
    """The advertisement with the extended communities of its annotation; None after reporting one that is none.

    RFC 4360 sections 3 to 5, RFC 5668: the texts that the wire takes (docs/architecture.md, "speaker and wire").
    """
    found = []
    for text in str(given.get(EXTENDED_COMMUNITIES, "")).replace(",", " ").split():
        if not _is_community(text):
            fix = 'Write "rt:64512:1", "soo:64512:1", "rt:10.0.0.1:1", or 0x and 16 hexadecimal digits; commas between.'
            where = f"{path}: metadata.annotations.{EXTENDED_COMMUNITIES}"
            error(report, "community", where, text, "is no extended community", fix)
            return None
        found.append(text)
    return replace(advert, extended_communities=tuple(found))


def _is_community(text: str) -> bool:
    if _RAW.fullmatch(text):
        return True
    match = _NAMED.fullmatch(text)
    if not match:
        return False
    who, number = match.groups()
    if "." in who:
        octets = who.split(".")
        written = len(octets) == 4 and all(octet and str(int(octet)) == octet for octet in octets)
        return written and max(map(int, octets)) <= 0xFF and int(number) <= 0xFFFF
    return int(who) <= 0xFFFFFFFF and int(number) <= (0xFFFFFFFF if int(who) <= 0xFFFF else 0xFFFF)


def said(peer: Peer) -> dict[str, str]:
    """The annotations that say what the peer's fields can't."""
    values = {attribute: getattr(peer, attribute) for attribute in NUMBERS}
    numbers = {annotation(attribute): str(value) for attribute, value in values.items() if value is not None}
    return {**numbers, **{annotation(attribute): "true" for attribute in SWITCHES if getattr(peer, attribute)}}
