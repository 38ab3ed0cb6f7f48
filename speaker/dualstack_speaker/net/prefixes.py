# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prefixes by the C library: the same as ``base.addresses`` reads and writes, several times as fast for hosts."""

from __future__ import annotations

import socket

from ..base import addresses

_HOST_IPV4, _HOST_IPV6 = bytes((4, 32)), bytes((6, 128))


def parse_prefix(text: str) -> bytes:
    """The prefix key of ``address/length``; ValueError when it is no prefix or has bits behind its length."""
    address, _unused, length = text.partition("/")
    try:
        if length == "32" and ":" not in address:
            return _HOST_IPV4 + socket.inet_pton(socket.AF_INET, address)
        if length == "128":
            return _HOST_IPV6 + socket.inet_pton(socket.AF_INET6, address)
    except (OSError, ValueError):
        pass  # the other one has words for it
    return addresses.parse_prefix(text)


def show_prefix(key: bytes) -> str:
    """The text of a prefix key."""
    if key[1] == (32 if key[0] == 4 else 128):
        return f"{show(key[2:])}/{key[1]}"
    return addresses.show_prefix(key)


def show(packed: bytes) -> str:
    """The text of an address."""
    if len(packed) == 4:
        return socket.inet_ntop(socket.AF_INET, packed)
    if packed[:10] != bytes(10):  # RFC 5952 section 5: the library writes these with a dotted end
        return socket.inet_ntop(socket.AF_INET6, packed)
    return addresses.show(packed)
