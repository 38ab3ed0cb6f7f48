# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking over from a running wire, without peers: what is handed on, and that either side may die at any step."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from processes import Link, Wire, until

from dualstack_speaker.link import journal
from dualstack_speaker.wire.handover.channel import Channel, ChannelError, pack, unpack

STEPS = ["connected", "asked", "told the state", "built", "adopted"]
PATHS = [{"peers": ["ipv4", "ipv6"], "communities": [], "large_communities": [], "local_preference": None}]
ENDS = {"ipv4": "127.0.0.1", "ipv6": "::1"}


@pytest.fixture
def link(wire: Wire, closed_port: int) -> Link:
    """The link of a wire with peers over both transports that are never there, and a prefix of each family."""
    peers = {
        transport: {
            "local_asn": 64512, "peer_asn": 64500, "address": address, "port": closed_port, "source_address": None,
            "router_id": "10.0.1.11", "hold_time": 9, "keepalive_time": 3, "connect_retry": 1, "password": "s3cret",
            "families": ["ipv4", "ipv6"], "next_hop": {"ipv4": "10.0.1.11", "ipv6": "2001:db8::11"}, "multihop": False,
        }
        for transport, address in ENDS.items()
    }  # fmt: skip
    link = wire.link()
    link.full(peers=peers, routes=dict.fromkeys(("192.0.2.1/32", "2001:db8:1::1/128"), PATHS))
    return link


def handover(wire: Wire) -> Path:
    return Path(f"{wire.path}.handover")


def status(wire: Wire) -> dict[str, Any]:
    found: dict[str, Any] = wire.link().ask("status")["status"]
    return found


def saved(wire: Wire) -> int:
    """How many routes the journal holds."""
    return len(journal.load(wire.journal.read_bytes()).routes) if wire.journal.exists() else 0


def works(wire: Wire) -> None:
    """The state is there, and changes are taken and saved."""
    link = wire.link()
    assert list(link.ask("status")["status"]["sessions"]) == ["ipv4", "ipv6"]
    for text in ("198.51.100.1/32", "2001:db8:2::1/128"):
        link.delta(routes={text: PATHS})
    until(lambda: saved(wire) == 4, "the change in the journal")
    for text in ("198.51.100.1/32", "2001:db8:2::1/128"):
        link.delta(routes={text: None})


def test_only_the_owner_may_ask(wire: Wire) -> None:
    assert stat.S_IMODE(os.stat(handover(wire)).st_mode) == 0o600


def test_the_state_the_sockets_and_the_journal_go_on(wire: Wire, link: Link) -> None:
    before = os.stat(wire.path).st_ino
    for _unused in range(3):
        wire.upgrade()
        assert os.stat(wire.path).st_ino == before
        works(wire)
    assert link.answer() == {}, "who was connected connects again"
    assert "s3cret" not in wire.log.read_text()
    assert wire.stop() is None
    assert not wire.path.exists() and not handover(wire).exists()
    assert wire.log.read_text().endswith("level=info event=stopped\n")


def test_nothing_before_the_first_state(wire: Wire) -> None:
    wire.upgrade()
    assert status(wire)["synced"] is False
    wire.link().full()
    assert status(wire)["synced"] is True


@pytest.mark.parametrize("annotation", [False, True])
@pytest.mark.parametrize(("delay", "phase"), [(3600, "told"), (0, "withdrawn")])
def test_a_drain_goes_on(delay: int, phase: str, annotation: bool, wire: Wire, link: Link) -> None:
    assert link.ask("drain", on=True, delay=delay, annotation=annotation)["ok"]
    wire.upgrade()
    assert status(wire)["drain"] == phase
    assert status(wire)["drain_by_annotation"] is annotation
    assert wire.link().ask("drain", on=False, delay=0)["ok"]
    wire.upgrade()
    assert status(wire)["drain"] == "off"


def ask(wire: Wire, step: str) -> socket.socket:
    """A new process that comes as far as a step."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(60)
    sock.connect(str(handover(wire)))
    channel, wanted = Channel(sock), STEPS.index(step)
    if wanted >= 1:
        channel.send(pack({"versions": [1]}))
    if wanted >= 2:
        while channel.receive()[0]:
            pass
    if wanted >= 3:
        channel.send(pack({}))
        for handle in channel.receive()[1]:
            os.close(handle)
    return sock


@pytest.mark.parametrize("step", STEPS[:-1])
def test_a_new_process_that_dies_changes_nothing(step: str, wire: Wire, link: Link) -> None:
    ask(wire, step).close()
    until(lambda: "hand-over failed, going on" in wire.log.read_text(), "its end is noticed")
    works(wire)
    wire.upgrade()
    works(wire)


@pytest.mark.parametrize("step", STEPS[:-1])
def test_an_old_process_that_is_killed_leaves_its_journal(step: str, wire: Wire, link: Link) -> None:
    until(wire.journal.exists, "the journal")
    heir = ask(wire, step)
    wire.stop(signal.SIGKILL)
    heir.close()
    wire.start()
    works(wire)


@pytest.mark.parametrize("step", STEPS[:-1])
def test_a_stop_comes_first(step: str, wire: Wire, link: Link) -> None:
    heir = ask(wire, step)
    assert wire.stop() == 0
    with pytest.raises((ChannelError, OSError)):
        while True:
            Channel(heir).receive()
    heir.close()


class Old(threading.Thread):
    """An old process that dies at a step."""

    def __init__(self, wire: Wire, step: str, header: bytes = journal.HEADER) -> None:
        super().__init__()
        self._header = header
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(handover(wire)))
        self._listener.listen()
        self._wanted = STEPS.index(step)

    def run(self) -> None:
        sock, _unused = self._listener.accept()
        channel = Channel(sock)
        if self._wanted >= 1:
            channel.receive()
        if self._wanted >= 2:
            channel.send(pack({"version": 1, "manager": {}}))
            for record in (self._header, *journal.snapshot(journal.Store().state), b""):
                channel.send(record)
        if self._wanted >= 3:
            channel.receive()
        if self._wanted >= 4:
            channel.send(pack({"frozen_at": 0.0, "engine": {}, "link": 0, "handover": 1}))
        sock.close()
        self._listener.close()


@pytest.mark.parametrize("step", STEPS)
def test_a_new_process_whose_old_one_dies_says_so_and_ends(step: str, tmp_path: Path) -> None:
    wire = Wire(tmp_path)
    old = Old(wire, step)
    old.start()
    done = wire.take_over()
    old.join()
    why = "gave a state that cannot be read: KeyError" if step == "adopted" else "the other process is gone"
    assert (done.returncode, "not taken over, the running process goes on" in done.stderr) == (1, True)
    assert why in done.stderr or "connection reset" in done.stderr or "broken pipe" in done.stderr


def test_nobody_to_take_over_from(tmp_path: Path) -> None:
    wire = Wire(tmp_path)
    done = wire.take_over()
    assert done.returncode == 1
    text = f"not taken over, the running process goes on: no process at {handover(wire)}: no such file or directory\n"
    assert done.stderr == text


def test_another_version_is_refused_and_all_goes_on(wire: Wire, link: Link) -> None:
    with ask(wire, "connected") as sock:
        Channel(sock).send(pack({"versions": [2, 3]}))
        answer = unpack(Channel(sock).receive()[0])
    assert answer == {"refused": "this process hands over as version 1, the new one reads [2, 3]"}
    works(wire)


@pytest.mark.parametrize("said", [b"", b"[]", b"{", b"[" * 100_000, pack({"versions": 1})])
def test_whoever_talks_nonsense_is_left(said: bytes, wire: Wire, link: Link) -> None:
    with ask(wire, "connected") as sock:
        Channel(sock).send(said)
        with pytest.raises((ChannelError, OSError)):
            while True:
                Channel(sock).receive()
    works(wire)


def test_a_journal_of_another_version_is_refused(tmp_path: Path) -> None:
    wire = Wire(tmp_path)
    old = Old(wire, "told the state", b"dualstack-wire-journal 99\n")
    old.start()
    done = wire.take_over()
    old.join()
    assert "it does not begin as a journal of this version" in done.stderr


def test_one_at_a_time(wire: Wire, link: Link) -> None:
    with ask(wire, "told the state"):
        done = wire.take_over()
        assert done.returncode == 1
    until(lambda: "hand-over failed, going on" in wire.log.read_text(), "the first one gave up")
    wire.upgrade()
    works(wire)


@pytest.mark.root
def test_another_user_is_turned_away(wire: Wire, link: Link) -> None:
    """Even where the file would let it."""
    code = (
        "import os, socket; os.setuid(65534); sock = socket.socket(socket.AF_UNIX); "
        "sock.connect('wire.sock.handover'); sock.settimeout(60); print(sock.recv(1) == b'')"
    )
    folder = handover(wire).parent
    os.chmod(folder, 0o711)
    os.chmod(handover(wire), 0o666)
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, capture_output=True, text=True)
    assert done.stdout == "True\n"
    works(wire)


def test_a_service_manager_that_does_not_listen_stops_nothing(tmp_path: Path, wire: Wire) -> None:
    """Signs of life fill its socket; none waits for room."""
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(tmp_path / "notify"))
    wire.stop()
    environment = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "2000"}
    environment.pop("WATCHDOG_PID", None)
    with open(wire.log, "ab") as log:
        wire.process = subprocess.Popen(wire.command, env=environment, stderr=log)
    until(lambda: wire.log.read_text().count("event=started") == 2, "it runs")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.setblocking(False)
        other.connect(str(tmp_path / "notify"))

        def full() -> bool:
            try:
                other.send(b"is there room?")
            except BlockingIOError:
                return True
            return False

        until(full, "a full socket")
    for _unused in range(20):
        assert status(wire)["synced"] is False
    manager.close()


def test_signals_that_are_not_meant_to_end_it_do_not(wire: Wire, link: Link) -> None:
    assert wire.process is not None
    wire.process.send_signal(signal.SIGHUP)
    works(wire)


def test_the_service_manager_is_told_who_goes_on(tmp_path: Path, wire: Wire) -> None:
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.settimeout(60)
    manager.bind(str(tmp_path / "notify"))
    wire.stop()
    environment = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "2000000"}
    environment.pop("WATCHDOG_PID", None)
    with open(wire.log, "ab") as log:
        wire.process = subprocess.Popen(wire.command, env=environment, stderr=log)
    assert manager.recv(100) == b"READY=1"
    old = wire.process.pid
    wire.upgrade()  # without these variables: the old process knows them
    told = [manager.recv(100)]
    while not told[-1].startswith(b"MAINPID="):
        told.append(manager.recv(100))
    assert wire.process.pid != old
    assert told[-1] == f"MAINPID={wire.process.pid}".encode()
    assert set(told[:-1]) <= {b"WATCHDOG=1"}
    assert [manager.recv(100) for _unused in range(2)] == [b"READY=1", b"WATCHDOG=1"]
    manager.close()
