# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process on real sockets: the link, the journal, stop and restart. Against other systems: tests/interop."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from processes import Wire, until

from dualstack_speaker.link import journal

ENDS = {"ipv4": "127.0.0.1", "ipv6": "::1"}


def prefix(family: str, number: int) -> str:
    return f"192.0.{number >> 8}.{number & 255}/32" if family == "ipv4" else f"2001:db8:1::{number:x}/128"


def peer(family: str, port: int) -> dict[str, Any]:
    return {
        "local_asn": 64512, "peer_asn": 64500, "address": ENDS[family], "port": port, "source_address": None,
        "router_id": "10.0.1.11", "hold_time": 9, "keepalive_time": 3, "connect_retry": 1, "password": None,
        "families": ["ipv4", "ipv6"], "next_hop": {"ipv4": "10.0.1.11", "ipv6": "2001:db8::11"}, "multihop": False,
    }  # fmt: skip


def desired(port: int, count: int = 2, families: tuple[str, ...] = ("ipv4", "ipv6")) -> dict[str, Any]:
    path = [{"peers": ["a"], "communities": ["64512:1"], "large_communities": [], "local_preference": None}]
    routes = {prefix(family, number): path for family in families for number in range(count)}
    return {"peers": {"a": peer(families[0], port)}, "routes": routes, "layer2": {}}


def test_the_socket_is_for_owner_and_group_only(wire: Wire) -> None:
    assert stat.S_IMODE(os.stat(wire.path).st_mode) == 0o660


def test_nothing_is_announced_before_the_first_state(wire: Wire, closed_port: int) -> None:
    link = wire.link()
    empty: dict[str, Any] = {"sessions": {}, "listening": None, "layer2": {}, "layer2_interfaces": {}}
    empty.update({"nodes": {}, "heartbeat": None, "drain_by_annotation": False})
    assert link.ask("status")["status"] == {"synced": False, "drain": "off", **empty}
    refused = link.ask("delta", routes={"192.0.2.1/32": []})
    assert refused["error"] == "request.op: a delta needs a full state before it, and there is none yet"
    assert link.ask("full", desired=desired(closed_port))["ok"]
    assert link.ask("status")["status"]["synced"]


def test_answers_come_in_order_and_a_refusal_changes_nothing(wire: Wire, closed_port: int) -> None:
    link = wire.link()
    assert link.ask("full", desired=desired(closed_port))["ok"]
    link.send(b'{"op":"status","seq":1}\n{"op":"flush","seq":2}\nno json\n{"op":"status","seq":3}\n')
    answers = [link.answer() for _unused in range(4)]
    assert [answer["seq"] for answer in answers] == [1, 2, None, 3]
    assert [answer["ok"] for answer in answers] == [True, False, False, True]
    refused = link.ask("delta", routes={"192.0.2.9/32": [{"peers": ["b"]}]}, peers={"a": None})
    assert refused["error"] == "routes.192.0.2.9/32: names the unknown peer 'b'"
    assert list(link.ask("status")["status"]["sessions"]) == ["a"]


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_a_session_that_cannot_connect_says_why(family: str, wire: Wire, closed_port: int) -> None:
    link = wire.link()
    link.ask("full", desired=desired(closed_port, families=(family,)))

    def session() -> dict[str, Any]:
        found: dict[str, Any] = link.ask("status")["status"]["sessions"]["a"]
        return found

    until(lambda: session()["last_error"], "an error")
    seen = session()
    assert seen["last_error"] == f"cannot connect to {ENDS[family]} port {closed_port}: connection refused"
    assert (seen["transport"], seen["families"], seen["flaps"]) == (family, ["ipv4", "ipv6"], 0)
    assert (seen["established_s"], seen["announced"]) == (None, {"ipv4": 0, "ipv6": 0})


@pytest.mark.parametrize(("family", "source"), [("ipv4", "192.0.2.77"), ("ipv6", "2001:db8:77::1")])
def test_a_source_address_of_somebody_else_is_named(family: str, source: str, wire: Wire) -> None:
    link = wire.link()
    state = desired(179, families=(family,))
    state["peers"]["a"]["source_address"] = source
    link.ask("full", desired=state)
    text = f"cannot connect to {ENDS[family]} port 179: source address {source} is not on this host"
    until(lambda: link.ask("status")["status"]["sessions"]["a"]["last_error"] == text, text)


def test_a_new_client_takes_over(wire: Wire, closed_port: int) -> None:
    first = wire.link()
    first.ask("full", desired=desired(closed_port))
    second = wire.link()
    assert second.ask("status")["status"]["synced"]
    assert first.answer() == {}


def test_a_client_that_goes_away_changes_nothing(wire: Wire, closed_port: int) -> None:
    first = wire.link()
    first.ask("full", desired=desired(closed_port))
    first.close()
    assert list(wire.link().ask("status")["status"]["sessions"]) == ["a"]


def test_a_line_without_end_is_cut_off(wire: Wire) -> None:
    link = wire.link()
    link.socket.settimeout(60)
    block = b"x" * (1 << 20)
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        for _unused in range(64):
            link.send(block)
    assert wire.link().ask("status")["ok"]


@pytest.mark.parametrize("families", [("ipv4",), ("ipv6",), ("ipv4", "ipv6")])
def test_the_journal_brings_the_state_back_after_a_kill(
    families: tuple[str, ...], wire: Wire, closed_port: int
) -> None:
    link = wire.link()
    state = desired(closed_port, 1200, families)
    assert link.ask("full", desired=state)["ok"]
    path = state["routes"][prefix(families[0], 1)]
    assert link.ask("delta", routes={prefix(families[0], 5000): path})["ok"]
    size = 1200 * len(families) + 1
    assert len(journal.load(wire.journal.read_bytes()).routes) == size, "what is acknowledged is kept"
    assert stat.S_IMODE(os.stat(wire.journal).st_mode) == 0o600
    wire.stop(signal.SIGKILL)
    wire.start()
    assert f"routes={size}" in wire.log.read_text()
    assert wire.link().ask("status")["status"]["synced"]


def test_a_spoilt_journal_is_ignored_with_a_line(wire: Wire, closed_port: int) -> None:
    wire.link().ask("full", desired=desired(closed_port))
    wire.stop(signal.SIGKILL)
    wire.journal.write_bytes(wire.journal.read_bytes().replace(b"64500", b"64501"))
    wire.start()
    assert 'event="journal ignored"' in wire.log.read_text()
    assert not wire.link().ask("status")["status"]["synced"]


def test_the_same_full_state_does_not_write_the_journal_again(wire: Wire, closed_port: int) -> None:
    link = wire.link()
    link.ask("full", desired=desired(closed_port))
    before = os.stat(wire.journal).st_ino
    link.ask("full", desired=desired(closed_port))
    link.ask("delta", layer2={})
    assert wire.stop() == 0  # writes what waits
    assert os.stat(wire.journal).st_ino == before


def test_thousands_of_changes_are_written_together_and_compacted(wire: Wire, closed_port: int) -> None:
    link = wire.link()
    state = desired(closed_port, 2)
    link.ask("full", desired=state)
    path = [{**state["routes"][prefix("ipv4", 1)][0], "communities": [f"64512:{n}" for n in range(200)]}]
    for number in range(1000):
        link.ask("delta", routes={prefix("ipv4", 1): path if number % 2 else []})
    wire.stop()
    data = wire.journal.read_bytes()
    assert len(journal.load(data).routes) == 4
    assert len(data) < 1_200_000  # 1000 changes are 1.3 MB


def test_a_stop_in_order_keeps_the_journal_and_removes_the_socket(wire: Wire, closed_port: int) -> None:
    wire.link().ask("full", desired=desired(closed_port))
    assert wire.stop() == 0
    assert not wire.path.exists()
    assert len(journal.load(wire.journal.read_bytes()).routes) == 4
    assert wire.log.read_text().endswith("level=info event=stopped\n")


def test_readiness_and_signs_of_life_reach_the_service_manager(tmp_path: Path, wire: Wire) -> None:
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.settimeout(60)
    manager.bind(str(tmp_path / "notify"))
    wire.stop()
    environment = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "200000"}
    environment.pop("WATCHDOG_PID", None)
    command = [sys.executable, "-m", "dualstack_speaker", "wire", "--config", str(wire.config)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            told = [manager.recv(100) for _unused in range(4)]
            process.terminate()
            while told[-1] == b"WATCHDOG=1":
                told.append(manager.recv(100))
        finally:
            process.kill()
    assert told[0] == b"READY=1"
    assert told[1:4] == [b"WATCHDOG=1"] * 3
    assert told[-1] == b"STOPPING=1"
    manager.close()
