# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages of rtnetlink (RFC 3549, linux/rtnetlink.h): the question for all things of a kind, and its answers."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

NEWLINK, DELLINK, GETLINK, NEWADDR, DELADDR, GETADDR = 16, 17, 18, 20, 21, 22  # RTM_…
RUNNING = 0x40  # IFF_RUNNING: the interface has a carrier
LINKS, IPV4_ADDRESSES, IPV6_ADDRESSES = 0x1, 0x10, 0x100  # RTMGRP_…: groups of news
IFA_ADDRESS, IFA_LOCAL, IFA_FLAGS = 1, 2, 8
BUFFER = 1 << 20  # octets: more than the kernel puts into one datagram
_ERROR, _DONE = 2, 3  # NLMSG_…
_REQUEST_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_HEADER = struct.Struct("=IHHII")
_ADDRESS = struct.Struct("=BBBBI")


class Dump:
    """One question and its answers; OSError when the kernel refuses it."""

    def __init__(self, question: int, answer: int, body: bytes) -> None:
        self._answer = answer
        self.request = _HEADER.pack(_HEADER.size + len(body), question, _REQUEST_DUMP, 1, 0) + body
        self.done = False

    def take(self, datagram: bytes) -> Iterator[bytes]:
        """The bodies of the answers in a datagram; ``done`` once there are no more."""
        for kind, body in messages(datagram):
            if kind == _DONE:
                self.done = True
                return
            if kind == _ERROR:
                raise OSError(-struct.unpack_from("=i", body)[0], "rtnetlink refused")
            if kind == self._answer:
                yield body


class Address(NamedTuple):
    """An address of an interface: AF_… number, prefix length, IFA_F_… flags, interface index, attributes."""

    family: int
    bits: int
    flags: int
    interface: int
    attributes: dict[int, bytes]


def addresses() -> Dump:
    """The question for all addresses."""
    return Dump(GETADDR, NEWADDR, _ADDRESS.pack(0, 0, 0, 0, 0))


def address(body: bytes) -> Address:
    """An answer to it."""
    family, bits, flags, _unused, interface = _ADDRESS.unpack_from(body)
    held = attributes(body[_ADDRESS.size :])
    return Address(family, bits, int.from_bytes(held.get(IFA_FLAGS, bytes([flags])), "little"), interface, held)


def attributes(data: bytes) -> dict[int, bytes]:
    """Attributes by number."""
    return dict(pairs(data))


def pairs(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Attributes in their order, for such that come more than once."""
    at = 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        if length < 4:
            return
        yield kind & 0x3FFF, data[at + 4 : at + length]
        at += (length + 3) & ~3


def messages(datagram: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and body of the messages in a datagram."""
    at = 0
    while at + _HEADER.size <= len(datagram):
        length, kind, _unused, _unused, _unused = _HEADER.unpack_from(datagram, at)
        if length < _HEADER.size:
            return
        yield kind, datagram[at + _HEADER.size : at + length]
        at += (length + 3) & ~3


def drain(receive: Callable[[int], bytes]) -> None:
    """Reads from a non-blocking socket what waits there. An overrun (ENOBUFS) is news as well."""
    while True:
        try:
            receive(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            continue
