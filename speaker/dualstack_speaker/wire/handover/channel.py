# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What two processes say to each other while one takes over from the other: octets and file descriptors.

A message is its length and the number of descriptors behind it (two numbers of 32 bits), the descriptors in groups with
one octet each, then the octets. The old process sends and receives beside its other work, the new one has none yet and
waits.
"""

from __future__ import annotations

import array
import asyncio
import json
import os
import socket
import struct
from collections.abc import Sequence
from typing import Any

_HEAD = struct.Struct("!II")
_GROUP = 200  # descriptors in one system call; the kernel takes 253
_MOST = 64 * 1024 * 1024  # octets of a message
_MOST_FDS = 100_000
_CREDENTIALS = struct.Struct("3i")  # struct ucred


class ChannelError(Exception):
    """The other side is gone, or says what cannot be understood."""


class Channel:
    """One connection between the two."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock

    def peer(self) -> tuple[int, int]:
        """Process and user of the other side, as the kernel knows them."""
        data = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        process, user, _unused = _CREDENTIALS.unpack(data)
        return process, user

    # Beside other work

    async def give(self, data: bytes, handles: Sequence[int] = ()) -> None:
        """Sends a message; OSError."""
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self.socket, _HEAD.pack(len(data), len(handles)))
        for at in range(0, len(handles), _GROUP):
            while not _send_handles(self.socket, handles[at : at + _GROUP]):
                await _writable(loop, self.socket)
        await loop.sock_sendall(self.socket, data)

    async def get(self) -> bytes:
        """The next message, which brings no descriptors; ChannelError, OSError."""
        length, count = _HEAD.unpack(await self._get(_HEAD.size))
        if length > _MOST or count:
            raise ChannelError("a message that is too large")
        return await self._get(length)

    async def _get(self, length: int) -> bytes:
        data = bytearray()
        while len(data) < length:
            got = await asyncio.get_running_loop().sock_recv(self.socket, length - len(data))
            if not got:
                raise ChannelError("the other process is gone")
            data += got
        return bytes(data)

    # Waiting

    def send(self, data: bytes) -> None:
        """Sends a message; OSError."""
        self.socket.sendall(_HEAD.pack(len(data), 0) + data)

    def receive(self) -> tuple[bytes, list[int]]:
        """The next message and its descriptors; ChannelError, OSError."""
        length, count = _HEAD.unpack(self._receive(_HEAD.size))
        if length > _MOST or count > _MOST_FDS:
            raise ChannelError("a message that is too large")
        handles: list[int] = []
        try:
            while len(handles) < count:
                handles += self._receive_handles(min(_GROUP, count - len(handles)))
            return self._receive(length), handles
        except BaseException:
            for handle in handles:
                os.close(handle)
            raise

    def _receive_handles(self, count: int) -> list[int]:
        handles = array.array("i")
        room = socket.CMSG_SPACE(count * handles.itemsize)
        data, ancillary, flags, _unused = self.socket.recvmsg(1, room, socket.MSG_CMSG_CLOEXEC)
        for level, kind, value in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                handles.frombytes(value[: len(value) - len(value) % handles.itemsize])
        if not data or flags & socket.MSG_CTRUNC or len(handles) != count:
            for handle in handles:
                os.close(handle)
            raise ChannelError("the other process is gone" if not data else "not all sockets arrived")
        return list(handles)

    def _receive(self, length: int) -> bytes:
        data = bytearray()
        while len(data) < length:
            got = self.socket.recv(length - len(data))
            if not got:
                raise ChannelError("the other process is gone")
            data += got
        return bytes(data)


def pack(value: dict[str, Any]) -> bytes:
    """Plain data as a message."""
    return json.dumps(value, separators=(",", ":")).encode()


def unpack(data: bytes) -> dict[str, Any]:
    """The plain data of a message; ChannelError when it is none."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ChannelError(f"no JSON: {error}") from None
    if not isinstance(value, dict):
        raise ChannelError("an object is expected")
    return value


def _send_handles(sock: socket.socket, handles: Sequence[int]) -> bool:
    """Whether the socket took them."""
    try:
        sock.sendmsg([b"F"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", handles))])
    except BlockingIOError:
        return False
    return True


async def _writable(loop: asyncio.AbstractEventLoop, sock: socket.socket) -> None:
    ready = asyncio.Event()
    loop.add_writer(sock, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_writer(sock)
