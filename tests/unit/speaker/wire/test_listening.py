# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that peers make, on loopback: who is let in, what is set for whom, and two sides that dial at once."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from processes import Wire

from dualstack_speaker.base.model import Peer
from dualstack_speaker.bgp import capabilities, iana, messages
from dualstack_speaker.link import peers
from dualstack_speaker.net import tcp
from dualstack_speaker.observe.logs import Log
from dualstack_speaker.wire.bgp.driver import BgpDriver
from dualstack_speaker.wire.bgp.listening import Listening

LOOPBACK = {"ipv4": "127.0.0.1", "ipv6": "::1"}
FAMILIES = ["ipv4", "ipv6"]


def free_port() -> int:
    """A TCP port that nobody has in either family."""
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as sock:
        sock.bind(("::", 0))
        port: int = sock.getsockname()[1]
        return port


def make_peer(transport: str, left: bool, port: int, **changes: Any) -> Peer:
    """One of two ends on loopback; ``port`` is the other's."""
    ours, theirs = (64512, 64500) if left else (64500, 64512)
    plain = {
        "local_asn": ours, "peer_asn": theirs, "address": LOOPBACK[transport], "port": port, "hold_time": 9,
        "router_id": "10.0.1.11" if left else "10.0.1.1", "keepalive_time": 3, "connect_retry": 1,
        "families": [transport], "next_hop": {transport: {"ipv4": "10.0.1.11", "ipv6": "2001:db8::11"}[transport]},
    }  # fmt: skip
    return peers.decode("peer", {**plain, **changes})


class Node:
    """A driver with its listener."""

    def __init__(self, port: int | None, peer: Peer) -> None:
        self.driver = BgpDriver("other", peer, Log())
        self.sessions = {"other": self.driver}
        self.listening = Listening(port, Log(), self.sessions)
        self.listening.sync()

    @property
    def seen(self) -> dict[str, Any]:
        return self.driver.status()

    def change(self, **changes: Any) -> None:
        self.driver.reconfigure(self.driver.session.peer._replace(**changes))
        self.listening.sync()

    def end(self) -> None:
        self.driver.stop("the end")
        self.listening.close()


async def until(true: Callable[[], Any], what: str) -> None:
    deadline = asyncio.get_running_loop().time() + 60
    while not true():
        assert asyncio.get_running_loop().time() < deadline, f"waited in vain: {what}"
        await asyncio.sleep(0.005)


async def be_refused(address: str, port: int) -> None:
    """Connects and is reset."""
    with pytest.raises(ConnectionResetError):
        reader, _writer = await asyncio.open_connection(address, port)
        await reader.readexactly(1)


def play(scene: Callable[[list[Node]], Awaitable[None]]) -> None:
    """Runs a scene and takes its nodes away."""

    async def run() -> None:
        nodes: list[Node] = []
        try:
            await scene(nodes)
        finally:
            for node in nodes:
                node.end()

    asyncio.run(run())


@pytest.mark.parametrize("transport", FAMILIES)
@pytest.mark.parametrize("password", [None, "s3cret"])
def test_a_passive_peer_is_waited_for(transport: str, password: str | None) -> None:
    async def scene(nodes: list[Node]) -> None:
        ours, theirs = free_port(), free_port()
        left = Node(ours, make_peer(transport, True, theirs, passive=True, password=password))
        nodes.append(left)
        left.driver.start()
        doubt = "; is the TCP MD5 password the same on both sides?" if password else ""
        waits = f"passive: waits for {LOOPBACK[transport]} to connect{doubt}"
        assert (left.seen["state"], left.seen["last_error"]) == ("Active", waits)
        right = Node(None, make_peer(transport, False, ours, password=password))
        nodes.append(right)
        right.driver.start()
        await until(lambda: left.driver.established and right.driver.established, "both established")
        assert left.seen["last_error"] == "" and left.listening.status() == {"port": ours, "errors": {}, "refused": 0}

    play(scene)


@pytest.mark.parametrize("transport", FAMILIES)
def test_two_that_dial_each_other_keep_one_connection(transport: str) -> None:
    async def scene(nodes: list[Node]) -> None:
        ours, theirs = free_port(), free_port()
        nodes += [Node(ours, make_peer(transport, True, theirs)), Node(theirs, make_peer(transport, False, ours))]
        for node in nodes:
            node.driver.start()
        await until(lambda: all(node.driver.established for node in nodes), "both established")
        await until(lambda: all(len(node.driver._streams) == 1 for node in nodes), "one connection is left")
        assert all(node.driver.established and node.seen["flaps"] == 0 for node in nodes)
        ends = [next(iter(node.driver._streams.values())).socket for node in nodes]
        assert ends[0].getsockname() == ends[1].getpeername()
        assert ends[0].getpeername()[1] == theirs, "the side with the higher router ID has dialled"

    play(scene)


@pytest.mark.parametrize("transport", FAMILIES)
def test_strangers_are_reset_and_counted(transport: str, capsys: pytest.CaptureFixture[str]) -> None:
    async def scene(nodes: list[Node]) -> None:
        ours = free_port()
        other = {"ipv4": "127.0.0.9", "ipv6": "2001:db8::9"}[transport]
        nodes.append(Node(ours, make_peer(transport, True, free_port(), passive=True, address=other)))
        nodes[0].driver.start()
        await be_refused(LOOPBACK[transport], ours)
        await until(lambda: nodes[0].listening.status() == {"port": ours, "errors": {}, "refused": 1}, "counted")
        assert nodes[0].seen["state"] == "Active"

    play(scene)
    line = f'event="connection refused" address={LOOPBACK[transport]} local={LOOPBACK[transport]}'
    assert f'{line} reason="no peer has this address"' in capsys.readouterr().err


@pytest.mark.parametrize("transport", FAMILIES)
def test_a_peer_that_names_another_of_our_addresses_is_a_stranger(transport: str) -> None:
    async def scene(nodes: list[Node]) -> None:
        ours = free_port()
        source = {"ipv4": "127.0.0.7", "ipv6": "2001:db8::7"}[transport]
        nodes.append(Node(ours, make_peer(transport, True, free_port(), passive=True, source_address=source)))
        nodes[0].driver.start()
        await be_refused(LOOPBACK[transport], ours)

    play(scene)


@pytest.mark.parametrize("transport", FAMILIES)
def test_a_changed_password_resets_once_and_a_removed_one_is_gone(transport: str) -> None:
    """The key on the listening socket follows; nobody gets through with the old one."""

    async def scene(nodes: list[Node]) -> None:
        ours = free_port()
        nodes.append(Node(ours, make_peer(transport, True, free_port(), passive=True, password="first")))
        nodes.append(Node(None, make_peer(transport, False, ours, password="first")))
        left, right = nodes
        for node in nodes:
            node.driver.start()
        for number, password in enumerate(["first", "second", None]):
            if number:
                left.change(password=password)
                right.change(password=password)
            await until(lambda: left.driver.established and right.driver.established, f"with {password}")
            assert left.seen["flaps"] == right.seen["flaps"] == number
        left.change(password="third")
        await until(lambda: right.driver.session.state.value == "Connect", "a dial without the key gets no answer")
        assert not left.driver.established

    play(scene)


def unsigned(transport: str, port: int) -> socket.socket:
    """A connection without a key: the kernel has answered, nobody has accepted it yet."""
    return socket.create_connection((LOOPBACK[transport], port), timeout=60)


def told(transport: str) -> bytes:
    """All that the peer of the right side has to say until its session stands."""
    peer = make_peer(transport, False, 179)
    return messages.encode_open(peer, capabilities.offer(peer)) + messages.KEEPALIVE


def repeats(sock: socket.socket) -> int:
    """How often the kernel has sent again what is not acknowledged (tcpi_retransmits)."""
    return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8)[2]


@pytest.mark.parametrize("transport", FAMILIES)
def test_nobody_gets_in_before_the_first_keys(transport: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Right before the key is set on a new socket, the kernel still turns away whoever does not sign."""
    set_key, tried = tcp.set_md5, []

    def try_first(sock: socket.socket, peer: bytes, password: str | None) -> None:
        with pytest.raises(ConnectionRefusedError):
            unsigned(transport, ours)
        tried.append(peer)
        set_key(sock, peer, password)

    monkeypatch.setattr(tcp, "set_md5", try_first)
    ours = free_port()

    async def scene(nodes: list[Node]) -> None:
        peer = make_peer(transport, True, free_port(), passive=True, password="s3cret")
        nodes.append(Node(ours, peer))
        assert tried == [peer.address] and set(nodes[0].listening.sockets()) == {"ipv4", "ipv6"}

    play(scene)


@pytest.mark.parametrize("transport", FAMILIES)
def test_who_came_before_the_key_of_a_new_peer_is_reset(transport: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It listens already for others. The one who came meanwhile has all said that would make its session stand."""

    async def scene(nodes: list[Node]) -> None:
        ours = free_port()
        other = {"ipv4": "127.0.0.9", "ipv6": "2001:db8::9"}[transport]
        nodes.append(Node(ours, make_peer(transport, True, free_port(), passive=True, address=other)))
        left = nodes[0]
        with unsigned(transport, ours) as sock:
            sock.sendall(told(transport))
            peer = make_peer(transport, True, free_port(), passive=True, password="s3cret")
            left.driver = left.sessions["new"] = BgpDriver("new", peer, Log())
            left.listening.sync()
            assert left.listening.status() == {"port": ours, "errors": {}, "refused": 1}
            left.driver.start()
            with pytest.raises(ConnectionResetError):
                sock.recv(1)
        nodes.append(Node(None, make_peer(transport, False, ours, password="s3cret")))
        nodes[1].driver.start()
        await until(lambda: left.driver.established, "the peer itself, which signs")
        assert left.seen["flaps"] == 0

    play(scene)
    assert 'reason="it was made before the peer\'s key was set"' in capsys.readouterr().err


@pytest.mark.parametrize("transport", FAMILIES)
def test_who_waits_beside_a_new_key_of_another_is_let_in(transport: str) -> None:
    async def scene(nodes: list[Node]) -> None:
        ours = free_port()
        nodes.append(Node(ours, make_peer(transport, True, free_port(), passive=True)))
        left = nodes[0]
        left.driver.start()
        with unsigned(transport, ours) as sock:
            sock.sendall(told(transport))
            other = {"ipv4": "127.0.0.9", "ipv6": "2001:db8::9"}[transport]
            peer = make_peer(transport, True, free_port(), passive=True, address=other, password="s3cret")
            left.sessions["new"] = BgpDriver("new", peer, Log())
            left.listening.sync()
            await until(lambda: left.driver.established, "established")
            assert left.listening.status() == {"port": ours, "errors": {}, "refused": 0}

    play(scene)


@pytest.mark.parametrize("transport", FAMILIES)
def test_an_inherited_connection_that_was_never_signed_stays_mute(transport: str) -> None:
    """What waits at a hand-over is admitted, as it mostly was signed; whoever did not sign gets no word further."""

    async def scene(nodes: list[Node]) -> None:
        ours = free_port()
        ear = tcp.open_listener(transport == "ipv6", ours)
        ear.listen()
        with unsigned(transport, ours) as sock:
            nodes.append(Node(None, make_peer(transport, True, free_port(), passive=True, password="s3cret")))
            left = nodes[0]
            left.driver.start()
            left.listening = Listening(ours, Log(), left.sessions)
            left.listening.adopt({transport: ear})
            left.listening.sync()
            await until(lambda: left.driver._streams, "accepted")
            assert left.listening.status() == {"port": ours, "errors": {}, "refused": 0}
            sock.sendall(told(transport))
            await until(lambda: repeats(sock), "the kernel drops what is not signed")
            assert left.seen["messages"]["received"]["open"] == 0 and not left.driver.established
            sock.setblocking(False)
            with pytest.raises(BlockingIOError):  # our OPEN is signed
                sock.recv(1)

    play(scene)


@pytest.mark.parametrize("transport", FAMILIES)
def test_the_least_ttl_is_what_all_peers_have_in_common(transport: str) -> None:
    """RFC 5082: the listening socket takes what anybody may send, the connection what its peer may."""

    async def scene(nodes: list[Node]) -> None:
        ours = free_port()
        nodes.append(Node(ours, make_peer(transport, True, free_port(), passive=True, ttl_security=1)))
        left = nodes[0]
        left.driver.start()
        option = (socket.IPPROTO_IP, 21) if transport == "ipv4" else (socket.IPPROTO_IPV6, 73)
        ear = left.listening.sockets()[transport]
        assert ear.getsockopt(*option) == 255
        nodes.append(Node(None, make_peer(transport, False, ours, ttl_security=1)))
        nodes[1].driver.start()
        await until(lambda: left.driver.established, "established")
        (stream,) = left.driver._streams.values()
        assert stream.socket.getsockopt(*option) == 255
        other = make_peer(transport, True, 179, address={"ipv4": "127.0.0.9", "ipv6": "2001:db8::9"}[transport])
        left.sessions["another"] = BgpDriver("another", other, Log())
        left.listening.sync()
        assert (ear.getsockopt(*option), stream.socket.getsockopt(*option)) == (0, 255)

    play(scene)


def test_a_port_that_is_taken_is_told_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dualstack_speaker.wire.bgp.listening._RETRY", 0.05)

    async def scene(nodes: list[Node]) -> None:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as taken:
            taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            taken.bind(("::", 0))
            taken.listen()
            port = taken.getsockname()[1]
            nodes.append(Node(port, make_peer("ipv6", True, 179, passive=True)))
            nodes[0].driver.start()
            problem = f"port {port} (ipv6): address already in use"
            assert nodes[0].listening.status() == {"port": port, "errors": {"ipv6": problem}, "refused": 0}
            assert nodes[0].seen["last_error"].endswith(f"but nothing listens here: {problem}")
        await until(lambda: set(nodes[0].listening.sockets()) == {"ipv4", "ipv6"}, "both families listen")
        assert nodes[0].seen["last_error"] == "passive: waits for ::1 to connect"

    play(scene)


def test_without_a_port_nothing_listens_and_passive_peers_say_so() -> None:
    async def scene(nodes: list[Node]) -> None:
        nodes.append(Node(None, make_peer("ipv4", True, 179, passive=True)))
        nodes[0].driver.start()
        assert nodes[0].listening.sockets() == {} and nodes[0].listening.status() is None
        text = "passive: waits for 127.0.0.1 to connect, but nothing listens here: listen_port is not set in wire.json"
        assert (nodes[0].seen["state"], nodes[0].seen["last_error"]) == ("Active", text)

    play(scene)


@pytest.mark.parametrize("transport", FAMILIES)
def test_what_comes_while_it_stands_still_is_accepted_later_by_another(transport: str) -> None:
    async def scene(nodes: list[Node]) -> None:
        ours = free_port()
        nodes.append(Node(ours, make_peer(transport, True, free_port(), passive=True)))
        nodes[0].driver.start()
        nodes[0].listening.freeze()
        nodes.append(Node(None, make_peer(transport, False, ours)))
        nodes[1].driver.start()
        await until(lambda: nodes[1].driver._streams, "the kernel has answered")
        heir = Listening(ours, Log(), nodes[0].sessions)
        heir.adopt({name: ear.dup() for name, ear in nodes[0].listening.sockets().items()})
        nodes[0].listening.close()
        heir.sync()
        nodes[0].listening = heir
        await until(lambda: nodes[0].driver.established, "established")

    play(scene)


@pytest.mark.parametrize("transport", FAMILIES)
def test_the_port_is_handed_to_the_next_process(transport: str, tmp_path: Path) -> None:
    port = free_port()
    wire = Wire(tmp_path, listen_port=port)
    try:
        wire.start()
        wire.link().full(peers={"other": peers.encode(make_peer(transport, True, 179, passive=True))})
        for _unused in range(2):
            with socket.create_connection((LOOPBACK[transport], port), timeout=60) as sock:
                assert sock.recv(19)[18] == iana.OPEN
            wire.upgrade()
        listening = wire.link().ask("status")["status"]["listening"]
        assert listening == {"port": port, "errors": {}, "refused": 0}
    finally:
        wire.end()
