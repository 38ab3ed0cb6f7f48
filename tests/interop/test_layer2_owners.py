# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three nodes that may answer for a VIP: who does when one is killed, cut off, stopped, drained, restarted, not heard.

What a client is told is asked by raw frames. Detection takes 0.6 s here where nodes are to notice, and ten seconds
where nobody must notice what is done meanwhile.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from interop.nodes import KEY, PORT, VIP, Nodes
from interop.segment import FAMILIES, Tap, answers, question
from interop.stage import ip
from processes import until

both = pytest.mark.parametrize("family", FAMILIES)
PATIENT = {"interval_ms": 1000, "multiplier": 10}


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Nodes]:
    made = Nodes(tmp_path)
    try:
        made.start()
        made.settled("node1")
        yield made
    finally:
        made.end()


@pytest.fixture
def patient(tmp_path: Path) -> Iterator[Nodes]:
    made = Nodes(tmp_path, heartbeat=PATIENT)
    try:
        made.start()
        made.settled("node1")
        yield made
    finally:
        made.end()


class Questions:
    """A client that asks for both VIPs again and again; every question has its answer, or it is lost."""

    def __init__(self, net: Nodes) -> None:
        self._net = net
        self._tap = Tap(net.client)
        self.lost = dict.fromkeys(FAMILIES, 0)
        self.asked = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Questions:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()
        self._tap.close()

    def _ask(self) -> None:
        while not self._over.is_set():
            self.asked += 1
            for family, address in VIP.items():
                self._tap.heard.clear()
                self._tap.send(question(self._tap.mac, self._net.client, address))
                if not self._answered(address):
                    self.lost[family] += 1

    def _answered(self, address: str) -> bool:
        deadline = time.monotonic() + 0.5
        while time.monotonic() < deadline:
            if any(answers(frame, address, self._tap.mac) for frame in self._tap.listen()):
                return True
            time.sleep(0.001)
        return False


def owner_of(net: Nodes, tap: Tap, address: str) -> str:
    """The node whose MAC a client is told."""
    mac = tap.ask(net.client, address)[6:12].hex(":")
    (name,) = [name for name, host in net.hosts.items() if host.mac == mac]
    return name


@pytest.fixture
def tap(net: Nodes) -> Iterator[Tap]:
    made = Tap(net.client)
    yield made
    made.close()


def test_killed_for_good_the_next_in_line_takes_over(net: Nodes, tap: Tap) -> None:
    net.wires["node1"].stop(signal.SIGKILL)
    net.settled("node2", "node2", "node3")
    for address in VIP.values():
        assert owner_of(net, tap, address) == "node2"
    assert net.status("node3")["nodes"]["node1"]["state"] == "silent"
    assert "event=answering" not in net.wires["node3"].log.read_text()
    net.start("node1")
    net.settled("node1")
    for address in VIP.values():
        assert owner_of(net, tap, address) == "node1"


def test_who_is_the_only_one_that_may_answers(tmp_path: Path) -> None:
    """MetalLB: an advertisement for a single node is announced by that node."""
    net = Nodes(tmp_path, names=("node1",))
    try:
        net.start()
        net.settled("node1")
        client = Tap(net.client)
        for address in VIP.values():
            assert owner_of(net, client, address) == "node1"
        client.close()
    finally:
        net.end()


def test_cut_off_the_next_in_line_takes_over_and_gives_back(net: Nodes, tap: Tap) -> None:
    net.unplug("node1")
    net.settled("node2", "node2", "node3")
    for address in VIP.values():
        assert owner_of(net, tap, address) == "node2"
    net.plug("node1")
    net.settled("node1")
    for address in VIP.values():
        assert owner_of(net, tap, address) == "node1"
        for name in net.names:
            assert net.links[name].layer2(address)["conflicts"] == {}


def test_a_planned_stop_loses_no_question(net: Nodes) -> None:
    """MetalLB 5.2 stop: leaves the gossip, when it is given the time."""
    with Questions(net) as questions:
        until(lambda: questions.asked > 20, "questions before")
        net.wires["node1"].stop()
        net.settled("node2", "node2", "node3")
        already = questions.asked
        until(lambda: questions.asked > already + 20, "questions afterwards")
    assert questions.lost == {"ipv4": 0, "ipv6": 0}
    assert net.status("node2")["nodes"]["node1"]["state"] in ("leaving", "silent")


def test_a_drain_moves_addresses_and_loses_no_question(net: Nodes) -> None:
    """And where nobody else is left, a drained node goes on answering."""
    with Questions(net) as questions:
        until(lambda: questions.asked > 20, "questions before")
        assert net.links["node1"].ask("drain", on=True, delay=60)["ok"]
        net.settled("node2")
        assert net.status("node2")["nodes"]["node1"]["drained"]
        for name in ("node2", "node3"):
            assert net.links[name].ask("drain", on=True, delay=60)["ok"]
        net.settled("node1")
        for name in net.names:
            assert net.links[name].ask("drain", on=False, delay=0)["ok"]
        net.settled("node1")
    assert questions.lost == {"ipv4": 0, "ipv6": 0}


def test_what_was_known_of_others_outlives_a_kill(patient: Nodes) -> None:
    """MetalLB: a speaker that restarts knows nobody until it has joined the others again."""
    others = ("node1", "node3")
    for name in others:
        patient.wires[name].process.send_signal(signal.SIGSTOP)  # nothing new is heard of them
    try:
        patient.wires["node2"].stop(signal.SIGKILL)
        patient.wires["node2"].start()
        patient.links["node2"] = patient.wires["node2"].link()
        seen = patient.status("node2")["nodes"]
        assert {name: seen[name]["state"] for name in others} == dict.fromkeys(others, "alive")
        assert patient.owners("node2") == {"node1"} and patient.answering(["node2"]) == []
    finally:
        for name in others:
            patient.wires[name].process.send_signal(signal.SIGCONT)


def test_a_restart_moves_nothing(patient: Nodes) -> None:
    """``kill -9`` and a new process: it goes on at once, and nobody takes over."""
    before = {name: len(patient.wires[name].log.read_text()) for name in patient.names}
    for name in patient.names:
        patient.wires[name].stop(signal.SIGKILL)
        patient.wires[name].start()
        patient.links[name] = patient.wires[name].link()
        assert patient.owners(name) == {"node1"}
        patient.settled("node1")
    since = {name: patient.wires[name].log.read_text()[length:] for name, length in before.items()}
    for name in patient.names:
        assert since[name] and "state=silent" not in since[name]
    for name in ("node2", "node3"):
        assert "event=answering" not in since[name]


def test_a_process_that_takes_over_knows_who_is_alive(patient: Nodes) -> None:
    for name in patient.names:
        heard = patient.status(name)["nodes"]
        patient.wires[name].upgrade()
        patient.links[name] = patient.wires[name].link()
        after = patient.status(name)["nodes"]
        assert {other: entry["state"] for other, entry in after.items()} == dict.fromkeys(heard, "alive")
        assert all(after[other]["received"] >= entry["received"] for other, entry in heard.items())
        assert patient.owners(name) == {"node1"}
    patient.settled("node1")
    for name in patient.names:
        log = patient.wires[name].log.read_text()
        assert "state=silent" not in log and log.count("state=alive") == 2


def test_repeated_and_foreign_heartbeats_are_refused(net: Nodes) -> None:
    """What node1 sent to node2 while it lived, and what somebody without the key makes up."""
    tap = Tap(net.hosts["node2"])
    port = PORT.to_bytes(2, "big")

    def heartbeats() -> list[bytes]:
        return [frame for frame in tap.listen() if b"DSHB" in frame and frame[6:12].hex(":") == net.hosts["node1"].mac]

    until(lambda: len(heartbeats()) > 6, "heartbeats of node1")
    recorded = [frame[frame.index(b"DSHB") :] for frame in heartbeats()]
    assert all(port in frame[:64] for frame in heartbeats()) and {frame[12:14] for frame in heartbeats()} == {
        b"\x08\x00",
        b"\x86\xdd",
    }
    tap.close()
    net.wires["node1"].stop(signal.SIGKILL)
    target = net.hosts["node2"]
    forged = [data[:-1] + bytes((data[-1] ^ 1,)) for data in recorded]
    over = threading.Event()
    program = (
        "import socket, sys, json, time\n"
        "for address, octets in json.load(sys.stdin):\n"
        "    kind = socket.AF_INET6 if ':' in address else socket.AF_INET\n"
        f"    socket.socket(kind, socket.SOCK_DGRAM).sendto(bytes.fromhex(octets), (address, {PORT}))\n"
    )
    words = [(address, data.hex()) for data in [*recorded, *forged] for address in (target.ipv4, target.ipv6)]

    def repeat() -> None:
        while not over.wait(0.05):
            feed(net, program, json.dumps(words))

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        net.settled("node2", "node2", "node3")
        refused = until(lambda: net.status("node2")["nodes"]["node1"]["refused"].get("replayed"), "what was refused")
        assert refused > 0
        until(lambda: net.status("node2")["heartbeat"]["refused"].get("wrong key"), "what was forged")
        assert net.status("node2")["nodes"]["node1"]["state"] == "silent"
    finally:
        over.set()
        thread.join()


def feed(net: Nodes, program: str, text: str) -> None:
    """Runs a program on the client."""
    subprocess.run([*net.client.prefix, sys.executable, "-S", "-c", program], input=text, text=True, check=True)


def test_not_heard_by_one_it_lets_that_one_answer(net: Nodes, tap: Tap) -> None:
    """Loss in one direction: node2 does not hear node1, which hears that from node2."""
    net.mute("node1", "node2")
    until(lambda: net.answering() == ["node2"] and net.owners("node1") == {"node2"}, "node2 alone")
    assert net.status("node1")["nodes"]["node2"]["hears_us"] is False
    for address in VIP.values():
        assert owner_of(net, tap, address) == "node2"
    net.mute("node1", "node2", on=False)
    net.settled("node1")


def test_cut_heartbeats_leave_nothing_to_nobody_and_are_told(tmp_path: Path) -> None:
    """Heartbeats are lost in both directions, ARP and NDP are not: both answer, and each names the other."""
    made = Nodes(tmp_path, ["node1", "node2"])
    try:
        made.start()
        made.settled("node1")
        for by, to in (("node1", "node2"), ("node2", "node1")):
            made.mute(by, to)
        until(lambda: made.answering() == ["node1", "node2"], "both")
        until(
            lambda: all(
                f"address={vip} mac={made.hosts['node1'].mac} node=node1" in made.wires["node2"].log.read_text()
                for vip in VIP.values()
            ),
            "the conflict with the other node's name",
        )
        for by, to in (("node1", "node2"), ("node2", "node1")):
            made.mute(by, to, on=False)
        made.settled("node1")
    finally:
        made.end()


def test_what_is_new_does_not_wait_for_a_node_whose_speaker_is_away(net: Nodes, tap: Tap) -> None:
    net.links["node1"].close()
    until(lambda: net.status("node2")["nodes"]["node1"]["blind"], "node1 without a speaker")
    fresh = {"ipv4": "10.0.1.201", "ipv6": "2001:db8:dc:1::201"}
    added = {vip: {"interfaces": [], "candidates": [[name, []] for name in net.names]} for vip in fresh.values()}
    for name in ("node2", "node3"):
        net.links[name].delta(layer2=added)
    for family in FAMILIES:
        assert owner_of(net, tap, fresh[family]) == "node2"
        assert owner_of(net, tap, VIP[family]) == "node1"
    net.links["node1"] = net.wires["node1"].link()
    net.links["node1"].full(layer2={**net.layer2(), **added}, nodes=net.others("node1"))
    net.settled("node1")
    for family in FAMILIES:
        assert owner_of(net, tap, fresh[family]) == "node1"


def test_without_heartbeats_who_is_ready_counts(tmp_path: Path) -> None:
    """MetalLB 5.1.4, 12.10."""
    made = Nodes(tmp_path, heartbeat=None)
    try:
        made.start()
        until(lambda: made.answering() == ["node1"], "node1 alone")
        for name in ("node2", "node3"):
            made.links[name].delta(nodes={"node1": {"addresses": [], "ready": False}})
        made.wires["node1"].stop(signal.SIGKILL)
        until(lambda: made.answering() == ["node2"], "node2 alone")
        assert made.status("node2")["heartbeat"] is None and made.status("node2")["nodes"] == {}
    finally:
        made.end()


def test_without_carrier_the_next_in_line_answers(net: Nodes) -> None:
    host = net.hosts["node1"]
    ip("-n", host.switch, "link", "set", host.port, "down")
    net.settled("node2", "node2", "node3")
    ip("-n", host.switch, "link", "set", host.port, "up")
    net.settled("node1")


def test_a_key_is_changed_while_all_goes_on(patient: Nodes) -> None:
    other = KEY[::-1]
    for keys in ((KEY, other), (other, KEY), (other,)):
        patient.put_key(*keys)
        count = len(keys)
        for name in patient.names:
            words = f'event="heartbeat keys" path={patient.key} keys={count}'
            seen = 1 + (1 if keys == (other, KEY) else 0) if count == 2 else 2
            until(lambda n=name, w=words, s=seen: patient.wires[n].log.read_text().count(w) >= s, "the new keys")
        before = received(patient)
        until(lambda b=before: all(now >= b[pair] + 2 for pair, now in received(patient).items()), "heartbeats since")
    patient.settled("node1")
    for name in patient.names:
        assert "wrong key" not in patient.status(name)["heartbeat"]["refused"]
        assert "state=silent" not in patient.wires[name].log.read_text()


def received(net: Nodes) -> dict[tuple[str, str], int]:
    """How many heartbeats each node has of each other one."""
    return {
        (name, other): entry["received"] for name in net.names for other, entry in net.status(name)["nodes"].items()
    }


def test_a_subscriber_is_told_of_new_owners(net: Nodes) -> None:
    link = net.links["node3"]
    assert link.ask("subscribe")["ok"]
    first = link.answer()
    nodes = first.pop("nodes", {})
    assert first == {"op": "news", "owners": dict.fromkeys(VIP.values(), "node1"), "sessions": {}}
    while set(nodes) != {"node1", "node2"}:
        nodes = link.answer().get("nodes", nodes)
    assert all(node["open"] and node["interfaces"] for node in nodes.values())
    net.wires["node1"].stop(signal.SIGKILL)
    told: dict[str, str] = {}
    while told != dict.fromkeys(VIP.values(), "node2"):
        news = link.answer()
        assert news["op"] == "news" and news["sessions"] == {}
        told.update(news["owners"])


def test_a_port_that_is_taken_is_told_and_tried_again(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("0.0.0.0", 0))
        made = Nodes(tmp_path, ["node1"], heartbeat={"port": sock.getsockname()[1]})
        wire = made.wires["node1"]
        wire.command = wire.command[4:]  # in the namespace of the test, where the port is taken
        try:
            wire.start()
            made.links["node1"] = wire.link()
            made.links["node1"].full(nodes={"node2": {"addresses": ["127.0.0.2"], "ready": True}})
            assert made.status("node1")["heartbeat"]["error"] == "ipv4: address already in use"
            sock.close()
            until(lambda: made.status("node1")["heartbeat"]["error"] == "", "the port")
        finally:
            made.end()
