# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second reader of BGP, written from the RFCs alone, without code of the product.

What we send must be right to the last bit, and what a peer sends has one right answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

MARKER = b"\xff" * 16
LENGTHS = {1: (29, 4096), 2: (23, 4096), 3: (21, 4096), 4: (19, 19), 5: (23, 4096)}
# code: subcodes that may be sent (RFC 4271 section 4.5, 5492, 6608, 7313, 9687; Cease: 4486, 8538, 9384)
NOTIFICATIONS = {
    1: {1, 2, 3},
    2: {0, 1, 2, 3, 4, 6, 7},
    4: {0},
    5: {1, 2, 3},
    6: {2, 3, 4, 6, 7, 9, 10},
    7: {1},
    8: {0},
}
FAMILIES = {(1, 1): "ipv4", (2, 1): "ipv6"}


class Wrong(AssertionError):
    """Not what the RFCs say."""


def need(true: object, what: str) -> None:
    """Wrong unless it is true."""
    if not true:
        raise Wrong(what)


def cut(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Types and bodies of messages that follow each other without a rest."""
    while data:
        need(data.startswith(MARKER), "marker")
        need(len(data) >= 19, "header")
        length, kind = int.from_bytes(data[16:18], "big"), data[18]
        need(kind in LENGTHS and LENGTHS[kind][0] <= length <= LENGTHS[kind][1], f"length {length} of type {kind}")
        need(len(data) >= length, "a message that ends too early")
        yield kind, data[19:length]
        data = data[length:]


class Greeting(NamedTuple):
    """An OPEN."""

    asn: int
    hold_time: int
    identifier: bytes
    capabilities: list[tuple[int, bytes]]


def greeting(body: bytes) -> Greeting:
    """An OPEN that we send (RFC 4271 section 4.2, 5492 section 4)."""
    need(body[0] == 4, "version")
    hold = int.from_bytes(body[3:5], "big")
    need(hold == 0 or hold >= 3, "hold time")
    need(any(body[5:9]), "identifier (RFC 6286)")
    need(body[9] == len(body) - 10, "length of the parameters")
    rest, found = body[10:], []
    while rest:
        need(rest[0] == 2 and len(rest) >= 2 and len(rest) >= 2 + rest[1], "a parameter that is no capability")
        block, rest = rest[2 : 2 + rest[1]], rest[2 + rest[1] :]
        while block:
            need(len(block) >= 2 and len(block) >= 2 + block[1], "a capability that is cut")
            found.append((block[0], block[2 : 2 + block[1]]))
            block = block[2 + block[1] :]
    asn = int.from_bytes(body[1:3], "big")
    wide = [value for code, value in found if code == 65]
    need(len(wide) <= 1 and all(len(value) == 4 for value in wide), "ASN of four octets")
    if wide:
        whole = int.from_bytes(wide[0], "big")
        need(asn == (whole if whole < 65536 else 23456), "AS_TRANS where the ASN is larger (RFC 6793)")
        asn = whole
    need(asn, "ASN 0 (RFC 7607)")
    for code, value in found:
        need(code != 1 or (len(value) == 4 and value[2] == 0), "multiprotocol")
        need(code not in (2, 70) or not value, "route refresh")
        need(code != 64 or (len(value) % 4 == 2), "graceful restart")
        need(code != 5 or len(value) % 6 == 0, "next hops")
    need(sum(code == 64 for code, _value in found) <= 1, "one graceful restart (RFC 4724 section 3)")
    return Greeting(asn, hold, body[5:9], found)


class Agreed(NamedTuple):
    """What two OPENs agree on."""

    families: frozenset[str]
    wide: bool
    marks: bool
    next_hops: bool


def agreed(ours: Greeting, theirs: list[tuple[int, bytes]]) -> Agreed:
    """RFC 4760 section 8, 6793 section 4.1, 7313 section 3.1, 8950 section 4."""
    sides = (ours.capabilities, theirs)
    families = []
    for side in sides:
        found = [value for code, value in side if code == 1]
        named = {FAMILIES.get((value[0] << 8 | value[1], value[3])) for value in found if len(value) >= 4}
        families.append({name for name in named if name} if found else {"ipv4"})
    both = {code for code, _value in sides[0]} & {code for code, _value in sides[1]}
    hops = [any(code == 5 and b"\0\1\0\1\0\2" in _sixes(value) for code, value in side) for side in sides]
    return Agreed(frozenset(families[0] & families[1]), 65 in both, 70 in both, all(hops))


def _sixes(value: bytes) -> list[bytes]:
    return [value[at : at + 6] for at in range(0, len(value), 6)]


def capabilities(body: bytes) -> list[tuple[int, bytes]] | None:
    """The capabilities of a received OPEN, also in the form of RFC 9072; None when they are broken."""
    rest = body[10:]
    octets = 1
    if body[9] == 255 and rest[:1] == b"\xff":
        octets, length, rest = 2, int.from_bytes(rest[1:3], "big") if len(rest) >= 3 else -1, rest[3:]
    else:
        length = body[9]
    if length != len(rest):
        return None
    found = []
    while rest:
        size = int.from_bytes(rest[1 : 1 + octets], "big")
        if rest[0] != 2 or len(rest) < 1 + octets + size:
            return None
        block, rest = rest[1 + octets : 1 + octets + size], rest[1 + octets + size :]
        while block:
            if len(block) < 2 or len(block) < 2 + block[1]:
                return None
            found.append((block[0], block[2 : 2 + block[1]]))
            block = block[2 + block[1] :]
    least = {1: 4, 64: 2, 65: 4}
    if any(len(value) < least.get(code, 0) or (code == 5 and len(value) % 6) for code, value in found):
        return None
    return found


class Update(NamedTuple):
    """What an UPDATE does."""

    announced: list[tuple[str, bytes]]
    withdrawn: list[tuple[str, bytes]]
    end_of_rib: str | None


def update(body: bytes, internal: bool, asn: int, agreement: Agreed) -> Update:
    """An UPDATE that we send: RFC 4271 sections 4.3 and 5, 4760, 6793, 7606 section 5.1, 1997, 4360, 8092."""
    size = int.from_bytes(body[:2], "big")
    need(len(body) >= 4 + size, "withdrawn routes")
    gone, rest = body[2 : 2 + size], body[2 + size :]
    size = int.from_bytes(rest[:2], "big")
    need(len(rest) >= 2 + size, "attributes")
    path, nlri = rest[2 : 2 + size], rest[2 + size :]
    found: dict[int, bytes] = {}
    first = path[1] if path else 0
    while path:
        need(len(path) >= 3, "an attribute that is cut")
        flags, code = path[0], path[1]
        need(not flags & 0x0F, "unused flags")
        start = 4 if flags & 0x10 else 3
        length = int.from_bytes(path[2:start], "big")
        need(bool(flags & 0x10) == (length > 255), "extended length where it is needed alone")
        need(len(path) >= start + length, "the length of an attribute")
        wanted = {1: 0x40, 2: 0x40, 3: 0x40, 5: 0x40, 8: 0xC0, 14: 0x80, 15: 0x80, 16: 0xC0, 17: 0xC0, 32: 0xC0}
        need(code in wanted and flags & 0xE0 == wanted[code], f"flags {flags:02x} of attribute {code}")
        need(code not in found, "an attribute twice")
        found[code] = path[start : start + length]
        path = path[start + length :]
    for code in (14, 15):
        need(code not in found or first == code, "RFC 7606 section 5.1: MP attributes first")
    announced = [("ipv4", item) for item in prefixes(nlri, 32)]
    withdrawn = [("ipv4", item) for item in prefixes(gone, 32)]
    end = None if body != bytes(4) else "ipv4"
    if 14 in found:
        family, items = _reach(found[14], agreement)
        announced += [(family, item) for item in items]
    if 15 in found:
        value = found[15]
        need(len(value) >= 3 and (value[0] << 8 | value[1], value[2]) in FAMILIES, "family of MP_UNREACH")
        family = FAMILIES[value[0] << 8 | value[1], value[2]]
        items = list(prefixes(value[3:], 32 if family == "ipv4" else 128))
        withdrawn += [(family, item) for item in items]
        end = family if not items else end
    kinds = sum((bool(nlri), bool(gone), 14 in found, 15 in found))
    need(kinds == 1 or (kinds == 0 and end == "ipv4"), "RFC 7606 section 5.1: one kind of routes in a message")
    families = {family for family, _item in announced + withdrawn} | ({end} if end else set())
    need(families <= agreement.families, f"{families} without agreement")
    if announced:
        _announcing(found, bool(nlri), internal, asn, agreement)
    else:
        need(set(found) <= {15}, "attributes without routes")
    return Update(announced, withdrawn, end)


def _reach(value: bytes, agreement: Agreed) -> tuple[str, list[bytes]]:
    need(len(value) >= 5 and (value[0] << 8 | value[1], value[2]) in FAMILIES, "family of MP_REACH")
    family = FAMILIES[value[0] << 8 | value[1], value[2]]
    length = value[3]
    need(length in (16, 32), "next hop of 16 or 32 octets")
    need(family == "ipv6" or agreement.next_hops, "an IPv6 next hop for IPv4 (RFC 8950) without agreement")
    need(any(value[4 : 4 + length]), "next hop ::")
    need(length == 16 or value[20:22] == b"\xfe\x80", "the second next hop is link-local (RFC 2545)")
    need(value[4 + length] == 0, "the reserved octet (RFC 4760 section 3)")
    items = list(prefixes(value[5 + length :], 32 if family == "ipv4" else 128))
    need(items, "MP_REACH without routes")
    return family, items


def _announcing(found: dict[int, bytes], classic: bool, internal: bool, asn: int, agreement: Agreed) -> None:
    need(found.get(1) == b"\0", "ORIGIN IGP")
    need((3 in found) == classic, "NEXT_HOP where NLRI is in the classic field")
    need(not classic or (len(found[3]) == 4 and any(found[3])), "NEXT_HOP")
    need((5 in found) == internal, "LOCAL_PREF to iBGP alone (RFC 4271 section 5.1.5)")
    path = found.get(2)
    need(path is not None, "AS_PATH")
    if internal:
        need(path == b"", "AS_PATH to iBGP is empty")
    else:
        octets = 4 if agreement.wide else 2
        number = asn if agreement.wide or asn < 65536 else 23456
        need(path == b"\x02\x01" + number.to_bytes(octets, "big"), "AS_PATH to eBGP is our ASN")
    as4 = not internal and not agreement.wide and asn > 65535
    need((17 in found) == as4, "AS4_PATH")
    need(not as4 or found[17] == b"\x02\x01" + asn.to_bytes(4, "big"), "AS4_PATH is our ASN")
    for code, size in ((8, 4), (16, 8), (32, 12)):
        need(code not in found or (found[code] and len(found[code]) % size == 0), f"attribute {code}")
    kinds = found.get(16, b"")[::8]
    need(internal or not any(kind & 0x40 for kind in kinds), "RFC 4360 section 6: not transitive, to eBGP")


def prefixes(data: bytes, most: int) -> Iterator[bytes]:
    """NLRI without bits behind its length."""
    while data:
        bits = data[0]
        size = (bits + 7) // 8
        need(bits <= most and len(data) > size, "a prefix")
        spare = size * 8 - bits
        need(not spare or not data[size] & ((1 << spare) - 1), "bits behind the length of a prefix")
        yield data[: 1 + size]
        data = data[1 + size :]


def mark(body: bytes, agreement: Agreed) -> None:
    """A ROUTE-REFRESH of ours: only marks, and only where both sides have them (RFC 7313)."""
    need(len(body) == 4 and agreement.marks, "marks without agreement")
    need(body[2] in (1, 2) and FAMILIES.get((body[0] << 8 | body[1], body[3])) in agreement.families, "a mark")


def notification(body: bytes) -> tuple[int, int]:
    """A NOTIFICATION that we send; its code and subcode."""
    code, subcode, data = body[0], body[1], body[2:]
    need(subcode in NOTIFICATIONS.get(code, ()), f"NOTIFICATION {code}/{subcode}")
    if (code, subcode) == (6, 9):
        need(len(data) >= 2 and data[0] == 6 and data[1] != 9, "a hard reset names its reason (RFC 8538)")
        subcode, data = data[1], data[2:]
    if code == 6 and subcode in (2, 4) and data:
        need(data[0] == len(data) - 1, "the length of the reason (RFC 9003)")
        data[1:].decode("utf-8")
    return body[0], body[1]


def header(data: bytes) -> tuple[tuple[int, int], ...] | None:
    """With which errors a stream that begins so may be refused; None when its header is good or not there yet."""
    if len(data) < 19:
        return None
    if not data.startswith(MARKER):
        return ((1, 1),)
    length, kind = int.from_bytes(data[16:18], "big"), data[18]
    if kind not in LENGTHS:
        return ((1, 3), (1, 2)) if not 19 <= length <= 4096 else ((1, 3),)
    return None if LENGTHS[kind][0] <= length <= LENGTHS[kind][1] else ((1, 2),)
