# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Octets in, whole messages out; header checks of RFC 4271 section 6.1."""

from __future__ import annotations

from . import iana
from .errors import SessionError

_LENGTHS = {
    iana.OPEN: (29, iana.MAX_LENGTH),
    iana.UPDATE: (23, iana.MAX_LENGTH),
    iana.NOTIFICATION: (21, iana.MAX_LENGTH),
    iana.KEEPALIVE: (19, 19),
    iana.ROUTE_REFRESH: (23, iana.MAX_LENGTH),
}


class Framer:
    """Cuts a stream into messages. It holds less than one message beyond what was fed last."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """Adds octets as they arrived."""
        self._buffer += data

    @property
    def rest(self) -> bytes:
        """What is left: less than one message once all were taken."""
        return bytes(self._buffer)

    def take(self) -> tuple[int, bytes] | None:
        """The next whole message as (type, body), None when more octets are needed; SessionError on a bad header."""
        buffer = self._buffer
        if len(buffer) < iana.HEADER_LENGTH:
            return None
        if not buffer.startswith(iana.MARKER):
            raise SessionError(iana.HEADER_ERROR, iana.NOT_SYNCHRONIZED, "received a header without the marker of BGP")
        length, kind = buffer[16] << 8 | buffer[17], buffer[18]
        bounds = _LENGTHS.get(kind)
        if bounds is None:
            text = f"received a message of the unknown type {kind}"
            raise SessionError(iana.HEADER_ERROR, iana.BAD_TYPE, text, bytes((kind,)))
        if not bounds[0] <= length <= bounds[1]:
            text = f"received a message of type {kind} with the bad length {length}"
            raise SessionError(iana.HEADER_ERROR, iana.BAD_LENGTH, text, bytes(buffer[16:18]))
        if len(buffer) < length:
            return None
        body = bytes(buffer[iana.HEADER_LENGTH : length])
        del buffer[:length]
        return kind, body


def message(kind: int, body: bytes = b"") -> bytes:
    """A whole message (RFC 4271 section 4.1)."""
    return iana.MARKER + (iana.HEADER_LENGTH + len(body)).to_bytes(2, "big") + bytes((kind,)) + body
