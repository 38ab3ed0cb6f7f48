# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Router discovery: changed messages from anywhere to the search for the router behind an interface, while time passes
and the interface comes and goes.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from typing import Any

from fuzz import captures, mutate
from fuzz.engine import Step
from fuzz.strict_bgp import need

from dualstack_speaker.base.addresses import parse
from dualstack_speaker.base.outputs import Note
from dualstack_speaker.discovery import messages
from dualstack_speaker.discovery.search import Found, Lost, Search, Transmit

OWN, MAC = parse("fe80::11"), bytes.fromhex("020000000011")
SOURCES = [parse(text) for text in ("fe80::1", "fe80::1", "fe80::2", "fe80::11", "2001:db8::1", "::", "ff02::1")]
SOURCES += [parse(f"fe80::9:{number:x}") for number in range(40)]
OPTIONS = [b"", b"\1\1" + MAC, b"\1\1\2\0\0\0\0\1", b"\7\1\0\0\0\0\x27\x10", b"\7\1" + bytes(6)]
ALL_NODES, ALL_ROUTERS = parse("ff02::1"), parse("ff02::2")


def good(data: bytes, source: bytes, hops: int | None) -> bool:
    """Whether RFC 4861 sections 6.1.1 and 6.1.2 have a message taken."""
    if hops != 255 or len(data) < 8 or data[0] not in (133, 134) or data[1]:
        return False
    rest = data[8:] if data[0] == 133 else data[16:]
    if data[0] == 134 and (len(data) < 16 or source[:2] != b"\xfe\x80"):
        return False
    while rest:
        if len(rest) < 2 or not rest[1] or len(rest) < 8 * rest[1]:
            return False
        if data[0] == 133 and source == bytes(16) and rest[0] == 1 and rest[1] == 1:
            return False
        rest = rest[8 * rest[1] :]
    return True


class World:
    """An interface."""

    def __init__(self) -> None:
        self.now = 10.0
        self.search = Search("rack1", random.Random(1).random)
        self.found: bytes | None = None
        self.advertised: list[float] = []
        self.asked: list[float] = []

    def take(self, outputs: list[Any]) -> None:
        """Looks at what the search put out."""
        need(len(outputs) <= 4, f"{len(outputs)} outputs for one input")
        for output in outputs:
            if isinstance(output, Transmit):
                kind = output.data[0]
                head = 8 if kind == 133 else 16
                need(output.data[:4] == bytes((kind, 0, 0, 0)) and kind in (133, 134), "type, code, no checksum")
                need(output.data[4:head] == bytes(head - 4), "no default router, nothing told (RFC 4861 section 4.2)")
                need(output.data[head:] == b"\1\1" + MAC, "the source link-layer address")
                need(output.destination == (ALL_ROUTERS if kind == 133 else ALL_NODES), "to whom")
                (self.asked if kind == 133 else self.advertised).append(self.now)
            elif isinstance(output, Found):
                need(output.address[:2] == b"\xfe\x80" and output.address != OWN, "a link-local address of another")
                self.found = output.address
            elif isinstance(output, Lost):
                need(output.reason, "a reason")
                self.found = None
            else:
                need(isinstance(output, Note), "an output of a known kind")
        need(self.search.found == self.found, "what was told is what is so")
        need(bool(self.search.problem) == (self.found is None), "a problem is told where there is no router")
        need(len(self.search._routers) <= 16 and len(self.search._deadlines._at) <= 6, "what is kept")
        recent = [at for at in self.advertised if at > self.now - 60.0]
        self.advertised, self.asked = recent, [at for at in self.asked if at > self.now - 60.0]
        need(len(recent) <= 60 / 3.0 + 1, "advertisements 3 s apart (RFC 4861 section 6.2.6)")

    def run(self, moment: float) -> None:
        """Lets time pass."""
        for _unused in range(2000):
            at = self.search.next_deadline
            if at is None or at > moment:
                break
            self.now = max(self.now, at)
            self.take(self.search.expire(self.now))
        self.now = max(self.now, moment)


class Discovery:
    """The fuzzer."""

    name = "discovery"
    packages = ("discovery/",)

    def case(self, chance: random.Random) -> list[Step]:
        steps: list[Step] = [["present", chance.random() < 0.5]]
        crowd = chance.random() < 0.2
        for _unused in range(chance.randint(5, 40)):
            kind = chance.randrange(20)
            if kind < 14:
                source = chance.randrange(len(SOURCES)) if crowd else chance.choice((0, 0, 0, 1, 2, 3, 4, 5, 6))
                hops = chance.choice((255, 255, 255, 255, 255, 254, 1, None))
                steps.append(["heard", self._message(chance).hex(), source, hops])
            elif kind < 18:
                steps.append(["time", chance.choice((0.1, 1.0, 4.5, 9.0, 61.0, 2000.0))])
            else:
                steps.append([chance.choice(("doubt", "doubt", "gone", "present"))])
        return steps

    def _message(self, chance: random.Random) -> bytes:
        captured = [frame[54:] for frame in captures.items("ndp") if frame[54] in (133, 134)]
        data = bytearray(chance.choice(captured))
        if chance.random() < 0.3:
            data = bytearray(mutate.mutate(chance, bytes(data), captured))
        elif chance.random() < 0.5 and len(data) >= 16 and data[0] == 134:
            data[6:8] = chance.choice((0, 1, 9, 1800, 65535)).to_bytes(2, "big")
            data = data[:16] + chance.choice(OPTIONS)
        return bytes(data)

    def play(self, steps: Iterable[Step]) -> Iterator[int]:
        world = World()
        for verb, *arguments in steps:
            if verb == "heard":
                text, number, hops = arguments
                data, source = bytes.fromhex(text), SOURCES[number]
                try:
                    message = messages.decode(data, source, hops)
                except messages.BadMessage:
                    need(not good(data, source, hops), "dropped, and the RFC says take it")
                else:
                    need(good(data, source, hops), "taken, and the RFC says drop it")
                    world.take(world.search.heard(message, world.now))
                yield len(data)
            elif verb == "time":
                world.run(world.now + arguments[0])
            elif verb == "doubt":
                world.take(world.search.doubt(world.now))
            elif verb == "gone":
                world.take(world.search.gone("rack1 is down", world.now))
            else:
                world.take(world.search.present(OWN, MAC, bool(arguments and arguments[0]), world.now))
