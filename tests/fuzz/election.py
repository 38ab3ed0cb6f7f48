# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Elections that hear heartbeats of whoever has the key, in any order, with any content, while time goes by.

What must hold whatever they say: nothing counts twice, owners are candidates or nobody, what is this node's is said to
be so, and one input makes a few outputs only.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

from fuzz import mutate
from fuzz.engine import Step
from fuzz.strict_bgp import need

from dualstack_speaker.base.model import Candidate, Node, Vip
from dualstack_speaker.election import packet
from dualstack_speaker.election.election import Election
from dualstack_speaker.election.outputs import Output, Owners, Settings, Transmit
from dualstack_speaker.election.packet import Beat, decode, encode, mark

KEY = b"k" * 32
NAMES = ("node1", "node2", "node3", "node4")
OTHERS = NAMES[1:]
ADDRESSES = [bytes((10, 0, 1, number)) for number in range(3)] + [bytes(15) + bytes((number,)) for number in range(3)]
ORDERS = [NAMES, NAMES[::-1], ("node2", "node1"), ("node3", "node4"), ("node1",), ()]


class World:
    """One node's election and what it told."""

    def __init__(self) -> None:
        self.now = 100.0
        self._drawn = 0
        self.election = Election(Settings("node1", 0.2, 3), 1, self._draw)
        self.election.keys = (KEY,)
        self.told: dict[str, Beat] = {}  # the last heartbeat to each
        self.owners: dict[bytes, str | None] = {}
        self.mine: set[bytes] = set()
        self.vips: dict[bytes, Vip] = {}

    def _draw(self) -> bytes:
        self._drawn += 1
        return self._drawn.to_bytes(8, "big")

    def take(self, outputs: list[Output], most: int) -> None:
        """Looks at what was put out."""
        sent = [output for output in outputs if isinstance(output, Transmit)]
        need(len(sent) <= most, f"{len(sent)} heartbeats for one input")
        for output in sent:
            need(len(output.data) <= packet.MOST, "a heartbeat that does not fit")
            self.told[output.node] = decode(output.data, (KEY,))
        for output in outputs:
            if isinstance(output, Owners):
                self.owners.update(output.changes)
                self.mine -= output.changes.keys()
                self.mine |= output.mine
        need(self.mine & self.vips.keys() == self.election.mine, "what is this node's")
        for address, vip in self.vips.items():
            owner = self.election.owners[address]
            need(owner is None or owner in {one.node for one in vip.candidates or ()}, "an owner that is no candidate")
            need((owner == "node1") == (address in self.election.mine), "an owner that does not know it")
            need(self.owners[address] == owner, "an owner that nobody was told of")

    def put(self, address: bytes, order: tuple[str, ...] | None) -> None:
        """An address comes, changes or goes."""
        vip = None if order is None else Vip((), tuple(Candidate(name, ()) for name in order))
        if vip is None:
            self.vips.pop(address, None)
        else:
            self.vips[address] = vip
        self.take(self.election.change({address: vip}, {}, self.now), 0)
        if vip is None:
            self.owners.pop(address, None)
            self.mine.discard(address)


class Elections:
    """The fuzzer."""

    name = "election"
    packages = ("election/election.py", "election/liveness.py", "election/choice.py")

    def case(self, chance: random.Random) -> list[Step]:
        steps: list[Step] = [["begin"]]
        for _unused in range(chance.randint(5, 60)):
            kind = chance.randrange(20)
            if kind < 14:
                flags = [chance.random() < share for share in (0.9, 0.1, 0.1, 0.9, 0.1)]
                lacks = [name for name in NAMES if chance.random() < 0.2]
                number, echo = chance.randint(0, 9), chance.choice(("right", "right", "old", "none"))
                steps.append(["beat", chance.choice(OTHERS), chance.randint(1, 3), number, echo, flags, lacks])
            elif kind == 14:
                steps.append(["octets", mutate.octets(chance, 200).hex()])
            elif kind < 18:
                steps.append(["time", chance.choice((0.001, 0.1, 0.2, 0.6, 1.0, 30.0, 400.0))])
            else:
                steps.append(["put", chance.randrange(len(ADDRESSES)), chance.choice([None, *range(len(ORDERS))])])
        return steps

    def play(self, steps: Iterable[Step]) -> Iterator[int]:
        world = World()
        world.take(world.election.change({}, {name: Node((), True) for name in OTHERS}, world.now), 0)
        for number, address in enumerate(ADDRESSES):
            world.put(address, ORDERS[number % len(ORDERS)])
        world.take(world.election.interfaces(["eth0"], [], True, world.now), 0)
        world.take(world.election.begin(world.now), 0)
        for verb, *arguments in steps:
            if verb == "beat":
                data = self._beat(world, *arguments)
                again = world.election.counts.received.get(arguments[0], 0)
                world.take(world.election.received(data, "10.0.1.12", world.now), 4)
                counted = world.election.counts.received.get(arguments[0], 0)
                world.take(world.election.received(data, "10.0.1.12", world.now), 4)
                need(world.election.counts.received.get(arguments[0], 0) == counted <= again + 1, "it counted twice")
                yield len(data)
            elif verb == "octets":
                data = bytes.fromhex(arguments[0])
                world.take(world.election.received(data, "10.0.1.66", world.now), 0)
                yield len(data)
            elif verb == "time":
                self._pass(world, arguments[0])
            elif verb == "put":
                order = None if arguments[1] is None else ORDERS[arguments[1]]
                world.put(ADDRESSES[arguments[0]], order)

    def _beat(
        self, world: World, sender: str, incarnation: int, sequence: int, echo: str, flags: list[bool], lacks: list[str]
    ) -> bytes:
        heard = world.told.get(sender)
        right = world.election.peers[sender].challenge
        answer = right if echo == "right" else heard.challenge if heard is not None and echo == "old" else bytes(8)
        serving, drained, leaving, is_open, blind = flags
        beat = Beat(
            sender, mark("node1"), incarnation, sequence, b"theirs..", answer, 600, serving, drained, leaving, is_open,
            blind, ("eth0",), (), frozenset(map(mark, lacks)),
        )  # fmt: skip
        return encode(beat, KEY)

    def _pass(self, world: World, seconds: float) -> None:
        end = world.now + min(seconds, 5.0)
        while (at := world.election.next) is not None and at <= end:
            world.now = max(world.now, at)
            world.take(world.election.due(world.now), len(OTHERS))
        world.now = end
        if seconds > 5.0:
            world.now += seconds
            world.take(world.election.due(world.now), len(OTHERS))
