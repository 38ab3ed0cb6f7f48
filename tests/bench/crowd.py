# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many nodes in one process that all exchange heartbeats with one ``wire``: real elections behind real sockets.

Reads one line of JSON: the addresses of that wire and of each node, the key, the port and the interval.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import sys
import time

from dualstack_speaker.base.model import Node
from dualstack_speaker.election.election import Election
from dualstack_speaker.election.outputs import Output, Settings, Transmit


def opened(address: str, port: int) -> socket.socket:
    """A socket of one address."""
    sock = socket.socket(
        socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK
    )
    sock.bind((address, port))
    return sock


class Member:
    """One node."""

    def __init__(self, name: str, addresses: list[str], target: list[str], told: dict[str, object]) -> None:
        self.sockets = [opened(address, int(str(told["port"]))) for address in addresses]
        self._target = [(address, int(str(told["port"]))) for address in target]
        settings = Settings(name, float(str(told["interval_ms"])) / 1000, 3)
        self.election = Election(settings, int.from_bytes(os.urandom(8), "big"), lambda: os.urandom(8))
        self.election.keys = (str(told["key"]).encode(),)
        now = time.monotonic()
        self.perform(self.election.change({}, {"node": Node((), True)}, now))
        self.perform(self.election.interfaces(["rack1"], [], True, now))
        self.perform(self.election.begin(now))

    def perform(self, outputs: list[Output]) -> None:
        """Sends."""
        for output in outputs:
            if isinstance(output, Transmit):
                for sock, target in zip(self.sockets, self._target):
                    sock.sendto(output.data, target)


def main() -> None:
    """Never ends."""
    told = json.loads(sys.stdin.readline())
    target, *addresses = told["addresses"]
    selector = selectors.DefaultSelector()
    members = [Member(f"other{number}", pair, target, told) for number, pair in enumerate(addresses)]
    for member in members:
        for sock in member.sockets:
            selector.register(sock, selectors.EVENT_READ, member)
    while True:
        for key, _unused in selector.select(0.01):
            data = key.fileobj.recv(2048)  # type: ignore[union-attr]
            key.data.perform(key.data.election.received(data, "", time.monotonic()))
        now = time.monotonic()
        for member in members:
            at = member.election.next
            if at is not None and at <= now:
                member.perform(member.election.due(now))


if __name__ == "__main__":
    main()
