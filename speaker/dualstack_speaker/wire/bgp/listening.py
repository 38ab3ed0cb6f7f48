# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that peers make: a listening socket per family, for those whose addresses are known.

Link-local addresses are unique on their link alone, and the kernel keeps the keys of a socket by address: so the peers
that have them get a socket per interface. All IPv6 connections of the interface come by it, those of others as well.
The kernel keeps out segments without the peer's MD5 signature, and with a TTL below what all peers of the family have
in common; what else concerns one peer alone is set on its connection. A socket listens once it has the keys. Those that
come later are no check of what was connected before them: such connections are reset, and every connection is given its
peer's key, so that one that was never signed is mute. Strangers are reset at once. Without ``listen_port`` nothing
listens, so that another speaker of the node can have port 179.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from ...base.addresses import FAMILIES, IPV6, link_local, show
from ...base.model import Peer
from ...bgp.words import NOT_LISTENING
from ...net import tcp
from ...observe.logs import Log
from ..reasons import reason
from .driver import BgpDriver
from .ear import Ear

BACKLOG = 64
_BATCH = 16  # connections that are accepted in one turn of the loop
_RETRY = 5.0  # seconds until a socket that could not be opened is tried again, and that a full process waits


class Listening:
    """The sockets; ``sessions`` are the BGP sessions by name. ``port`` None: there are none."""

    def __init__(self, port: int | None, log: Log, sessions: Mapping[str, BgpDriver]) -> None:
        self._port = port
        self._log = log
        self._sessions = sessions
        self._loop = asyncio.get_running_loop()
        self._problems: dict[str, str] = {}  # why a family, or an interface, has no socket
        self._ears: dict[str, Ear] = {}  # by family, or by family%interface
        self._retry: asyncio.TimerHandle | None = None
        self._frozen = False
        self._refused = 0

    def adopt(self, inherited: Mapping[str, socket.socket]) -> None:
        """Goes on with the sockets of the process before, by the names that ``sockets`` gives."""
        for name, sock in inherited.items():
            if name.partition("%")[0] in FAMILIES and sock.getsockname()[1] == self._port:
                self._begin(name, Ear(sock, inherited=True))
            else:
                sock.close()

    def sync(self) -> None:
        """Peers have changed: sockets with the first of them, keys, the least TTL, what sessions know of it."""
        peers = [driver.session.peer for driver in self._sessions.values()]
        wanted = {_ear_of(peer) for peer in peers} - set(FAMILIES)
        self._forget(wanted)
        if self._port is not None and self._sessions and self._retry is None:
            for name in (*FAMILIES, *sorted(wanted)):
                if name not in self._ears:
                    self._open(name, peers)
        waiting = [each for name in self._ears for each in self._key(name, peers)]
        for driver in self._sessions.values():
            driver.hear(self._deaf(_ear_of(driver.session.peer)))
        for sock, ends, name in waiting:
            self._admit(sock, ends, name)

    def freeze(self) -> None:
        """Accepts nothing more; what comes waits in the kernel."""
        self._frozen = True
        for ear in self._ears.values():
            self._loop.remove_reader(ear.sock)

    def thaw(self) -> None:
        """Accepts again."""
        self._frozen = False
        for name, ear in self._ears.items():
            self._loop.add_reader(ear.sock, self._accept, name)

    def sockets(self) -> dict[str, socket.socket]:
        """By family, those of an interface by ``family%interface``."""
        return {name: ear.sock for name, ear in self._ears.items()}

    def close(self) -> None:
        """Listens no more."""
        if self._retry is not None:
            self._retry.cancel()
        self.freeze()
        for ear in self._ears.values():
            ear.sock.close()
        self._ears.clear()

    def status(self) -> dict[str, Any] | None:
        """Its part of the status; None where nothing is to listen."""
        if self._port is None:
            return None
        return {"port": self._port, "errors": dict(self._problems), "refused": self._refused}

    def _deaf(self, name: str) -> str:
        if self._port is None:
            return NOT_LISTENING
        return self._problems.get(name.partition("%")[0]) or self._problems.get(name, "")

    def _forget(self, wanted: set[str]) -> None:
        """Closes the sockets of interfaces that have no such peer any more, or are gone: one may be there anew."""
        for name in [name for name in self._problems if name not in FAMILIES and name not in wanted]:
            del self._problems[name]
        for name in [name for name in self._ears if name not in FAMILIES]:
            sock = self._ears[name].sock
            if name not in wanted or tcp.bound_interface(sock) != name.partition("%")[2]:
                self._loop.remove_reader(sock)
                sock.close()
                del self._ears[name]

    def _open(self, name: str, peers: Sequence[Peer]) -> None:
        assert self._port is not None
        whole, _unused, interface = name.partition("%")
        beside = self._ears.get(whole)
        if interface and (beside is None or not tcp.interface_is_there(interface)):
            return  # told of the family; or the peer is out of reach, and sync is called when that changes
        try:
            if beside is None:
                sock = tcp.open_listener(name == IPV6, self._port)
            else:
                sock = tcp.open_listener_beside(beside.sock, interface, self._port)
            ear = Ear(sock)
            ear.listen(_callers(peers, name), BACKLOG)
        except OSError as error:
            problem = f"port {self._port} ({name}): {reason(error)}"
            if self._problems.get(name) != problem:
                self._log.write("error", "not listening", {"port": self._port, "family": name, "reason": reason(error)})
            self._problems[name] = problem
            self._later()
            return
        self._problems.pop(name, None)
        self._begin(name, ear)
        self._log.write("info", "listening", {"port": self._port, "family": name})

    def _begin(self, name: str, ear: Ear) -> None:
        self._ears[name] = ear
        if not self._frozen:
            self._loop.add_reader(ear.sock, self._accept, name)

    def _later(self) -> None:
        if self._retry is None:
            self._retry = self._loop.call_later(_RETRY, self._again)

    def _again(self) -> None:
        self._retry = None
        self.sync()
        if not self._frozen:
            self.thaw()

    def _accept(self, name: str) -> None:
        for sock, ends in islice(self._arrivals(name), _BATCH):
            self._admit(sock, ends, name)

    def _arrivals(self, name: str) -> Iterator[tuple[socket.socket, tcp.Ends]]:
        """The connections that wait in the kernel."""
        ear = self._ears[name]
        while True:
            try:
                arrived = tcp.accept(ear.sock)
            except BlockingIOError:
                return
            except ConnectionError:
                continue
            except OSError as error:  # no descriptors left: what waits stays readable
                self._log.write("error", "not accepted", {"family": name, "reason": reason(error)})
                self._loop.remove_reader(ear.sock)
                self._later()
                return
            yield arrived

    def _key(self, name: str, peers: Sequence[Peer]) -> list[tuple[socket.socket, tcp.Ends, str]]:
        """Sets a socket's keys; what of the connections that wait there is to be admitted.

        Nobody has asked those of a peer whose key is new for it: they are refused.
        """
        changed, problems = self._ears[name].sync(_callers(peers, name))
        for address, why in problems.items():
            self._log.write("error", "no TCP MD5", {"address": show(address), "reason": why})
        kept = []
        for sock, ends in islice(self._arrivals(name), BACKLOG + 1) if changed else ():
            if ends.remote in changed:
                self._refuse(sock, ends, "it was made before the peer's key was set")
            else:
                kept.append((sock, ends, name))
        return kept

    def _admit(self, sock: socket.socket, ends: tcp.Ends, name: str) -> None:
        driver = self._find(ends, name)
        why = "no peer has this address"
        if driver is not None:
            peer = driver.session.peer
            try:
                tcp.set_hops(sock, peer.sent_ttl, peer.least_ttl)
                if peer.password is not None:
                    tcp.set_md5(sock, peer.address, peer.password)
            except OSError as error:
                why = reason(error)
            else:
                driver.accept(sock)
                return
        self._refuse(sock, ends, why)

    def _refuse(self, sock: socket.socket, ends: tcp.Ends, why: str) -> None:
        self._refused += 1
        fields = {"address": show(ends.remote), "local": show(ends.local), "reason": why}
        self._log.write("warning", "connection refused", fields)
        tcp.refuse(sock)

    def _find(self, ends: tcp.Ends, name: str) -> BgpDriver | None:
        """Whose connection it is; a peer that names our address comes before one that does not.

        A peer whose keys are not on the socket by which the connection came is not meant.
        """
        found = None
        for driver in self._sessions.values():
            peer = driver.session.peer
            if peer.address != ends.remote or peer.source_address not in (None, ends.local):
                continue
            if not _comes_by(peer, name):
                continue
            if found is None or peer.source_address is not None:
                found = driver
        return found


def _ear_of(peer: Peer) -> str:
    """The socket that a peer's connections need; by family for one that is still to be found."""
    return f"{IPV6}%{peer.interface}" if link_local(peer.address) else peer.transport


def _comes_by(peer: Peer, name: str) -> bool:
    """Whether a peer's connections may come by a socket: those with a global address by each of their family."""
    return _ear_of(peer) in (name, name.partition("%")[0])


def _callers(peers: Sequence[Peer], name: str) -> list[Peer]:
    """The peers with a known address whose connections may come by a socket."""
    return [peer for peer in peers if any(peer.address) and _comes_by(peer, name)]
