# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole clusters of elections on a network of the test's own, with its own time: nobody waits for a clock here.

What holds in all of them: once everything is quiet, each address has the one owner that the order of its candidates
gives; and while something fails, it never goes without an owner for longer than the detection and what is on its way.
"""

from __future__ import annotations

import heapq
import itertools
import random
from typing import Any

import pytest

from dualstack_speaker.base.model import Candidate, Node, Vip
from dualstack_speaker.base.outputs import Note
from dualstack_speaker.election.election import Election
from dualstack_speaker.election.outputs import Owners, Settings, Transmit

INTERVAL, MULTIPLIER = 0.2, 3
DETECTION = INTERVAL * MULTIPLIER
DELAY = 0.0005  # seconds on the way
KEYS = (b"k" * 32,)
NODES = [f"node{number}" for number in range(1, 6)]
READY = Node((b"\x0a\0\1\x0b",), True)


def vips(names: list[str], count: int = 6) -> dict[bytes, Vip | None]:
    """Addresses of both families, each with an order of its own."""
    orders = list(itertools.islice(itertools.cycle(itertools.permutations(names)), count * 5))[::5]
    addresses = [bytes((10, 0, 1, number)) if number % 2 else bytes(15) + bytes((number,)) for number in range(count)]
    return {
        address: Vip((), tuple(Candidate(name, ()) for name in order[:8])) for address, order in zip(addresses, orders)
    }


class Network:
    """Nodes, what is on its way between them, and the time."""

    def __init__(self, names: list[str], seed: int = 1, wanted: dict[bytes, Vip | None] | None = None) -> None:
        self.now = 1000.0
        self.names = names
        self.chance = random.Random(seed)
        self.wanted = vips(names) if wanted is None else wanted
        self.up: dict[str, Election] = {}
        self.mine: dict[str, set[bytes]] = {}
        self.cut: set[tuple[str, str]] = set()  # (from, to) that do not reach each other
        self.loss = 0.0
        self.told: list[tuple[str, Note]] = []
        self.sent: list[tuple[str, bytes]] = []  # everything that was ever on its way: (to, octets)
        self._way: list[tuple[float, int, str, str, bytes]] = []
        self._number = 0
        self.dark: dict[bytes, float] = {}  # since when an address has no owner
        self.longest = 0.0

    def start(self, name: str, **memory: Any) -> Election:
        """A process begins, perhaps with what the one before knew."""
        settings = Settings(name, INTERVAL, MULTIPLIER)
        election = Election(
            settings, self.chance.getrandbits(64), lambda: self.chance.getrandbits(64).to_bytes(8, "big")
        )
        election.keys = KEYS
        self.up[name], self.mine[name] = election, set()
        self.do(name, election.interfaces(["eth0"], [b"\2\0\0\0\0" + name[-1:].encode()], True, self.now))
        self.do(name, election.change(self.wanted, {other: READY for other in self.names if other != name}, self.now))
        if memory:
            self.do(name, election.remember(memory, self.now))
        self.do(name, election.begin(self.now))
        return election

    def start_all(self) -> None:
        """All processes begin, and find each other."""
        for name in self.names:
            self.start(name)
        self.run(3.0)

    def kill(self, name: str) -> dict[str, Any]:
        """A process is gone; what it had noted."""
        return self.up.pop(name).export()

    def do(self, name: str, outputs: Any) -> None:
        """Performs what a node puts out."""
        for output in outputs:
            if isinstance(output, Transmit):
                self.sent.append((output.node, output.data))
                if (name, output.node) not in self.cut and self.chance.random() >= self.loss:
                    self._number += 1
                    at = self.now + DELAY * (1 + self.chance.random())
                    heapq.heappush(self._way, (at, self._number, name, output.node, output.data))
            elif isinstance(output, Owners):
                self.mine[name] -= output.changes.keys()
                self.mine[name] |= output.mine
            else:
                self.told.append((name, output))

    def run(self, seconds: float) -> None:
        """Lets time pass."""
        end = self.now + seconds
        while True:
            moments = [(election.next, name) for name, election in self.up.items() if election.next is not None]
            due = min(((at, name) for at, name in moments if at is not None), default=(end, ""))
            arriving = self._way[0][0] if self._way else end
            at = min(due[0], arriving)
            if at >= end:
                break
            self.now = max(self.now, at)
            if arriving <= due[0]:
                _at, _number, _by, to, data = heapq.heappop(self._way)
                if to in self.up:
                    self.do(to, self.up[to].received(data, "10.0.1.1", self.now))
            else:
                self.do(due[1], self.up[due[1]].due(self.now))
            self._look()
        self.now = end
        self._look()

    def _look(self) -> None:
        owned = set().union(*(self.mine[name] for name in self.up)) if self.up else set()
        for address in self.wanted:
            if address in owned:
                self.longest = max(self.longest, self.now - self.dark.pop(address, self.now))
            else:
                self.dark.setdefault(address, self.now)

    def owners(self, address: bytes) -> list[str]:
        """Who answers."""
        return [name for name in self.names if name in self.up and address in self.mine[name]]

    def settled(self, without: set[str] = frozenset()) -> None:  # type: ignore[assignment]
        """Every address has the owner that its order gives, and everybody knows."""
        for address, vip in self.wanted.items():
            assert vip is not None and vip.candidates is not None
            there = [one.node for one in vip.candidates if one.node in self.up and one.node not in without]
            assert self.owners(address) == there[:1], (address, self.owners(address), there)
            assert {self.up[name].owners[address] for name in self.up} == set(there[:1])


def test_all_agree_and_only_the_next_in_line_takes_over() -> None:
    """MetalLB 5.2 membership: gossip on TCP and UDP 7946, AES by a Secret; 5.8 to 6.8 s until another node answers."""
    net = Network(NODES)
    net.start_all()
    net.settled()
    before = {address: net.owners(address) for address in net.wanted}
    net.longest = 0.0
    net.kill("node1")
    net.run(2.0)
    net.settled()
    assert DETECTION - INTERVAL <= net.longest <= DETECTION + INTERVAL
    for address, owner in before.items():
        assert net.owners(address) == owner or owner == ["node1"]


def test_a_restart_within_the_detection_time_moves_nothing() -> None:
    """MetalLB 5.2 restart: the VIP moves away and back."""
    net = Network(NODES[:3])
    net.start_all()
    before = {name: set(net.mine[name]) for name in net.names}
    net.told.clear()
    for _unused in range(3):
        for name in net.names:
            memory = net.kill(name)
            net.run(0.3)
            others = {other: set(net.mine[other]) for other in net.names if other != name}
            assert others == {other: before[other] for other in others}
            net.start(name, **memory)
            assert net.mine[name] == before[name], "it goes on at once"
            net.run(0.3)
    net.run(1.0)
    assert net.mine == before and not [note for _name, note in net.told if note.fields.get("state") == "silent"]


def test_who_begins_listens_before_it_takes_what_others_have() -> None:
    net = Network(NODES[:3])
    net.start_all()
    net.kill("node1")
    net.run(2.0)
    net.start("node1")
    assert not net.mine["node1"]
    net.run(0.01)
    assert not net.mine["node1"], "it is held back, for it was silent"
    net.longest = 0.0
    net.run(3.0)
    net.settled()
    assert net.longest < 0.05


def test_alone_it_waits_for_those_that_are_ready_and_takes_what_is_its_own() -> None:
    """Where nobody was ever heard, who is ready counts: heartbeats may not get through at all."""
    net = Network(NODES[:3])
    net.start("node2")
    net.run(5.0)
    for address, vip in net.wanted.items():
        assert vip is not None and vip.candidates is not None
        assert (address in net.mine["node2"]) == (vip.candidates[0].node == "node2")
    net.start("node3")
    net.run(2.0)
    net.settled()


def test_a_node_that_joins_counts_from_its_first_heartbeat_on() -> None:
    """MetalLB 5.1: a node without a live speaker is no candidate."""
    net = Network(NODES[:3])
    net.start("node1")
    net.start("node2")
    net.run(3.0)
    net.settled()
    net.longest = 0.0
    net.start("node3")
    net.run(3.0)
    net.settled()
    assert net.longest < 0.05


def test_who_leaves_says_so_and_the_next_one_has_it_at_once() -> None:
    net = Network(NODES[:3])
    net.start_all()
    net.longest = 0.0
    net.do("node1", net.up["node1"].leave(net.now))
    net.run(0.1)
    net.settled(without={"node1"})
    assert net.longest < 0.01
    net.kill("node1")
    net.run(5.0)
    net.start("node1")
    net.run(1.0)
    net.settled()


@pytest.mark.parametrize("drained", [["node1"], ["node1", "node2"], ["node1", "node2", "node3"]])
def test_a_drained_node_answers_only_where_nobody_else_can(drained: list[str]) -> None:
    net = Network(NODES[:3])
    net.start_all()
    net.longest = 0.0
    for name in drained:
        net.do(name, net.up[name].drain(True, net.now))
    net.run(1.0)
    net.settled(without=set(drained) if len(drained) < 3 else set())
    for name in drained:
        net.do(name, net.up[name].drain(False, net.now))
    net.run(1.0)
    net.settled()
    assert net.longest < 0.05


@pytest.mark.parametrize("who", NODES[:3])
@pytest.mark.parametrize("deaf", NODES[:3])
def test_loss_in_one_direction_leaves_one_owner(who: str, deaf: str) -> None:
    """The one that is not heard is told so, and lets the other one have what that has taken over."""
    if who == deaf:
        return
    net = Network(NODES[:3])
    net.start_all()
    net.told.clear()
    net.cut.add((who, deaf))
    net.run(2.0)
    for address in net.wanted:
        assert len(net.owners(address)) == 1
    assert [note.kind for name, note in net.told if name == who].count("node does not hear us") == 1
    net.cut.clear()
    net.longest = 0.0
    net.run(5.0)
    net.settled()
    assert net.longest < 0.05


def test_cut_in_two_each_part_has_owners_and_they_agree_again_afterwards() -> None:
    net = Network(NODES)
    net.start_all()
    parts = ({"node1", "node4"}, {"node2", "node3", "node5"})
    net.cut = {(a, b) for a in NODES for b in NODES if a != b and not any({a, b} <= part for part in parts)}
    net.longest = 0.0
    net.run(2.0)
    for address in net.wanted:
        assert len(net.owners(address)) == 2 and all(set(net.owners(address)) & part for part in parts)
    net.cut.clear()
    net.run(5.0)
    net.settled()
    assert net.longest <= DETECTION + INTERVAL


def test_who_was_cut_off_from_all_does_not_hold_them_back() -> None:
    net = Network(NODES[:4])
    net.start_all()
    net.cut = {pair for other in NODES[1:4] for pair in (("node1", other), (other, "node1"))}
    net.run(2.0)
    net.cut.clear()
    net.run(0.3)
    assert not [name for name, peer in net.up["node1"].peers.items() if not peer.counts]
    assert all(len(net.owners(address)) == 1 for address in net.wanted)
    net.run(3.0)
    net.settled()


def test_a_process_that_stood_still_takes_nobody_for_silent() -> None:
    net = Network(NODES[:3])
    net.start_all()
    still, mine = net.up.pop("node2"), set(net.mine["node2"])
    net.run(3.0)
    assert still.settings is not None
    net.up["node2"] = still
    net.do("node2", still.due(net.now))
    assert net.mine["node2"] <= mine
    net.run(3.0)
    net.settled()


def test_what_is_new_does_not_wait_for_a_node_whose_speaker_is_away() -> None:
    """MetalLB 5.1: no live speaker, no candidate. Ours goes on with what it knows, and is not relied on for more."""
    names = NODES[:3]
    old, new, later = (b"\x0a\0\1" + bytes((last,)) for last in (1, 2, 3))
    order = Vip((), tuple(Candidate(name, ()) for name in names))
    turned = Vip((), tuple(Candidate(name, ()) for name in ("node2", "node1", "node3")))
    net = Network(names, wanted={old: order, later: turned})
    net.start_all()
    net.do("node1", net.up["node1"].blind(True, net.now))
    net.run(0.1)
    net.wanted = {**net.wanted, new: order, later: order}  # of which node1 hears nothing
    for name in ("node2", "node3"):
        net.do(name, net.up[name].change({new: order, later: order}, {}, net.now))
    net.longest = 0.0
    net.run(1.0)
    assert {address: net.owners(address) for address in net.wanted} == {
        old: ["node1"],
        new: ["node2"],
        later: ["node2"],
    }
    assert net.longest < 0.05
    memory = net.kill("node2")
    net.run(0.3)
    net.start("node2", **memory)
    assert new in net.mine["node2"], "also after a restart"
    net.do("node1", net.up["node1"].change({new: order, later: order}, {}, net.now))
    net.do("node1", net.up["node1"].blind(False, net.now))
    net.run(1.0)
    net.settled()
    assert net.longest < 0.5


def test_without_carrier_the_next_one_answers() -> None:
    """MetalLB 5.1: the winner without its interface leaves the address dark; ours is no candidate then."""
    net = Network(
        NODES[:3], wanted={b"\x0a\0\1\1": Vip(("eth1",), tuple(Candidate(name, ("eth1",)) for name in NODES[:3]))}
    )
    net.start_all()
    (address,) = net.wanted
    assert net.owners(address) == []
    for name in ("node2", "node3"):
        net.do(name, net.up[name].interfaces(["eth0", "eth1"], [], True, net.now))
    net.run(0.1)
    assert net.owners(address) == ["node2"]
    net.do("node2", net.up["node2"].interfaces(["eth0"], [], True, net.now))
    net.run(0.1)
    assert net.owners(address) == ["node3"]


def test_a_flapping_link_moves_less_and_less() -> None:
    net = Network(NODES[:3], wanted=vips(NODES[:3], 1))
    net.start_all()
    (address,) = net.wanted
    link = {pair for other in NODES[1:3] for pair in (("node1", other), (other, "node1"))}
    moves = []
    for _unused in range(12):
        net.cut = set(link)
        net.run(1.0)
        net.cut = set()
        net.run(2.0)
        moves.append("node1" in net.owners(address))
    assert moves[0] and not any(moves[4:])
    net.run(120.0)
    net.settled()


def test_repeated_and_foreign_heartbeats_keep_nobody_alive() -> None:
    net = Network(NODES[:3])
    net.start_all()
    heard = [data for to, data in net.sent if to == "node2"]
    net.kill("node1")
    foreign = Election(Settings("node1", INTERVAL, MULTIPLIER), 1, lambda: bytes(8))
    foreign.keys = (b"another key than theirs",)
    foreign.change(net.wanted, {"node2": READY}, net.now)
    for _unused in range(20):
        made = [output.data for output in foreign.due(net.now) if isinstance(output, Transmit)]
        for data in [*heard, *made]:
            net.do("node2", net.up["node2"].received(data, "10.0.1.66", net.now))
        foreign.change({}, {}, net.now)
        net.run(0.1)
    net.settled()
    counts = net.up["node2"].counts
    assert counts.refused["node1"]["replayed"] > 0 and counts.strange["wrong key"] > 0
    assert any(note.kind == "heartbeat refused" and note.fields["reason"] == "wrong key" for _name, note in net.told)


def test_keys_change_one_node_after_the_other_without_a_silence() -> None:
    net = Network(NODES[:3])
    net.start_all()
    net.told.clear()
    old, new = KEYS[0], b"n" * 32
    for keys in ((old, new), (new, old), (new,)):
        for name in net.names:
            net.up[name].keys = keys
            net.run(1.0)
    net.settled()
    assert net.told == [] and not net.up["node1"].counts.strange


def test_another_process_goes_on() -> None:
    net = Network(NODES[:3])
    net.start_all()
    before = {name: set(net.mine[name]) for name in net.names}
    net.told.clear()
    for name in net.names:
        old = net.up[name]
        new = Election(old.settings, 1, lambda: net.chance.getrandbits(64).to_bytes(8, "big"))
        new.keys = KEYS
        new.change(net.wanted, {other: READY for other in net.names if other != name}, net.now)
        out = new.adopt(old.export(), net.now)
        (owners,) = [output for output in out if isinstance(output, Owners)]
        assert owners.mine == before[name]
        net.up[name] = new
        net.run(1.0)
    assert net.mine == before and net.told == []


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_every_address_has_an_owner_soon(seed: int) -> None:
    """Kills, restarts, stops, drains, cuts of single directions, loss; one trouble after the other."""
    net = Network(NODES[:4], seed)
    net.start_all()
    net.settled()
    memories: dict[str, dict[str, Any]] = {}
    for _unused in range(25):
        net.dark.clear()
        net.longest = 0.0
        name, other = net.chance.sample(net.names, 2)
        what = net.chance.choice(["kill", "back", "cut", "heal", "drain", "undrain", "loss", "stop"])
        if what in ("kill", "stop") and name in net.up and len(net.up) > 1:
            if what == "stop":
                net.do(name, net.up[name].leave(net.now))
                net.run(0.05)
            memories[name] = net.kill(name)
        elif what == "back" and name not in net.up:
            net.start(name)
        elif what == "cut":
            net.cut.add((name, other))
        elif what == "heal":
            net.cut.clear()
        elif what in ("drain", "undrain") and name in net.up:
            net.do(name, net.up[name].drain(what == "drain", net.now))
        elif what == "loss":
            net.loss = net.chance.choice([0.0, 0.05])
        net.run(net.chance.choice([0.3, 1.0, 3.0]))
        assert net.longest <= 2 * DETECTION + INTERVAL, what
        if len(net.up) == len(net.names):
            assert not net.dark or max(net.now - since for since in net.dark.values()) < 2 * DETECTION
    net.cut.clear()
    net.loss = 0.0
    for name in net.names:
        if name not in net.up:
            net.start(name)
        net.do(name, net.up[name].drain(False, net.now))
    net.run(130.0)
    net.settled()
