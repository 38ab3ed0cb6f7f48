# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network namespace of a pod, entered from its host: nothing needs to be in the pod but a process that waits."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

_CLONE_NEWNET = 0x40000000
_OWN = "/proc/thread-self/ns/net"
_IPV6_ONLY = 1
_BACKLOG = 128
_LOOK = 1.0  # seconds between two looks whether the pod is still there


def process_of(uid: str, proc: str = "/proc") -> int | None:
    """A process in the pod with that UID, known by its cgroup as kubelet names it, or None."""
    names = (f"pod{uid}", f"pod{uid.replace('-', '_')}")
    for name in os.listdir(proc):
        if name.isdigit():
            try:
                with open(os.path.join(proc, name, "cgroup"), encoding="utf-8") as file:
                    text = file.read()
            except OSError:
                continue
            if any(one in text for one in names):
                return int(name)
    return None


@contextmanager
def within(pid: int | None) -> Iterator[None]:
    """The calling thread stands in the network namespace of a process; None: where it is. Sockets stay"""
    """where they were made."""
    if pid is None:
        yield
        return
    with open(_OWN, "rb") as own, open(f"/proc/{pid}/ns/net", "rb") as other:
        _enter(other.fileno())
        try:
            yield
        finally:
            _enter(own.fileno())


def _enter(handle: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(handle, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def listen(name: str, port: int, pid: int | None, seconds: float) -> str:
    """Answers on a port in both families, in a process of its own, for ``seconds`` or until the pod's process ends.

    Each connection is told ``node=NAME`` and ``source=ADDRESS``, then closed. Returns by what ``end`` knows the
    process; empty when somebody answers there already. Raises OSError.
    """
    try:
        sockets = _sockets(port, pid)
    except OSError as error:
        if error.errno == 98:  # EADDRINUSE: an earlier look of this run
            return ""
        raise
    child = os.fork()
    if child == 0:
        try:
            _detach(sockets)
            _serve(sockets, name, pid, time.monotonic() + seconds)
        finally:
            os._exit(0)
    for one in sockets:
        one.close()
    return _identity(child)


def end(identity: str) -> None:
    """Ends what ``listen`` started, unless it has ended."""
    pid = identity.partition("-")[0]
    if pid.isdigit() and _identity(int(pid)) == identity:
        os.kill(int(pid), signal.SIGKILL)


def _sockets(port: int, pid: int | None) -> list[socket.socket]:
    found = []
    with within(pid):
        for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
            try:
                one = socket.socket(family, socket.SOCK_STREAM)
            except OSError:  # the host has no such family
                continue
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, _IPV6_ONLY)
            one.bind((address, port))
            one.listen(_BACKLOG)
            found.append(one)
    return found


def _detach(sockets: Sequence[socket.socket]) -> None:
    """A session of its own, nothing open but the sockets: who started it does not wait for it."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    kept = {one.fileno() for one in sockets}
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) not in kept:
            with suppress(OSError):  # that of the listing itself
                os.close(int(name))


def _serve(sockets: Sequence[socket.socket], name: str, pid: int | None, until: float) -> None:
    began = _identity(pid) if pid is not None else ""
    while time.monotonic() < until and (pid is None or _identity(pid) == began):
        ready, _unused, _unused_either = select.select(sockets, [], [], _LOOK)
        for one in ready:
            connection, peer = one.accept()
            with connection:
                connection.settimeout(_LOOK)
                try:
                    connection.sendall(f"node={name}\nsource={peer[0]}\n".encode())
                    connection.shutdown(socket.SHUT_WR)
                except OSError:
                    continue


def _identity(pid: int) -> str:
    """A process by its number and when it began, so that a number that is used again is not mistaken for it."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else f"{pid}-{fields[19]}"
