# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a BGPPeer says to our speaker alone: annotations, because the kind has no field for it and MetalLB reads none.

Each holds a whole number in decimal digits, as annotations are text.
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


def annotation(attribute: str) -> str:
    """The annotation that gives an attribute of a Peer."""
    return PREFIX + NUMBERS[attribute][0]


def extended(peer: Peer, given: Mapping[str, Any], path: str, report: Report) -> Peer | None:
    """The peer with what its annotations say; None after reporting one that can't be read."""
    known = {annotation(attribute): attribute for attribute in NUMBERS}
    found: dict[str, Any] = {}
    for key, value in given.items():
        if key not in known:
            continue
        where = f"{path}: metadata.annotations.{key}"
        text = str(value)
        if not (text.isascii() and text.isdigit()):
            error(report, "syntax", where, value, "is not a whole number", 'Write digits in quotes: "1".')
            return None
        number = NUMBERS[known[key]][1].read(int(text), where, report)
        if number is INVALID:
            return None
        found[known[key]] = number
    if {"ttl", "ttl_security"} <= set(found):
        where = f"{path}: metadata.annotations.{annotation('ttl')}"
        error(report, "ttl", where, found["ttl"], "stands beside ttl-security, which sends 255", "Keep one of the two.")
        return None
    return replace(peer, **found)


def said(peer: Peer) -> dict[str, str]:
    """The annotations that say what the peer's fields can't."""
    values = {attribute: getattr(peer, attribute) for attribute in NUMBERS}
    return {annotation(attribute): str(value) for attribute, value in values.items() if value is not None}
