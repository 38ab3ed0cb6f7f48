# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a process hands to the next one: sessions and addresses as they are go on as if nothing had happened, changed
data is refused with an error that the heir expects, or taken and harmless.
"""

from __future__ import annotations

import contextlib
import copy
import json
import random
from collections.abc import Iterable, Iterator
from typing import Any

from fuzz import bgp_octets, bgp_session, mutate
from fuzz.engine import Step
from fuzz.strict_bgp import need

from dualstack_speaker.base.addresses import parse
from dualstack_speaker.base.model import Bfd
from dualstack_speaker.base.outputs import Send
from dualstack_speaker.bfd import packet as bfd_packet
from dualstack_speaker.bfd import session as bfd_session
from dualstack_speaker.bgp.session import Session
from dualstack_speaker.layer2.ownership import Holding, Ownership
from dualstack_speaker.wire.handover.channel import ChannelError, unpack

EXPECTED = (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError)  # what the heir catches
KEYS = [b"\x04\x20\xc0\x00\x02\x01", b"\x04\x20\xc0\x00\x02\x02", b"\x06\x30\x20\x01\x0d\xb8\x00\x01"]
SETTINGS = Bfd(100, 100, 3, False, None)
ADDRESS = parse("10.0.1.1")


def a_session(choice: int, sent: int) -> Session:
    """An established session that has sent some of its routes."""
    peer = bgp_session.peer(choice)._replace(passive=False, families=("ipv4", "ipv6"), next_hop_ipv4=parse("10.0.1.11"))
    peer = peer._replace(peer_asn=64500, dynamic_asn=None)
    session = Session("tor1", peer, lambda: 0.5)
    session.put(KEYS, bgp_session.VALUES[choice % 3])
    session.start(0.0)
    number = session.number
    session.connected(number, 0.0)
    chance = random.Random(choice)
    session.received(number, bgp_octets.plain_open(chance, 64500) + bgp_octets.message(4, b""), 0.0)
    need(session.state.value == "Established", "a session to begin with")
    for _unused in range(sent):
        session.writable(number, 0.5)
    session.received(number, b"\xff" * (choice % 18), 1.0)
    return session


def heir_of(session: Session, data: Any) -> Session:
    """A session of another process that was given this data; one of EXPECTED where it is no good."""
    heir = Session("tor1", session.peer, lambda: 0.5)
    heir.put(KEYS, bgp_session.VALUES[0])
    heir.adopt(data, True)
    return heir


def a_path(steps: int) -> bfd_session.Session:
    """A BFD session that has come some steps towards Up."""
    session = bfd_session.Session("tor1", ADDRESS, SETTINGS, 5, lambda: 0.5)
    session.start(0.0)
    for state in list(bfd_packet.State)[1 : 1 + steps]:
        session.receive(bfd_packet.Control(state, 0, 3, 77, 5, 100_000, 100_000), 0.1)
    return session


def an_address(claims: int) -> Ownership:
    """An address that is held, with claims of others."""
    owning = Ownership(600.0)
    key = (2, parse("10.0.1.200"))
    owning.began(key, 0.0)
    for number in range(claims):
        owning.due(7.0 + 3.5 * number)
        owning.claimed(key, bytes((2, 0, 0, 0, 0, number)), True, 7.1 + 3.5 * number)
    return owning


class Handover:
    """The fuzzer."""

    name = "hand-over"
    packages = ("bgp/session.py", "bgp/connection.py", "bgp/adj_out.py", "bfd/session.py", "layer2/ownership.py")

    def case(self, chance: random.Random) -> list[Step]:
        steps: list[Step] = [["begin"]]
        for _unused in range(chance.randint(1, 8)):
            kind = chance.choice(("bgp", "bgp", "bfd", "layer2", "octets"))
            seed = chance.getrandbits(32) if chance.random() < 0.85 else 0  # 0: as it is
            steps.append([kind, chance.getrandbits(20), chance.randint(0, 5), seed])
        return steps

    def play(self, steps: Iterable[Step]) -> Iterator[int]:
        verbs = {"bgp": self._bgp, "bfd": self._bfd, "layer2": self._layer2, "octets": self._octets}
        for verb, *arguments in steps:
            if verb != "begin":
                yield verbs[verb](*arguments)

    def _bgp(self, choice: int, sent: int, seed: int) -> int:
        session = a_session(choice, sent)
        data, size = _travelled(session.export(), seed)
        try:
            heir = heir_of(session, data)
        except EXPECTED:
            need(seed, "good data is refused")
            return size
        if not seed:
            heir.put(KEYS, bgp_session.VALUES[choice % 3])
            need(heir.state is session.state and heir.snapshot(2.0)[:6] == session.snapshot(2.0)[:6], "the same state")
            need(heir.next_deadline == session.next_deadline, "the same deadlines")
            for moment in (2.0, 4.0, 500.0):
                need(_said(session, moment) == _said(heir, moment), "the same words")
        return size

    def _bfd(self, _choice: int, steps: int, seed: int) -> int:
        session = a_path(steps % 4)
        data, size = _travelled(session.export(), seed)
        heir = bfd_session.Session("tor1", ADDRESS, SETTINGS, 5, lambda: 0.5)
        try:
            heir.adopt(data)
        except EXPECTED:
            need(seed, "good data is refused")
            return size
        if not seed:
            need(heir.snapshot() == session.snapshot(), "the same state")
            need(heir.next_deadline == session.next_deadline, "the same deadlines")
            need(heir.expire(0.4) == session.expire(0.4), "the same words")
        return size

    def _layer2(self, _choice: int, claims: int, seed: int) -> int:
        owning = an_address(claims)
        (held,) = owning.holdings()
        data, size = _travelled(held.export(), seed)
        try:
            found = Holding.adopt(data)
        except EXPECTED:
            need(seed, "good data is refused")
            return size
        if not seed:
            heir = Ownership(600.0)
            heir.resume(found)
            need(heir.next == owning.next and heir.due(100.0) == owning.due(100.0), "goes on")
        return size

    def _octets(self, choice: int, _unused: int, seed: int) -> int:
        chance = random.Random(seed)
        data = mutate.mutate(chance, json.dumps(a_session(choice, 1).export()).encode())
        data = b"[" * 5000 if choice % 50 == 0 else data
        with contextlib.suppress(ChannelError):
            need(isinstance(unpack(data), dict), "an object")
        return len(data)


def _said(session: Session, moment: float) -> list[bytes]:
    """What a session sends when a moment comes."""
    return [output.data for output in session.expire(moment) if isinstance(output, Send)]


def _travelled(value: dict[str, Any], seed: int) -> tuple[Any, int]:
    """The data as it comes out of the channel, changed at random where there is a seed."""
    if seed:
        value = mutate.mutate_tree(random.Random(seed), copy.deepcopy(value))
    text = json.dumps(value)
    return json.loads(text), len(text)
