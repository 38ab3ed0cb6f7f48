# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits at a neighbour until every address was announced; prints when the last of them was, seconds since 1970.

An announcement is a gratuitous ARP, be it request or reply, or an unsolicited advertisement; the kernel's time of
arrival counts.
"""

from __future__ import annotations

import ipaddress
import socket
import struct

from layer2_load import ADDRESSES, INTERFACE, answered

_TIMESTAMPNS = 35  # SO_TIMESTAMPNS of asm-generic/socket.h
_ALL = 0x0003  # ETH_P_ALL
_BUFFER = 64 << 20  # octets: everything arrives within milliseconds


def main() -> None:
    """Prints ``ready`` and then the time."""
    missing = {ipaddress.ip_address(address).packed for family in ADDRESSES.values() for address in family}
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL))
    sock.setsockopt(socket.SOL_SOCKET, 33, _BUFFER)  # SO_RCVBUFFORCE
    sock.setsockopt(socket.SOL_SOCKET, _TIMESTAMPNS, 1)
    sock.bind((INTERFACE, _ALL))
    sock.settimeout(60)
    print("ready", flush=True)
    at = 0.0
    while missing:
        frame, extra, _flags, _sender = sock.recvmsg(2048, 64)
        address = b""
        if frame[12:14] == b"\x08\x06" and frame[28:32] == frame[38:42]:
            address = frame[28:32]
        elif frame[12:14] == b"\x86\xdd":
            address = answered("ipv6", frame)
        if address in missing:
            missing.remove(address)
            seconds, nanoseconds = struct.unpack("ll", extra[0][2])
            at = seconds + nanoseconds / 1e9
    print(at)


if __name__ == "__main__":
    main()
