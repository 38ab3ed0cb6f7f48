# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Router solicitations and advertisements: the ICMPv6 message, read with every check of RFC 4861, and written.

The kernel keeps the checksum of raw ICMPv6 sockets (RFC 3542 section 3.1), so it is neither checked nor made here.
"""

from __future__ import annotations

from typing import NamedTuple, Union

from ..base.addresses import link_local
from ..base.codec import Reader, Short

SOLICITATION, ADVERTISEMENT = 133, 134
ALL_NODES = bytes.fromhex("ff020000000000000000000000000001")
ALL_ROUTERS = bytes.fromhex("ff020000000000000000000000000002")
_HOPS = 255  # nothing from beyond the link arrives with it
_SOURCE_LINK_LAYER, _INTERVAL = 1, 7  # options (RFC 4861 section 4.6.1, RFC 6275 section 7.3)
_UNSPECIFIED = bytes(16)


class BadMessage(ValueError):
    """A message to be dropped without a word, and why."""


class Solicitation(NamedTuple):
    """Somebody asks for routers; ``mac``: of the sender, None where it does not say."""

    source: bytes
    mac: bytes | None


class Advertisement(NamedTuple):
    """A router says that it is there. ``lifetime``: seconds as a default router, 0 when it is none.

    ``mac``: None where it does not say. ``interval``: most seconds to its next one, None where it does not say.
    """

    source: bytes
    lifetime: int
    mac: bytes | None
    interval: float | None


Message = Union[Solicitation, Advertisement]


def decode(data: bytes, source: bytes, hops: int | None) -> Message:
    """A message from ``source`` that arrived with this hop limit; BadMessage when RFC 4861 has it dropped.

    Checks: section 6.1.1 for solicitations, 6.1.2 for advertisements.
    """
    if hops != _HOPS:
        raise BadMessage(f"hop limit {hops} instead of {_HOPS}")
    reader = Reader(data)
    try:
        kind, code = reader.number(1), reader.number(1)
        if kind not in (SOLICITATION, ADVERTISEMENT) or code:
            raise BadMessage(f"type {kind}, code {code}")
        reader.take(2)
        return _solicitation(reader, source) if kind == SOLICITATION else _advertisement(reader, source)
    except Short as error:
        raise BadMessage(str(error)) from None


def solicitation(mac: bytes) -> bytes:
    """Our question (section 4.1), for a source that is not ``::``."""
    return bytes((SOLICITATION, 0, 0, 0)) + bytes(4) + _link_layer(mac)


def advertisement(mac: bytes) -> bytes:
    """That we are there, as no default router (section 4.2): hop limit, times and lifetime are unspecified."""
    return bytes((ADVERTISEMENT, 0, 0, 0)) + bytes(12) + _link_layer(mac)


def _solicitation(reader: Reader, source: bytes) -> Solicitation:
    reader.take(4)
    options = _options(reader)
    mac = options.get(_SOURCE_LINK_LAYER)
    if source == _UNSPECIFIED and mac is not None:
        raise BadMessage("a source link-layer address without a source")
    return Solicitation(source, mac)


def _advertisement(reader: Reader, source: bytes) -> Advertisement:
    if not link_local(source):
        raise BadMessage("the source is not link-local")
    reader.take(2)
    lifetime = reader.number(2)
    reader.take(8)
    options = _options(reader)
    interval = options.get(_INTERVAL)
    milliseconds = int.from_bytes(interval[2:6], "big") if interval is not None else 0
    return Advertisement(source, lifetime, options.get(_SOURCE_LINK_LAYER), milliseconds / 1000.0 or None)


def _options(reader: Reader) -> dict[int, bytes]:
    """The first option of each type that has the length of Ethernet's (RFC 2464 section 6); others are passed over."""
    found: dict[int, bytes] = {}
    while reader.left:
        kind, units = reader.number(1), reader.number(1)
        if units == 0:
            raise BadMessage("an option of length 0")
        value = reader.take(units * 8 - 2)
        if units == 1:
            found.setdefault(kind, value)
    return found


def _link_layer(mac: bytes) -> bytes:
    """The option that tells our address, where it is Ethernet's; nothing on other links."""
    return bytes((_SOURCE_LINK_LAYER, 1)) + mac if len(mac) == 6 else b""
