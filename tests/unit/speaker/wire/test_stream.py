# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections on the loopback: all octets arrive once and in order, also over another object with the same socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable
from typing import Callable

import pytest

from dualstack_speaker.wire.stream import Stream

ENDS = {"ipv4": (socket.AF_INET, "127.0.0.1"), "ipv6": (socket.AF_INET6, "::1")}
BLOCK = bytes(range(256)) * 4096  # 1 MiB


class Ear:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.told: list[str] = []

    def on_received(self, data: bytes) -> None:
        self.data += data

    def on_blocked(self) -> None:
        self.told.append("blocked")

    def on_writable(self) -> None:
        self.told.append("writable")

    def on_lost(self, error: OSError | None) -> None:
        self.told.append(f"lost {type(error).__name__}")


def pair(family: str) -> tuple[socket.socket, socket.socket]:
    """Both ends of a connection with small buffers."""
    number, address = ENDS[family]
    with socket.socket(number) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind((address, 0))
        listener.listen()
        left = socket.socket(number)
        left.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        left.connect(listener.getsockname())
        right, _unused = listener.accept()
    right.setblocking(False)
    return left, right


async def until(true: Callable[[], object]) -> None:
    async def wait() -> None:
        while not true():
            await asyncio.sleep(0.002)

    await asyncio.wait_for(wait(), 60)


def play(scene: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        await scene()

    asyncio.run(run())


@pytest.mark.parametrize("family", ENDS)
def test_a_peer_that_does_not_read_blocks_and_then_gets_all(family: str) -> None:
    async def scene() -> None:
        left, right = pair(family)
        ear, loop = Ear(), asyncio.get_running_loop()
        stream = Stream(left, ear)
        stream.write(BLOCK)
        stream.write(b"end")
        await until(lambda: ear.told)
        assert ear.told == ["blocked"]
        assert 0 < stream.pending == len(stream.unsent) <= len(BLOCK) + 3
        got = bytearray()
        while len(got) < len(BLOCK) + 3:
            got += await loop.sock_recv(right, 65536)
        assert bytes(got) == BLOCK + b"end"
        await until(lambda: len(ear.told) == 2)
        assert ear.told == ["blocked", "writable"]
        await loop.sock_sendall(right, b"hello")
        await until(lambda: ear.data)
        right.close()
        await until(lambda: len(ear.told) == 3)
        assert (bytes(ear.data), ear.told[2]) == (b"hello", "lost NoneType")

    play(scene)


@pytest.mark.parametrize("family", ENDS)
@pytest.mark.parametrize("full", [False, True], ids=["empty", "full"])
def test_one_that_stands_still_goes_on_elsewhere(family: str, full: bool) -> None:
    """As in a hand-over: what was not sent, and what was not read, is the next one's."""

    async def scene() -> None:
        left, right = pair(family)
        first, second, loop = Ear(), Ear(), asyncio.get_running_loop()
        stream = Stream(left, first)
        text = BLOCK if full else b""
        stream.write(text)
        stream.freeze()
        stream.write(b"later")
        await loop.sock_sendall(right, b"question")
        unsent = stream.unsent
        assert unsent.endswith(b"later")
        heir = Stream(socket.socket(fileno=socket.dup(left.fileno())), second, unsent)
        left.close()
        got = bytearray()
        while len(got) < len(text) + 5:
            got += await loop.sock_recv(right, 65536)
        assert bytes(got) == text + b"later"
        await until(lambda: second.data)
        assert (bytes(first.data), bytes(second.data)) == (b"", b"question")
        heir.close(1.0)
        assert await loop.sock_recv(right, 10) == b""
        right.close()

    play(scene)


@pytest.mark.parametrize("family", ENDS)
def test_standing_still_and_going_on(family: str) -> None:
    async def scene() -> None:
        left, right = pair(family)
        ear, loop = Ear(), asyncio.get_running_loop()
        stream = Stream(left, ear)
        stream.freeze()
        stream.write(b"one")
        await loop.sock_sendall(right, b"two")
        assert not ear.data
        stream.thaw()
        assert await loop.sock_recv(right, 10) == b"one"
        await until(lambda: ear.data == b"two")
        stream.close(0.0)
        right.close()

    play(scene)


@pytest.mark.parametrize("family", ENDS)
def test_a_close_sends_what_waits_and_waits_no_longer_than_it_may(family: str) -> None:
    async def scene() -> None:
        for grace in (60.0, 0.0):
            left, right = pair(family)
            ear, loop = Ear(), asyncio.get_running_loop()
            stream = Stream(left, ear)
            stream.write(BLOCK)
            stream.close(grace)
            if not grace:
                await until(lambda: left.fileno() < 0)  # noqa: B023
            got = bytearray()
            try:
                while data := await loop.sock_recv(right, 65536):
                    got += data
            except ConnectionResetError:
                assert not grace
            assert bytes(got) == BLOCK if grace else len(got) < len(BLOCK)
            assert left.fileno() < 0
            assert ear.told == []
            right.close()

    play(scene)


@pytest.mark.parametrize("family", ENDS)
def test_a_reset_is_told_once(family: str) -> None:
    async def scene() -> None:
        left, right = pair(family)
        ear = Ear()
        stream = Stream(left, ear)
        right.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        right.close()
        await until(lambda: ear.told)
        stream.write(b"into the void")
        await asyncio.sleep(0)
        assert ear.told == ["lost ConnectionResetError"]

    play(scene)
