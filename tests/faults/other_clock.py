# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a command for whose process the time of day can be moved while it runs; the machine's own clock stays.

    other_clock.py FOLDER NAME COMMAND…

Once COMMAND has become the program NAME (it may be started through others), every question of that program for
CLOCK_REALTIME goes through here: its vDSO is hidden from it, so that it has to ask the kernel, and a seccomp filter
with user notification (Linux 5.0, seccomp_unotify(2)) hands the question to this process, which adds the seconds in
FOLDER/offset. FOLDER/asked counts the questions. Nothing is put into the program, and no other clock is touched.

x86-64, root. Not covered: timers that the kernel runs by CLOCK_REALTIME (timerfd and futex can); they follow the
machine's clock.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import struct
import sys
import threading
import time
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
# asm/unistd_64.h
CLOCK_GETTIME, GETTIMEOFDAY, TIME, SECCOMP, PIDFD_OPEN, PIDFD_GETFD = 228, 96, 201, 317, 434, 438
# linux/ptrace.h, linux/prctl.h, linux/auxvec.h
TRACEME, CONT, DETACH, GETREGS, SETOPTIONS = 0, 7, 17, 12, 0x4200
TRACE_EXEC, PDEATHSIG, NO_NEW_PRIVS, SYSINFO_EHDR, IGNORE, END = 0x10, 1, 38, 33, 1, 0
STACK_POINTER = 19  # of struct user_regs_struct, in words
# linux/seccomp.h
FILTER, NEW_LISTENER, ALLOW, USER_NOTIF = 1, 8, 0x7FFF0000, 0x7FC00000
RECEIVE, SEND = 0xC0502100, 0xC0182101
NOTIFICATION, RESPONSE = struct.Struct("=QIIiIQ6Q"), struct.Struct("=QqiI")
REALTIME = (time.CLOCK_REALTIME, 5)  # and CLOCK_REALTIME_COARSE


def call(found: int, what: str) -> int:
    """The result of a system call; OSError when it failed."""
    if found < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return found


def program() -> bytes:
    """BPF: every question for the time of day is told, all else is allowed."""
    load, equal, give = 0x20, 0x15, 0x06
    number, clock = 0, 16  # offsets in struct seccomp_data
    lines = [
        (load, 0, 0, number),
        (equal, 5, 0, GETTIMEOFDAY),
        (equal, 4, 0, TIME),
        (equal, 0, 4, CLOCK_GETTIME),
        (load, 0, 0, clock),
        (equal, 1, 0, REALTIME[0]),
        (equal, 0, 1, REALTIME[1]),
        (give, 0, 0, USER_NOTIF),
        (give, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


def become(command: list[str], tell: int) -> None:
    """In the child: a filter whose listener the parent fetches, and then the command, traced."""
    LIBC.prctl(PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    lines = ctypes.create_string_buffer(program())
    described = ctypes.create_string_buffer(struct.pack("=H6xQ", len(program()) // 8, ctypes.addressof(lines)))
    LIBC.prctl(NO_NEW_PRIVS, 0, 0, 0, 0)
    listener = call(LIBC.syscall(SECCOMP, FILTER, NEW_LISTENER, described), "seccomp")
    os.write(tell, struct.pack("=i", listener))
    call(LIBC.ptrace(TRACEME, 0, 0, 0), "ptrace")
    os.kill(os.getpid(), signal.SIGSTOP)
    os.execvp(command[0], command)


def hide_vdso(pid: int) -> None:
    """At the start of a program: its list of auxiliary values (on its stack) does not name the vDSO any more."""
    registers = (ctypes.c_ulonglong * 32)()
    call(LIBC.ptrace(GETREGS, pid, None, registers), "ptrace")
    with open(f"/proc/{pid}/mem", "r+b", buffering=0) as memory:
        memory.seek(registers[STACK_POINTER])
        data = memory.read(1 << 18)
        words = struct.unpack(f"={len(data) // 8}Q", data[: len(data) // 8 * 8])
        at = 1 + words[0] + 1  # behind the arguments and their end
        at = words.index(0, at) + 1  # behind the environment
        while words[at] != END:
            if words[at] == SYSINFO_EHDR:
                memory.seek(registers[STACK_POINTER] + 8 * at)
                memory.write(struct.pack("=Q", IGNORE))
            at += 2


def answer(listener: int, folder: Path) -> None:
    """Answers every question, as long as somebody may ask."""
    count, counter = 0, os.open(folder / "asked", os.O_WRONLY)
    while True:
        question = bytearray(NOTIFICATION.size)
        try:
            fcntl.ioctl(listener, RECEIVE, question)
        except InterruptedError:
            continue
        except OSError:
            return  # nobody is left
        number, thread, _unused, what, _unused, _unused, first, second, *_unused = NOTIFICATION.unpack(question)
        now = time.time_ns() + int((folder / "offset").read_text()) * 10**9
        seconds, rest = divmod(now, 10**9)
        value = seconds if what == TIME else 0
        where, data = {
            CLOCK_GETTIME: (second, struct.pack("=qq", seconds, rest)),
            GETTIMEOFDAY: (first, struct.pack("=qq", seconds, rest // 1000)),
            TIME: (first, struct.pack("=q", seconds)),
        }[what]
        count += 1
        os.pwrite(counter, str(count).encode(), 0)
        try:
            if where:
                with open(f"/proc/{thread}/mem", "r+b", buffering=0) as memory:
                    memory.seek(where)
                    memory.write(data)
            fcntl.ioctl(listener, SEND, bytearray(RESPONSE.pack(number, value, 0, 0)))
        except OSError:
            continue  # whoever asked is gone


def follow(pid: int, name: str) -> None:
    """Lets the child run through the programs before NAME, and lets go of it when it is NAME."""
    os.waitpid(pid, 0)
    call(LIBC.ptrace(SETOPTIONS, pid, None, ctypes.c_void_p(TRACE_EXEC)), "ptrace")
    passed = 0
    while True:
        call(LIBC.ptrace(CONT, pid, None, ctypes.c_void_p(passed)), "ptrace")
        _unused, status = os.waitpid(pid, 0)
        if not os.WIFSTOPPED(status):
            sys.exit(f"{name} never began")
        executed = status >> 16 == 4  # PTRACE_EVENT_EXEC
        passed = 0 if executed else os.WSTOPSIG(status)
        if executed and os.path.basename(os.readlink(f"/proc/{pid}/exe")).startswith(name):
            hide_vdso(pid)
            call(LIBC.ptrace(DETACH, pid, None, None), "ptrace")
            return


def main(folder: Path, name: str, command: list[str]) -> int:
    """The exit status of the program."""
    LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    LIBC.ptrace.restype = ctypes.c_long
    (folder / "offset").write_text("0")
    (folder / "asked").write_text("0")
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        become(command, writing)
    (theirs,) = struct.unpack("=i", os.read(reading, 4))
    handle = call(LIBC.syscall(PIDFD_OPEN, pid, 0), "pidfd_open")
    listener = call(LIBC.syscall(PIDFD_GETFD, handle, theirs, 0), "pidfd_getfd")
    threading.Thread(target=answer, args=(listener, folder), daemon=True).start()
    follow(pid, name)
    _unused, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status) & 0xFF


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
