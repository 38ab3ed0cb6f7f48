# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Heartbeats as octets: who sends, to whom, how it is with the sender, and a code that takes the key to make.

::

    magic 4 | version 1 | flags 1 | detection 2 (ms) | incarnation 8 | sequence 8 | receiver 8 (hash of its name)
    challenge 8 | echo 8 | sender's name 1 + n | nodes it does without: 1 + 8 each (hashes)
    MACs: 1 + 6 each | interfaces: 1 + (1 + n) each | HMAC-SHA256 32 over all before it

Nothing in it is secret. The receiver's name keeps a heartbeat from counting at another node; what keeps an old one
from counting is in ``liveness``. Numbers are big-endian; octets behind the last field and lists beyond their bounds are
refused.
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from ..base.codec import Reader, Short

MAGIC = b"DSHB"
VERSION = 1
SERVING, DRAINED, LEAVING, OPEN, BLIND = 1, 2, 4, 8, 16  # flags; the others are ignored
MOST_WITHOUT = 64  # nodes told that the sender does without
MOST_INTERFACES = 24  # names told, and MACs
MOST_NAME = 253  # octets of a node's name (RFC 1123, as Kubernetes has it)
MOST_INTERFACE_NAME = 127  # octets of an alternative name of Linux (ALTIFNAMSIZ)
MOST = 1232  # octets: what fits into the least MTU of IPv6
CODE = 32  # octets
_HEAD = struct.Struct("!4sBBHQQ8s8s8s")


class Beat(NamedTuple):
    """A heartbeat.

    ``incarnation`` is another one after every start of the sender, ``sequence`` rises within it. ``challenge`` is what
    the receiver has to echo when it begins anew, ``echo`` the receiver's own challenge as the sender heard it (zeros:
    not yet). ``without``: hashes of the nodes that do not count for the sender. ``detection_ms``: how long the sender
    may be silent. ``interfaces``: names on which it could answer, ``is_open`` whether one of them answers without being
    named, ``macs``: theirs. ``blind``: its speaker is away, it may not know of addresses that are new.
    """

    sender: str
    receiver: bytes
    incarnation: int
    sequence: int
    challenge: bytes
    echo: bytes
    detection_ms: int
    serving: bool
    drained: bool
    leaving: bool
    is_open: bool
    blind: bool
    interfaces: tuple[str, ...]
    macs: tuple[bytes, ...]
    without: frozenset[bytes]


class BadBeat(ValueError):
    """A heartbeat that does not count; the text is the reason, one of a few."""


@lru_cache(maxsize=4096)
def mark(name: str) -> bytes:
    """What stands for a node in lists: eight octets of the hash of its name."""
    return sha256(name.encode()).digest()[:8]


def encode(beat: Beat, key: bytes) -> bytes:
    """The octets. Interfaces beyond what fits are left out."""
    flags = SERVING * beat.serving | DRAINED * beat.drained | LEAVING * beat.leaving
    flags |= OPEN * beat.is_open | BLIND * beat.blind
    head = _HEAD.pack(
        MAGIC,
        VERSION,
        flags,
        beat.detection_ms,
        beat.incarnation,
        beat.sequence,
        beat.receiver,
        beat.challenge,
        beat.echo,
    )
    body = head + _tail(beat.sender, beat.without, beat.macs, beat.interfaces)
    return body + hmac.digest(key, body, "sha256")


def decode(data: bytes, keys: Sequence[bytes]) -> Beat:
    """The heartbeat of some octets; BadBeat where they are none, or none of the keys made its code."""
    if len(data) > MOST or len(data) < _HEAD.size + CODE or data[:4] != MAGIC:
        raise BadBeat("malformed")
    if data[4] != VERSION:
        raise BadBeat("version")
    body, code = data[:-CODE], data[-CODE:]
    if not any(hmac.compare_digest(hmac.digest(key, body, "sha256"), code) for key in keys):
        raise BadBeat("wrong key")
    try:
        return _decode(body)
    except (Short, UnicodeDecodeError):
        raise BadBeat("malformed") from None


def _decode(body: bytes) -> Beat:
    reader = Reader(body)
    fields = _HEAD.unpack(reader.take(_HEAD.size))
    _magic, _version, flags, detection, incarnation, sequence, receiver, challenge, echo = fields
    sender = reader.take(reader.number(1)).decode()
    without = frozenset(_items(reader, 8, MOST_WITHOUT))
    macs = tuple(_items(reader, 6, MOST_INTERFACES))
    count = reader.number(1)
    if not sender or not detection or count > MOST_INTERFACES:
        raise BadBeat("malformed")
    interfaces = tuple(reader.take(reader.number(1)).decode() for _unused in range(count))
    reader.end()
    return Beat(
        sender,
        receiver,
        incarnation,
        sequence,
        challenge,
        echo,
        detection,
        bool(flags & SERVING),
        bool(flags & DRAINED),
        bool(flags & LEAVING),
        bool(flags & OPEN),
        bool(flags & BLIND),
        interfaces,
        macs,
        without,
    )


@lru_cache(maxsize=8)
def _tail(sender: str, without: frozenset[bytes], macs: tuple[bytes, ...], interfaces: tuple[str, ...]) -> bytes:
    """What is the same for all receivers."""
    tail = _text(sender)
    for octets in (sorted(without)[:MOST_WITHOUT], macs[:MOST_INTERFACES]):
        tail += bytes((len(octets),)) + b"".join(octets)
    names = _fitting(interfaces, MOST - CODE - _HEAD.size - len(tail) - 1)
    return tail + bytes((len(names),)) + b"".join(names)


def _items(reader: Reader, octets: int, most: int) -> list[bytes]:
    count = reader.number(1)
    if count > most:
        raise BadBeat("malformed")
    return [reader.take(octets) for _unused in range(count)]


def _text(text: str) -> bytes:
    octets = text.encode()
    return bytes((len(octets),)) + octets


def _fitting(names: Iterable[str], room: int) -> list[bytes]:
    found: list[bytes] = []
    for name in names:
        text = _text(name)
        room -= len(text)
        if room < 0 or len(found) == MOST_INTERFACES:
            break
        found.append(text)
    return found
