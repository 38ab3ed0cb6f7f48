# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a BGPPeer says to our speaker alone: annotations, because the kind has no field for it and MetalLB reads none.

Annotations are text: whole numbers in decimal digits, true or false.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..intent.shapes import INVALID, Integer, Report, error
from .model import Peer

PREFIX = "baremetal.dualstack/"
NUMBERS = {  # attribute of the model: annotation, bounds
    "ttl": ("ttl", Integer(1, 255)),
    "ttl_security": ("ttl-security", Integer(1, 254)),
}
SWITCHES = {"passive": "passive"}  # attribute of the model: annotation
_SWITCH = {"true": True, "false": False}


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


def said(peer: Peer) -> dict[str, str]:
    """The annotations that say what the peer's fields can't."""
    values = {attribute: getattr(peer, attribute) for attribute in NUMBERS}
    numbers = {annotation(attribute): str(value) for attribute, value in values.items() if value is not None}
    return {**numbers, **{annotation(attribute): "true" for attribute in SWITCHES if getattr(peer, attribute)}}
