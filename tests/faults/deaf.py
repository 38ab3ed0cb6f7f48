# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a host: a BGP peer that keeps its side of the session up and never reads.

    deaf.py ASN ADDRESS…

It listens on port 179 of its addresses with a small receive buffer, answers OPEN with OPEN and sends KEEPALIVE every
second from then on, so that its hold time never runs out at the other end: only the other end's own data gets stuck.
Standard library only; it ends with the process that started it, when its standard input closes.
"""

from __future__ import annotations

import select
import socket
import struct
import sys
import time

MARKER = b"\xff" * 16
BUFFER = 4096
KEEPALIVE = MARKER + b"\x00\x13\x04"
HOLD = 90


def open_message(asn: int) -> bytes:
    """OPEN with both families and a 4-octet ASN (RFC 4271 section 4.2, RFC 5492)."""
    capabilities = b"\x01\x04\x00\x01\x00\x01" + b"\x01\x04\x00\x02\x00\x01" + b"\x41\x04" + struct.pack("!I", asn)
    parameters = b"\x02" + bytes([len(capabilities)]) + capabilities
    body = struct.pack("!BHH4sB", 4, asn, HOLD, b"\x0a\x00\x01\xfe", len(parameters)) + parameters
    return MARKER + struct.pack("!HB", 19 + len(body), 1) + body


def listen(address: str) -> socket.socket:
    """A socket whose connections hold little."""
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    sock.bind((address, 179))
    sock.listen()
    return sock


def main(asn: int, addresses: list[str]) -> None:
    """Serves until standard input closes."""
    listeners = [listen(address) for address in addresses]
    print("ready", flush=True)
    deaf: list[socket.socket] = []
    due = time.monotonic()
    while True:
        ready, _unused, _unused = select.select([*listeners, sys.stdin], [], [], max(0.0, due - time.monotonic()))
        if sys.stdin in ready:
            return
        for listener in listeners:
            if listener in ready:
                connection, _unused = listener.accept()
                connection.recv(BUFFER)
                connection.sendall(open_message(asn) + KEEPALIVE)
                deaf.append(connection)
        if time.monotonic() >= due:
            due += 1
            for connection in list(deaf):
                try:
                    connection.sendall(KEEPALIVE)
                except OSError:
                    deaf.remove(connection)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
