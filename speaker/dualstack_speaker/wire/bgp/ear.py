# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A socket for connections that peers make: what of its peers the kernel is told before it answers for them.

The kernel checks a signature (TCP MD5, RFC 2385) with the key that the socket has when a segment arrives, so that what
was connected before a key was set was never asked for it.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import NamedTuple

from ...base.model import Peer
from ...net import tcp
from ..reasons import reason


class Keyed(NamedTuple):
    """What ``Ear.sync`` did: packed addresses whose key is another or none now, and why a key could not be set."""

    changed: set[bytes]
    problems: dict[bytes, str]


class Ear:
    """The socket and what is set on it; ``inherited``: from a process before, which had the same peers."""

    def __init__(self, sock: socket.socket, inherited: bool = False) -> None:
        self.sock = sock
        self._inherited = inherited
        self._keys: dict[bytes, str] = {}
        self._least = 0

    def listen(self, peers: Sequence[Peer], backlog: int) -> None:
        """Begins, with what these peers need. OSError when the port is taken; the socket is closed then."""
        try:
            self.sync(peers)
            self.sock.listen(backlog)
        except OSError:
            self.sock.close()
            raise

    def sync(self, peers: Sequence[Peer]) -> Keyed:
        """Sets what these peers need. The keys that an inherited socket is given first are those that it has."""
        least = min((peer.least_ttl or 0 for peer in peers), default=0)
        if least != self._least:
            tcp.set_hops(self.sock, None, least)
            self._least = least
        wanted: dict[bytes, str] = {}
        for peer in peers:
            if peer.password is not None:
                wanted.setdefault(peer.address, peer.password)
        changed = self._keys.keys() - wanted.keys()
        problems: dict[bytes, str] = {}
        for address in changed:
            tcp.set_md5(self.sock, address, None)
            del self._keys[address]
        for address, password in wanted.items():
            if self._keys.get(address) != password:
                try:
                    tcp.set_md5(self.sock, address, password)
                    self._keys[address] = password
                    changed.add(address)
                except OSError as error:
                    problems[address] = reason(error)
        if self._inherited:
            self._inherited = False
            changed = set()
        return Keyed(changed, problems)
