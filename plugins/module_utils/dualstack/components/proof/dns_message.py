# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions of DNS and their answers (RFC 1035 section 4, RFC 3596 for AAAA), over UDP; truncated ones are refused."""

from __future__ import annotations

import ipaddress
import struct

TYPES = {"A": 1, "AAAA": 28}
_INTERNET = 1
_RECURSION_DESIRED = 0x0100
_RESPONSE, _TRUNCATED = 0x8000, 0x0200
_RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
_HEADER = struct.Struct("!HHHHHH")
_RECORD = struct.Struct("!HHIH")


class DnsError(ValueError):
    """The message is no answer to the question, or says that there is none."""


def question(number: int, name: str, record: str) -> bytes:
    """A question with the id ``number`` (16 bits) for a full name and ``A`` or ``AAAA``."""
    labels = b"".join(struct.pack("!B", len(part)) + part.encode("ascii") for part in name.rstrip(".").split("."))
    header = _HEADER.pack(number, _RECURSION_DESIRED, 1, 0, 0, 0)
    return header + labels + b"\0" + struct.pack("!HH", TYPES[record], _INTERNET)


def answers(number: int, record: str, message: bytes) -> list[str]:
    """The addresses of an answer; an empty list when the name is there without such a record.

    Raises DnsError: another id, no answer at all, an error code, truncated, or octets that can't be read.
    """
    try:
        identity, flags, questions, count, _authorities, _additional = _HEADER.unpack_from(message)
        if identity != number or not flags & _RESPONSE:
            raise DnsError("it is no answer to the question")
        code = flags & 0xF
        if code:
            raise DnsError(_RCODES.get(code, f"code {code}"))
        if flags & _TRUNCATED:
            raise DnsError("the answer is truncated")
        place = _HEADER.size
        for _unused in range(questions):
            place = _past_name(message, place) + 4
        found = []
        for _unused in range(count):
            place = _past_name(message, place)
            kind, _class, _ttl, length = _RECORD.unpack_from(message, place)
            place += _RECORD.size
            if kind == TYPES[record]:
                found.append(str(ipaddress.ip_address(message[place : place + length])))
            place += length
    except (struct.error, IndexError, ipaddress.AddressValueError, ValueError) as error:
        raise error if isinstance(error, DnsError) else DnsError("the answer can't be read") from None
    return found


def _past_name(message: bytes, place: int) -> int:
    """The octet behind a name, which may end in a pointer."""
    while message[place]:
        if message[place] & 0xC0 == 0xC0:
            return place + 2
        place += 1 + message[place]
    return place + 1
