# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BFD: datagrams, from anywhere and changed in any way, to a set of sessions, while time, settings and sessions change.

The rules of RFC 5880 sections 6.8.6 and 6.2 stand here once more, written down apart from the product.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from typing import Any

from fuzz import captures, mutate
from fuzz.engine import Step
from fuzz.strict_bgp import need

from dualstack_speaker.base.addresses import parse
from dualstack_speaker.base.model import Bfd
from dualstack_speaker.base.outputs import Note, Send
from dualstack_speaker.bfd.packet import BadPacket
from dualstack_speaker.bfd.session import Back, Finished, Lost, Session
from dualstack_speaker.bfd.sessions import Arrival, Path, Sessions

REMOTES = [parse(text) for text in ("10.0.1.1", "2001:db8:dc:1::1", "10.0.9.1", "2001:db8:9::1", "fe80::1")]
LOCALS = [parse(text) for text in ("10.0.1.11", "2001:db8:dc:1::11", "fe80::11")]
SETTINGS = [
    Bfd(100, 100, 3, False, None), Bfd(50, 1000, 2, True, None), Bfd(300, 300, 3, False, 250),
    Bfd(60_000, 50, 255, False, 1),
]  # fmt: skip
ADMIN_DOWN, DOWN, INIT, UP = range(4)


class World:
    """Sessions by their paths."""

    def __init__(self) -> None:
        self.now = 0.0
        self.chance = random.Random(1)
        self.table = Sessions(lambda: self.chance.getrandbits(32))
        self.sessions: list[tuple[Path, Session]] = []

    def add(self, remote: int, setting: int, bound: bool) -> None:
        """A session more, as far as there is room for its path."""
        settings, address = SETTINGS[setting], REMOTES[remote]
        local = next((one for one in LOCALS if bound and len(one) == len(address)), None)
        path = Path(address, local, settings.minimum_ttl is not None, 2 if address[:2] == b"\xfe\x80" else 0)
        if any(known == path for known, _unused in self.sessions) or len(self.sessions) > 6:
            return
        session = Session(
            f"peer{len(self.sessions)}", address, settings, self.table.discriminator(), self.chance.random
        )
        self.table.add(path, session)
        self.sessions.append((path, session))
        self.take(path, session, session.start(self.now), None)

    def take(self, path: Path, session: Session, outputs: list[Any], poll: bool | None) -> None:
        """Looks at what a session put out. ``poll``: whether a packet with the poll bit was taken; None: no packet."""
        finals = 0
        need(len(outputs) <= 6, f"{len(outputs)} outputs for one input")
        for output in outputs:
            if isinstance(output, Send):
                finals += self._sent(session, output.data, poll is None)
            elif isinstance(output, Finished):
                self.table.remove(session)
                self.sessions.remove((path, session))
            else:
                need(isinstance(output, (Note, Lost, Back)), "an output of a known kind")
        need(finals == (1 if poll else 0), f"{finals} answers with the final bit")
        need(len(session._deadlines._at) <= 4, "deadlines")
        if poll is not None:
            need(sum(isinstance(output, Send) for output in outputs) <= 2, "two packets at most for one")
            need(sum(isinstance(output, (Lost, Back)) for output in outputs) <= 1, "one word to who relies on it")

    def _sent(self, session: Session, data: bytes, timed: bool) -> int:
        """A packet of ours (RFC 5880 sections 4.1, 6.8.7); whether its final bit is set.

        ``timed``: several things may have fallen due at once.
        """
        need(len(data) == 24 and data[3] == 24, "length")
        need(data[0] >> 5 == 1, "version")
        need(data[0] & 31 in (0, 1, 3, 7), "a diagnostic that we give")
        need(not data[1] & 0x0F, "C, authentication, demand and multipoint bits are 0")
        need(data[1] & 0x30 != 0x30, "poll and final in one packet")
        state = data[1] >> 6
        need(timed or state == session.state.value, "the state of the session")
        need(data[2] == session.settings.multiplier, "multiplier")
        need(int.from_bytes(data[4:8], "big") == session.discriminator, "our discriminator")
        need(state == UP or int.from_bytes(data[12:16], "big") >= 1_000_000, "a second at least while not up (6.8.3)")
        need(data[20:24] == bytes(4), "no echo")
        return bool(data[1] & 0x10)


def refused(data: bytes, arrival: Arrival) -> bool:
    """Whether RFC 5880 section 6.8.6 has a packet dropped before its session is looked for; RFC 5881 section 5."""
    if not arrival.multihop and arrival.ttl != 255:
        return True
    if len(data) < 24 or data[0] >> 5 != 1 or not 24 <= data[3] <= len(data):
        return True
    if data[1] & 0x05 or not data[2] or data[4:8] == bytes(4):
        return True
    return data[8:12] == bytes(4) and data[1] >> 6 not in (DOWN, ADMIN_DOWN)


def after(ours: int, theirs: int) -> int:
    """The state that follows (RFC 5880 section 6.8.6)."""
    if ours == ADMIN_DOWN:
        return ADMIN_DOWN
    if theirs == ADMIN_DOWN:
        return DOWN
    if ours == DOWN:
        return {DOWN: INIT, INIT: UP}.get(theirs, DOWN)
    if ours == INIT:
        return UP if theirs in (INIT, UP) else INIT
    return DOWN if theirs == DOWN else UP


class BfdSessions:
    """The fuzzer."""

    name = "bfd"
    packages = ("bfd/",)

    def case(self, chance: random.Random) -> list[Step]:
        steps: list[Step] = [["begin"]]
        for _unused in range(chance.randint(1, 4)):
            steps.append(["add", chance.randrange(5), chance.randrange(4), chance.random() < 0.5])
        for _unused in range(chance.randint(5, 40)):
            kind = chance.randrange(20)
            if kind < 15:
                steps.append(self._packet(chance))
            elif kind < 17:
                steps.append(["due", chance.randrange(6)])
            elif kind == 17:
                steps.append(["configure", chance.randrange(6), chance.randrange(4)])
            elif kind == 18:
                steps.append(
                    ["disable", chance.randrange(6)] if chance.random() < 0.3 else ["time", chance.random() * 2]
                )
            else:
                steps.append(["add", chance.randrange(5), chance.randrange(4), chance.random() < 0.5])
        return steps

    def _packet(self, chance: random.Random) -> Step:
        data = bytearray(chance.choice(captures.items("bfd")))
        if chance.random() < 0.5:  # any state and flags, intervals at the edges
            data[1] = chance.randrange(4) << 6 | chance.choice((0, 0, 0, 0x20, 0x10, 0x30, 0x02, 0x08, 0x04, 0x01))
            at = chance.choice((12, 16, 20))
            data[at : at + 4] = chance.choice((0, 1, 50_000, 1_000_000, 2**32 - 1)).to_bytes(4, "big")
            data[4:8] = chance.choice((77, 78)).to_bytes(4, "big")
            data[0] = 0x20 | chance.choice((0, 0, 1, 3, 7, 31))
        if chance.random() < 0.4:
            data = bytearray(mutate.mutate(chance, bytes(data)))
        whose = chance.choice((0, 1, 2, 3, -1, -2))  # the discriminator: of a session, 0, or as it is
        ttl = chance.choice((255, 255, 255, 255, 254, 250, 249, 1, None))
        return ["packet", bytes(data).hex(), whose, chance.randrange(5), ttl, chance.choice((1, 2))]

    def play(self, steps: Iterable[Step]) -> Iterator[int]:
        world = World()
        for verb, *arguments in steps:
            if verb == "packet":
                self._arrives(world, *arguments)
                yield len(arguments[0]) // 2
            elif verb == "add":
                world.add(*arguments)
            elif verb == "time":
                self._until(world, world.now + arguments[0])
            elif verb != "begin" and world.sessions:
                path, session = world.sessions[arguments[0] % len(world.sessions)]
                if verb == "due":
                    at = session.next_deadline
                    self._until(world, world.now if at is None else max(world.now, at))
                elif verb == "disable":
                    world.take(path, session, session.disable(world.now), None)
                else:
                    settings = SETTINGS[arguments[1]]._replace(minimum_ttl=session.settings.minimum_ttl)
                    world.take(path, session, session.configure(settings, world.now), None)

    def _arrives(self, world: World, text: str, whose: int, source: int, ttl: int | None, interface: int) -> None:
        data = bytearray(bytes.fromhex(text))
        multihop = False
        if world.sessions:
            path, session = world.sessions[whose % len(world.sessions)]
            multihop = path.multihop if source != 4 else not path.multihop
            if whose >= 0 and len(data) >= 12:
                data[8:12] = session.discriminator.to_bytes(4, "big")
            elif whose == -1 and len(data) >= 12:
                data[8:12] = bytes(4)
        remote = REMOTES[source]
        local = next(one for one in LOCALS if len(one) == len(remote))
        arrival = Arrival(remote, local, multihop, ttl, interface)
        before = {session.discriminator: session.state.value for _unused, session in world.sessions}
        try:
            session, packet = world.table.judge(bytes(data), arrival)
        except BadPacket:
            if not refused(bytes(data), arrival):
                self._nobodys(world, bytes(data), arrival)
            return
        need(not refused(bytes(data), arrival), "taken, and the RFC says drop it")
        path = next(known for known, each in world.sessions if each is session)
        need(path.multihop == multihop, "a packet of the other port")
        least = session.settings.minimum_ttl
        need(least is None or (ttl is not None and ttl >= least), "from too far away")
        off = before[session.discriminator] == ADMIN_DOWN
        outputs = session.receive(packet, world.now)
        need(session.state.value == after(before[session.discriminator], data[1] >> 6), "the next state")
        world.take(path, session, outputs, bool(data[1] & 0x20) and not off)
        changed = [
            one.name
            for _unused, one in world.sessions
            if one.state.value != before[one.discriminator] and one is not session
        ]
        need(not changed, "another session's state")
        session.snapshot()

    def _nobodys(self, world: World, data: bytes, arrival: Arrival) -> None:
        """A sound packet that was dropped belongs to nobody, or came from too far away."""
        number = int.from_bytes(data[8:12], "big")
        fitting = []
        for path, session in world.sessions:
            here = path.remote == arrival.source and path.local in (None, arrival.destination)
            here = here and path.interface in (0, arrival.interface)
            if path.multihop == arrival.multihop and (session.discriminator == number if number else here):
                least = session.settings.minimum_ttl
                fitting.append(least is None or (arrival.ttl is not None and arrival.ttl >= least))
        need(not fitting or not fitting[0], "dropped, and it belongs to a session")

    def _until(self, world: World, moment: float) -> None:
        for _unused in range(200):
            due = [
                (at, entry) for entry in world.sessions if (at := entry[1].next_deadline) is not None and at <= moment
            ]
            if not due:
                break
            at, (path, session) = min(due, key=lambda entry: entry[0])
            world.now = max(world.now, at)
            world.take(path, session, session.expire(world.now), None)
        world.now = max(world.now, moment)
