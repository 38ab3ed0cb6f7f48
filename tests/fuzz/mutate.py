# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes octets at random: what breaks parsers is mostly a length, a type or a number at the edge of its range."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Sequence
from typing import Any

EDGES = (0, 1, 2, 3, 4, 7, 8, 16, 18, 19, 23, 24, 32, 33, 64, 127, 128, 129, 254, 255)
WIDE_EDGES = (0, 1, 19, 255, 256, 4096, 4097, 23456, 32767, 32768, 65534, 65535)


def octets(chance: random.Random, most: int) -> bytes:
    """Any octets, up to ``most``."""
    return bytes(chance.getrandbits(8) for _unused in range(chance.randint(0, most)))


def mutate(chance: random.Random, data: bytes, others: Sequence[bytes] = ()) -> bytes:
    """The same with one to four changes; ``others`` give pieces."""
    for _unused in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
        data = _change(chance, data, others)
    return data


def _change(chance: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    out = bytearray(data or b"\0")
    at = chance.randrange(len(out))
    end = min(len(out), at + chance.choice((1, 1, 2, 4, 8, 16, 64)))
    kind = chance.randrange(10)
    if kind == 0:
        out[at] ^= 1 << chance.randrange(8)
    elif kind == 1:
        out[at] = chance.choice(EDGES)
    elif kind == 2:
        out[at] = chance.getrandbits(8)
    elif kind == 3 and at + 2 <= len(out):
        number = chance.choice(
            (chance.choice(WIDE_EDGES), int.from_bytes(out[at : at + 2], "big") + chance.randint(-4, 4))
        )
        out[at : at + 2] = (number & 0xFFFF).to_bytes(2, "big")
    elif kind == 4:
        del out[at:end]
    elif kind == 5:
        out[at:at] = out[at:end] * chance.choice((1, 1, 2, 8))
    elif kind == 6:
        out[at:at] = octets(chance, 16)
    elif kind == 7:
        del out[at:]
    elif kind == 8 and others:
        other = chance.choice(others)
        start = chance.randrange(len(other) or 1)
        out[at:end] = other[start : start + chance.choice((1, 4, 16, 64))]
    else:
        out[at:end] = bytes(chance.getrandbits(8) for _unused in range(end - at))
    return bytes(out)


ODD = (
    None, True, False, 0, 1, -1, 2, 255, 256, 65535, 65536, 2**31, 2**32 - 1, 2**32, 2**63, 2**64, 10**30, 0.1,
    -0.0, 1e308,
    float("nan"), float("inf"), "", "0", "ipv4", "ipv6", "::", "0.0.0.0", "192.0.2.1", "192.0.2.1/32", "2001:db8::/32",
    "fe80::1", "fe80::1%eth0", "\u0000", "\ud800", "\u00e4" * 60, "x" * 300, [], {}, [[]], [{}], {"": None},
    "10.0.1.1/8",
    "1:1", "65536:1", "1:2:3", "internal", "external",
)  # fmt: skip


def mutate_tree(chance: random.Random, value: Any) -> Any:
    """JSON data with one to three places changed: another value, a key less, a key more, something doubled."""
    value = json.loads(json.dumps(value))
    for _unused in range(chance.choice((1, 1, 2, 3))):
        value = _change_tree(chance, value)
    return value


def _change_tree(chance: random.Random, value: Any) -> Any:
    if not isinstance(value, (dict, list)) or not value or chance.random() < 0.1:
        return odd(chance) if chance.random() < 0.8 else nested(chance)
    key = chance.choice(list(value)) if isinstance(value, dict) else chance.randrange(len(value))
    kind = chance.randrange(8)
    if kind == 0:
        del value[key]
    elif kind == 1 and isinstance(value, dict):
        value[chance.choice(["", "more", "seq", "\ud800", str(odd(chance))])] = odd(chance)
    elif kind == 1:
        value.append(copy.deepcopy(value[key]))
    elif kind == 2 and isinstance(value, dict):
        value[str(odd(chance))] = value.pop(key)
    else:
        value[key] = _change_tree(chance, value[key])
    return value


def odd(chance: random.Random) -> Any:
    """A value that does not fit."""
    return copy.deepcopy(chance.choice(ODD))


def nested(chance: random.Random) -> Any:
    """Lists in lists, deep."""
    value: Any = None
    for _unused in range(chance.choice((3, 50, 200))):
        value = [value]
    return value
