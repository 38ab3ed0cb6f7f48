# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BGP sessions that get changed and made-up streams in any pieces, with time, routes, configuration, blocked
connections, collisions and lost paths in between. A second reader says what each octet must bring.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from typing import Any, Callable

from fuzz import bgp_octets, strict_bgp
from fuzz.engine import Step
from fuzz.strict_bgp import Agreed, Greeting, need

from dualstack_speaker.base.addresses import parse
from dualstack_speaker.base.model import Attributes, Peer
from dualstack_speaker.base.outputs import Dial, Hangup, Note, Output, Send
from dualstack_speaker.bgp.session import Session

OURS = {"ipv4": parse("10.0.1.11"), "ipv6": parse("2001:db8:dc:1::11")}
THEIRS = {"ipv4": parse("10.0.1.1"), "ipv6": parse("2001:db8:dc:1::1")}
VALUES = [
    Attributes((), (), None), Attributes((7, 0xFFFFFF01), ((1, 2, 3),), 150), Attributes(tuple(range(700)), (), 0),
    Attributes((), tuple((64512, 1, n) for n in range(250)), None),
    Attributes((7,), (), None, (0x0002FC0000000001, 0x4004FC0000000001)),
]  # fmt: skip
KNOWN_STATES = {"Idle", "Connect", "Active", "OpenSent", "OpenConfirm", "Established"}


def peer(choice: int) -> Peer:
    """One of many configurations, by a number."""

    def pick(*options: Any) -> Any:
        nonlocal choice
        choice, found = divmod(choice, len(options))
        return options[found]

    transport, internal, extended = pick("ipv4", "ipv6"), pick(False, False, True), pick(False, False, False, True)
    families = pick(("ipv4", "ipv6"), ("ipv4", "ipv6"), ("ipv6",), ("ipv4",))
    plain = Peer(
        local_asn=64500 if internal else pick(64512, 64512, 64510, 4200000512), peer_asn=64500,
        address=THEIRS[transport],
        port=179, source_address=None, router_id=OURS["ipv4"], hold_time=pick(9, 3, 0, 90),
        keepalive_time=pick(3.0, 1.0, 30.0), connect_retry=pick(5.0, 0.5), password=pick(None, "s3cret"),
        families=families,
        next_hop_ipv4=OURS["ipv6" if extended else "ipv4"], next_hop_ipv6=OURS["ipv6"], multihop=False,
        restart_time=pick(None, 120),
    )  # fmt: skip
    if pick(False, False, False, True):
        plain = plain._replace(peer_asn=None, dynamic_asn="internal" if internal else "external")
    if "passive" in Peer._fields and pick(False, False, True):
        plain = plain._replace(passive=True)
    return plain


class Line:
    """A connection as the second reader follows it."""

    def __init__(self) -> None:
        self.heard = b""  # octets that are no whole message yet
        self.ours: Greeting | None = None
        self.agreement: Agreed | None = None  # after the peer's OPEN was taken
        self.last_keepalive: float | None = None


class World:
    """A session and what is around it."""

    def __init__(self, choice: int, restarted: bool) -> None:
        self.now = 0.0
        self.session = Session("tor1", peer(choice), random.Random(choice).random, restarted)
        self.lines: dict[int, Line] = {}  # connections that stand
        self.dialled: list[int] = []
        self.stopped = True

    def take(self, outputs: list[Output]) -> dict[int, list[tuple[int, int]]]:
        """Carries outputs out and looks at them; the NOTIFICATIONs that were told, by connection."""
        told: dict[int, list[tuple[int, int]]] = {}
        need(len(outputs) <= 12, f"{len(outputs)} outputs for one input")
        for output in outputs:
            if isinstance(output, Dial):
                self.dialled.append(output.number)
            elif isinstance(output, Hangup):
                self.lines.pop(output.number, None)
                self.dialled = [number for number in self.dialled if number != output.number]
            elif isinstance(output, Send):
                self._sent(output, told)
            else:
                need(isinstance(output, Note) and "s3cret" not in repr(output), "an output of a known kind, no secret")
        self._bounded()
        return told

    def _sent(self, output: Send, told: dict[int, list[tuple[int, int]]]) -> None:
        line = self.lines.get(output.number)
        need(line is not None, "sent where no connection stands")
        assert line is not None
        for kind, body in strict_bgp.cut(output.data):
            need(not told.get(output.number), "something behind a NOTIFICATION")
            need((kind == 1) == (line.ours is None), "OPEN first, and once")
            if kind == 1:
                line.ours = strict_bgp.greeting(body)
            elif kind == 3:
                told.setdefault(output.number, []).append(strict_bgp.notification(body))
            elif kind == 4:
                last, line.last_keepalive = line.last_keepalive, self.now
                need(last is None or self.now - last >= 0.999, "KEEPALIVEs a second apart")
            else:
                agreement = line.agreement
                need(agreement is not None, "routes before the peer's OPEN")
                assert agreement is not None
                if kind == 2:
                    peer = self.session.peer
                    strict_bgp.update(body, peer.internal, peer.local_asn, agreement)
                else:
                    strict_bgp.mark(body, agreement)

    def _bounded(self) -> None:
        connections = self.session._connections
        need(1 <= len(connections) <= 3, f"{len(connections)} connections")
        for connection in connections:
            need(len(connection.framer._buffer) < 4096, "octets that are kept")
            need(len(connection.deadlines._at) <= 6, "deadlines")
        need(self.session.state.value in KNOWN_STATES, "a known state")
        need(len(self.session._refused) <= 8, "what the peer refused")
        left = set(self.lines) - {connection.number for connection in connections}
        need(not left, "a connection that nobody closes")
        resting = (
            self.stopped or self.session.peer.passive or self.session.state.value in ("Established", "OpenConfirm")
        )
        need(resting or self.session.next_deadline is not None, f"waits for ever in {self.session.state.value}")

    def receive(self, number: int, data: bytes, pieces: list[int]) -> None:
        """Octets arrive, in pieces; what they bring is compared with what they should bring."""
        while data:
            size = max(1, pieces[0]) if pieces else len(data)
            pieces, piece, data = pieces[1:], data[:size], data[size:]
            line = self.lines.get(number)
            states = [one.state.value for one in self.session._connections if one.number == number]
            collides = len(self.session._connections) > 1
            outputs = self.session.received(number, piece, self.now)
            if line is None:
                need(not outputs, "octets of a connection that is gone bring something")
                return
            line.heard += piece
            errors = verdict(line, states[0], self.session.peer)
            told = self.take(outputs)
            gone, said = number not in self.lines, told.pop(number, [])
            need(
                all(codes == [(6, 7)] for codes in told.values()) and (collides or not told), f"others are told {told}"
            )
            if errors is None:
                kept = not gone or (collides and said in ([(6, 7)], []))
                need(kept, f"ended in {states[0]} without a reason, telling {said}")
                need(gone or not said, f"told {said} and goes on")
            else:
                need(gone, f"goes on in spite of {errors}")
                right = [[error] for error in errors] or [[]]
                need(said in right or (collides and said == [(6, 7)]), f"{said}, not {errors}")


def verdict(line: Line, state: str, peer: Peer) -> tuple[tuple[int, int], ...] | None:
    """With which NOTIFICATIONs what was heard may end the connection; () ends it without one, None not at all."""
    while True:
        bad = strict_bgp.header(line.heard)
        if bad:
            return bad
        length = int.from_bytes(line.heard[16:18], "big") if len(line.heard) >= 19 else 0
        if not length or len(line.heard) < length:
            return None
        kind, body = line.heard[18], line.heard[19:length]
        line.heard = line.heard[length:]
        if kind == 3:
            return ()
        if state == "OpenSent":
            if kind != 1:
                return ((5, 1),)
            errors = _judge(line, body, peer)
            if errors:
                return errors
            state = "OpenConfirm"
        elif state == "OpenConfirm":
            if kind != 4:
                return ((5, 2),)
            state = "Established"
        elif kind == 1:
            return ((5, 3),)
        elif kind == 5 and line.agreement and line.agreement.marks and body[2] in (1, 2) and len(body) != 4:
            return ((7, 1),)


def _judge(line: Line, body: bytes, peer: Peer) -> tuple[tuple[int, int], ...]:
    """With what an OPEN is to be refused; () when it is to be taken. Several reasons: any of them will do."""
    capabilities = strict_bgp.capabilities(body)
    errors = [(2, 1)] if body[0] != 4 else []
    if capabilities is None:
        return (*errors, (2, 0), (2, 4))
    asn = int.from_bytes(next((value[:4] for code, value in reversed(capabilities) if code == 65), body[1:3]), "big")
    if peer.peer_asn is not None:
        fits = asn == peer.peer_asn and asn > 0
    else:
        fits = asn > 0 and (asn == peer.local_asn) == (peer.dynamic_asn == "internal")
    errors += [] if fits else [(2, 2)]
    same = peer.internal and body[5:9] == peer.router_id
    errors += [(2, 3)] if body[5:9] == bytes(4) or same else []
    errors += [(2, 6)] if int.from_bytes(body[3:5], "big") in (1, 2) else []
    assert line.ours is not None
    line.agreement = strict_bgp.agreed(line.ours, capabilities)
    hop = peer.next_hop_ipv4
    unusable = {"ipv4"} if hop is not None and len(hop) == 16 and not line.agreement.next_hops else set()
    errors += [] if line.agreement.families - unusable else [(2, 7)]
    return tuple(errors)


class BgpSession:
    """The fuzzer."""

    name = "bgp session"
    packages = ("bgp/",)

    def case(self, chance: random.Random) -> list[Step]:
        choice = chance.getrandbits(20)
        steps: list[Step] = [["peer", choice, chance.random() < 0.2], ["put", 0, 3, 0]]
        asn = peer(choice).peer_asn or (peer(choice).local_asn if peer(choice).dynamic_asn == "internal" else 64500)
        for _unused in range(chance.randint(1, 4)):
            steps.append(
                ["greet", chance.random() < 0.3, bgp_octets.good_open(chance, asn).hex(), chance.randint(0, 3)]
            )
            for _again in range(chance.randint(1, 12)):
                steps.append(self._step(chance, asn))
        return steps

    def _step(self, chance: random.Random, asn: int) -> Step:
        kind = chance.randrange(30)
        if kind < 14:
            few = chance.choice((1, 1, 1, 2, 3))
            make = chance.choice((bgp_octets.stream, bgp_octets.stream, bgp_octets.well_framed_update))
            data = b"".join(make(chance) for _unused in range(few))
            pieces = [chance.choice((1, 2, 15, 18, 19, 20, 40)) for _unused in range(chance.choice((0, 0, 1, 3, 30)))]
            return ["data", chance.choice((0, 0, 0, 1)), data.hex(), pieces]
        if kind < 17:
            return ["writable"]
        if kind < 20:
            return ["due"]
        if kind == 20:
            return ["put", chance.randrange(4), chance.choice((1, 5, 600)), chance.choice((0, 1, 2, 3, None))]
        if kind == 21:
            return ["reconfigure", chance.getrandbits(20)]
        if kind == 25:
            return ["retouch", chance.randrange(4)]
        if kind == 26:
            return ["data", 0, bgp_octets.refusal(chance).hex(), []]
        if kind == 22:
            return ["time", chance.choice((0.0, 0.5, 1.0, 3.0, 9.0, 61.0, 500.0))]
        if kind == 23:
            return ["accepted"]
        if kind == 24:
            return ["data", 0, bgp_octets.message(1, bgp_octets.opening(chance, asn)).hex(), []]
        plain = [
            "start",
            "connected",
            "blocked",
            "path_lost",
            "closed",
            "drain",
            "known",
            "hear",
            "deaf",
            "stop",
            "leave",
        ]
        return [chance.choice((*plain, "broken", "start", "stale"))]

    def play(self, steps: Iterable[Step]) -> Iterator[int]:
        given = iter(steps)  # which may never end
        first = next(given, None)
        if first is None:
            return
        _unused, choice, restarted = first
        world = World(choice, restarted)
        verbs: dict[str, Callable[..., None]] = {
            name[1:]: getattr(self, name) for name in dir(self) if name.startswith("_") and not name.startswith("__")
        }
        for verb, *arguments in given:
            if verb == "data":
                which, text, pieces = arguments
                numbers = list(world.lines)
                data = bytes.fromhex(text)
                if numbers:
                    world.receive(numbers[which % len(numbers)], data, pieces)
                else:
                    need(not world.session.received(0, data, world.now), "octets without a connection bring something")
                self._shown(world)
                yield len(data)
            elif verb != "peer":
                verbs[verb](world, *arguments)
                if verb == "greet":
                    yield len(arguments[1]) // 2

    def _shown(self, world: World) -> None:
        seen = world.session.snapshot(world.now)
        need("s3cret" not in repr(seen) and seen.last_error.isprintable(), "texts for people, without a secret")
        need(len(seen.last_error) < 1000 and len(seen.peer_error) < 1000, "texts of a bounded length")

    def _greet(self, world: World, incoming: bool, text: str, far: int) -> None:
        """Takes the session some steps towards Established."""
        if not world.lines:
            self._start(world)
            self._hear(world)
            if world.session.state.value == "Idle":
                self._due(world)
            (self._accepted if incoming or not world.dialled else self._connected)(world)
        if world.lines and far:
            number = next(iter(world.lines))
            data = bytes.fromhex(text) + (bgp_octets.message(4, b"") if far > 1 else b"")
            world.receive(number, data, [])
        if far > 2:
            for _unused in range(4):
                self._writable(world)

    def _start(self, world: World) -> None:
        world.stopped = False
        world.take(world.session.start(world.now))

    def _stop(self, world: World) -> None:
        world.stopped = True
        world.take(world.session.stop("maintenance \u00e4" * 20, world.now))

    def _leave(self, world: World) -> None:
        world.stopped = True
        world.take(world.session.leave(world.now))

    def _broken(self, world: World) -> None:
        world.stopped = False
        world.take(world.session.broken("a bug", world.now))

    def _connected(self, world: World) -> None:
        if world.dialled:
            number = world.dialled.pop(0)
            world.lines[number] = Line()
            world.take(world.session.connected(number, world.now))

    def _accepted(self, world: World) -> None:
        number = world.session.new_number()
        world.lines[number] = Line()
        world.take(world.session.accepted(number, world.now))

    def _stale(self, world: World) -> None:
        need(not world.session.received(10**6, b"\xff" * 19, world.now), "octets of an unknown connection")
        need(not world.session.writable(10**6, world.now), "a connection that nobody knows")
        need(not world.session.connected(10**6, world.now), "a connection that nobody dialled")
        need(not world.session.closed(10**6, "late", world.now), "the end of a connection that nobody knows")

    def _closed(self, world: World) -> None:
        numbers = [*world.lines, *world.dialled]
        if numbers:
            number = numbers[0]
            world.take(world.session.closed(number, "connection reset by peer", world.now))

    def _blocked(self, world: World) -> None:
        for number in world.lines:
            world.take(world.session.blocked(number, world.now))

    def _writable(self, world: World) -> None:
        for number in list(world.lines):
            world.take(world.session.writable(number, world.now))

    def _due(self, world: World) -> None:
        at = world.session.next_deadline
        if at is not None:
            world.now = max(world.now, at)
            world.take(world.session.expire(world.now))

    def _time(self, world: World, seconds: float) -> None:
        until = world.now + seconds
        for _unused in range(60):
            at = world.session.next_deadline
            if at is None or at > until:
                break
            self._due(world)
        world.now = max(world.now, until)

    def _put(self, world: World, first: int, count: int, value: int | None) -> None:
        keys = [b"\x04\x20\xc0\x00" + (first + n).to_bytes(2, "big") for n in range(count)]
        keys += [b"\x06\x30\x20\x01\x0d\xb8" + (first + n).to_bytes(2, "big") for n in range(count)]
        carried = tuple(4 if family == "ipv4" else 6 for family in world.session.peer.families)
        world.session.put([key for key in keys if key[0] in carried], None if value is None else VALUES[value])

    def _reconfigure(self, world: World, choice: int) -> None:
        world.take(world.session.reconfigure(peer(choice), world.now))

    def _retouch(self, world: World, what: int) -> None:
        """A change that needs no new session."""
        hop = OURS["ipv6"][:-1] + bytes((what,))
        changes: dict[str, Any] = {"keepalive_time": 1.0 + what} if what == 3 else {"next_hop_ipv6": hop}
        plain = world.session.peer
        if what == 2 and not plain.extended_next_hop and plain.next_hop_ipv4:
            changes = {"next_hop_ipv4": OURS["ipv4"][:-1] + b"\x63"}
        world.take(world.session.reconfigure(plain._replace(**changes), world.now))

    def _path_lost(self, world: World) -> None:
        world.take(world.session.path_lost("BFD down: no packet", world.now))

    def _drain(self, world: World) -> None:
        world.session.drain(not world.session._draining)

    def _known(self, world: World) -> None:
        world.session.all_known()

    def _hear(self, world: World) -> None:
        world.session.hear("", world.now)

    def _deaf(self, world: World) -> None:
        world.session.hear("nothing listens", world.now)
