# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Octets of BGP: captured messages, changed ones, and some made from the grammar with values at the edges."""

from __future__ import annotations

import random

from fuzz import captures, mutate
from fuzz.strict_bgp import MARKER

OPEN, UPDATE, NOTIFICATION, KEEPALIVE, REFRESH = 1, 2, 3, 4, 5
ATTRIBUTES = [*range(43), 99, 128, 255]
FAMILIES = [
    b"\0\1\1",
    b"\0\2\1",
    b"\0\1\4",
    b"\0\1\x80",
    b"\0\2\x80",
    b"\0\x19\x46",
    b"\0\1\x85",
    b"\0\x19\x41",
    b"\x40\4\x47",
]


def message(kind: int, body: bytes) -> bytes:
    """A message whose length fits."""
    return MARKER + (19 + len(body)).to_bytes(2, "big") + bytes((kind,)) + body


def stream(chance: random.Random) -> bytes:
    """One message, or what wants to be one."""
    captured = captures.items("bgp")
    kind = chance.randrange(12)
    if kind < 2:
        return chance.choice(captured)
    if kind < 6:
        old = chance.choice(captured)
        body = mutate.mutate(chance, old[19:], captured)[:4077]
        return message(old[18], body)
    if kind == 6:
        return mutate.mutate(chance, chance.choice(captured), captured)
    if kind == 7:
        return message(chance.choice((*range(7), 128, 255)), mutate.octets(chance, chance.choice((8, 40, 200))))
    if kind == 8:
        return message(UPDATE, update(chance)[:4077])
    if kind == 9:
        return message(OPEN, opening(chance))
    if kind == 10:
        return chance.choice((refusal, _refresh))(chance)
    return message(KEEPALIVE, b"")


def well_framed_update(chance: random.Random) -> bytes:
    """An UPDATE whose header is right, whatever it holds (RFC 7606: no reason to end a session)."""
    captured = [item for item in captures.items("bgp") if item[18] == UPDATE]
    kind = chance.randrange(4)
    if kind == 0:
        body = mutate.mutate(chance, chance.choice(captured)[19:], captured)
    elif kind == 1:
        body = update(chance)
    elif kind == 2:
        body = mutate.octets(chance, 200)
    else:
        body = chance.choice(captured)[19:]
    return message(UPDATE, body[:4077].ljust(4, b"\0"))


def update(chance: random.Random) -> bytes:
    """The body of an UPDATE of attributes that fit and such that don't."""
    path = b"".join(_attribute(chance) for _unused in range(chance.randint(0, 6)))
    gone = b"".join(_prefix(chance) for _unused in range(chance.choice((0, 0, 1, 5))))
    nlri = b"".join(_prefix(chance) for _unused in range(chance.choice((0, 1, 3))))
    sizes = [len(gone), len(path)]
    if chance.random() < 0.2:
        sizes[chance.randrange(2)] = chance.choice(mutate.WIDE_EDGES)
    return sizes[0].to_bytes(2, "big") + gone + sizes[1].to_bytes(2, "big") + path + nlri


def _attribute(chance: random.Random) -> bytes:
    code = chance.choice(ATTRIBUTES)
    flags = chance.choice((0x40, 0x80, 0xC0, 0x50, 0x90, 0xD0, 0xE0, 0, 0xFF))
    if code in (14, 15):
        hop = chance.choice((0, 4, 16, 24, 32, 48, 255))
        value = chance.choice(FAMILIES) + (bytes((hop,)) + bytes(min(hop, 32)) + b"\0" if code == 14 else b"")
        value += b"".join(_prefix(chance) for _unused in range(chance.randint(0, 4)))
    elif code in (2, 17):
        segments = chance.randint(0, 3)
        value = b""
        for _unused in range(segments):
            count = chance.choice((0, 1, 2, 3, 255))
            value += bytes((chance.choice((0, 1, 2, 3, 4, 5)), count)) + mutate.octets(chance, 4 * min(count, 8))
    else:
        value = mutate.octets(chance, chance.choice((0, 1, 4, 8, 12, 300)))
    length = len(value) if chance.random() < 0.9 else chance.choice(mutate.WIDE_EDGES)
    if flags & 0x10:
        return bytes((flags, code)) + (length & 0xFFFF).to_bytes(2, "big") + value
    return bytes((flags, code, length & 0xFF)) + value


def _prefix(chance: random.Random) -> bytes:
    bits = chance.choice((0, 1, 8, 24, 25, 32, 33, 48, 64, 128, 129, 255))
    size = min((bits + 7) // 8, 16)
    return bytes((bits,)) + bytes(chance.getrandbits(8) for _unused in range(size))


def opening(chance: random.Random, asn: int = 64500) -> bytes:
    """The body of an OPEN."""
    items = b"".join(_capability(chance, asn) for _unused in range(chance.randint(0, 8)))
    if chance.random() < 0.7:
        items += b"\1\4\0\1\0\1" + b"\1\4\0\2\0\1"
    head = bytes((chance.choice((4, 4, 4, 4, 4, 4, 3, 5, 0)),))
    head += chance.choice((asn, asn, asn, 23456, 0, 65535)).to_bytes(2, "big")
    head += chance.choice((9, 90, 180, 3, 0, 0, 1, 2, 65535)).to_bytes(2, "big")
    head += chance.choice((b"\x0a\0\1\1", b"\x0a\0\1\1", b"\x0a\0\1\x0b", bytes(4), b"\xff" * 4))
    return head + _parameters(chance, items)


def good_open(chance: random.Random, asn: int) -> bytes:
    """An OPEN that can be taken, of many kinds: captured ones with another ASN, and made ones."""
    if chance.random() < 0.5:
        fitting = [item for item in captures.items("bgp") if item[18] == OPEN and b"\x41\4\0\0\xfb\xf4" in item]
        if fitting:
            body = bytearray(chance.choice(fitting)[19:])
            body[5:9] = b"\x0a\0\1\1"
            body[1:3] = (asn if asn < 65536 else 23456).to_bytes(2, "big")
            return message(OPEN, bytes(body).replace(b"\x41\4\0\0\xfb\xf4", b"\x41\4" + asn.to_bytes(4, "big")))
    return plain_open(chance, asn)


def plain_open(chance: random.Random, asn: int) -> bytes:
    """An OPEN of a peer that carries both families."""
    items = b"\1\4\0\1\0\1\1\4\0\2\0\1\2\0\x46\0" + b"\5\6\0\1\0\1\0\2"
    items += chance.choice((b"", b"\x40\x0a\x40\x78\0\1\1\x80\0\2\1\x80"))
    items += b"\x41\4" + asn.to_bytes(4, "big") if asn > 65535 or chance.random() < 0.7 else b""
    head = b"\4" + (asn if asn < 65536 else 23456).to_bytes(2, "big") + chance.choice((b"\0\x09", b"\0\0", b"\0\x5a"))
    return message(OPEN, head + b"\x0a\0\1\1" + bytes((len(items) + 2, 2, len(items))) + items)


def _parameters(chance: random.Random, items: bytes) -> bytes:
    form = chance.randrange(8)
    kind = 2 if chance.random() < 0.95 else chance.choice((0, 1, 3, 255))
    if form == 0:  # RFC 9072
        block = bytes((kind,)) + len(items).to_bytes(2, "big") + items
        return b"\xff\xff" + len(block).to_bytes(2, "big") + block
    if form == 1:
        return mutate.octets(chance, 40)
    block = bytes((kind, len(items) & 0xFF)) + items if items or form == 2 else b""
    length = len(block) & 0xFF if form != 3 else chance.choice(mutate.EDGES)
    return bytes((length,)) + block


def _capability(chance: random.Random, asn: int) -> bytes:
    code = chance.choice((1, 1, 2, 5, 6, 8, 9, 64, 65, 65, 69, 70, 71, 73, 75, 128, 131, 255))
    family = chance.choice(FAMILIES)
    value = {
        1: family[:2] + b"\0" + family[2:],
        5: family[:2] + b"\0" + family[2:] + b"\0\2",
        64: chance.choice((b"\x40\x78", b"\x80\x78", b"\xc0\0", b"\0")) + family + b"\x80",
        65: chance.choice((asn, asn, asn, 0, 23456, 4200000001)).to_bytes(4, "big"),
        69: family + b"\3",
    }.get(code, b"" if chance.random() < 0.7 else mutate.octets(chance, 12))
    if chance.random() < 0.1:
        value = mutate.mutate(chance, value)[:255]
    length = len(value) if chance.random() < 0.97 else chance.choice(mutate.EDGES)
    return bytes((code, length)) + value


def refusal(chance: random.Random) -> bytes:
    """A NOTIFICATION."""
    data = chance.choice(
        (b"", b"\6\2\5later", b"\5later", b"\xff", b"\x46\0", b"\1\4\0\2\0\1", b"\x41\4", b"\2\0\x40\0")
    )
    if chance.random() < 0.3:
        data = mutate.octets(chance, 40)
    code = chance.choice(((2, 7), (2, 7), (2, 4), (chance.randrange(10), chance.randrange(12))))
    return message(NOTIFICATION, bytes(code) + data)


def _refresh(chance: random.Random) -> bytes:
    family = chance.choice(FAMILIES)
    body = family[:2] + bytes((chance.choice((0, 0, 1, 2, 3, 255)),)) + family[2:]
    return message(REFRESH, body + (mutate.octets(chance, 30) if chance.random() < 0.2 else b""))
