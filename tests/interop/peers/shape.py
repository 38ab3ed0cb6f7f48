# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every stack of others looks like to tests and measurements.

A stack is one daemon with one ASN in a network namespace; its neighbours are told when it starts. It answers from its
own tables, and it announces prefixes of its own. Left out: policy, and neighbours that come later.
"""

from __future__ import annotations

import os
import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from interop.peers.jail import Jail, stop

FAMILIES = ("ipv4", "ipv6")


@dataclass(frozen=True)
class Neighbour:
    """Somebody with whom a stack has a session, as the stack is told. Times in seconds, intervals of BFD in ms.

    ``source``: the stack's own address of the session. ``ttl``: how many hops away it may be; None: on the link.
    ``passive``: the stack waits on port 179, else it dials ``port``. ``restart_time``: the stack asks to be kept while
    it restarts itself; it keeps others in any case, where it can. ``next_hop``: what the stack announces its own
    prefixes with, per family, where it would not find out. ``interface``: the neighbour is behind it, ``address`` and
    ``source`` are link-local, and the stack makes itself known there by router advertisements, where it can.
    """

    address: str
    asn: int
    source: str
    password: str | None = None
    port: int = 179
    ttl: int | None = None
    passive: bool = True
    restart_time: int | None = None
    extended_next_hop: bool = False
    families: tuple[str, ...] = FAMILIES
    hold_time: int = 9
    bfd_ms: int | None = None
    next_hop: Mapping[str, str] = field(default_factory=dict)
    interface: str | None = None


class Session(NamedTuple):
    """A session in the words of the stack; ``stale``: it keeps prefixes of a neighbour that is away."""

    state: str
    established: bool
    stale: bool
    error: str


class Route(NamedTuple):
    """A prefix as a stack holds it; the texts of communities (numbers, also of well-known ones) sorted as texts."""

    next_hop: str
    as_path: tuple[int, ...]
    communities: tuple[str, ...]
    large_communities: tuple[str, ...]
    local_preference: int | None
    stale: bool


Table = dict[str, dict[str, Route]]  # by the neighbour's address, by prefix


class Stack(ABC):
    """A daemon of others with its neighbours; it runs when it is made, unless ``started`` is false."""

    name: str  # as in the matrix

    def __init__(
        self,
        root: Path,
        namespace: str,
        folder: Path,
        asn: int,
        router_id: str,
        neighbours: Sequence[Neighbour],
        started: bool = True,
    ) -> None:
        self.asn, self.router_id = asn, router_id
        self.neighbours = {neighbour.address: neighbour for neighbour in neighbours}
        self.root = root
        self.jail = Jail(root, namespace, folder)
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self.prepare()
            if started:
                self.start()
        except BaseException:
            self.end()
            raise

    @abstractmethod
    def prepare(self) -> None:
        """Writes the configuration, and starts what the speaker needs around it."""

    @abstractmethod
    def spawn(self) -> None:
        """Starts the speaker and does not wait; also after ``kill``."""

    @abstractmethod
    def start(self) -> None:
        """Starts the speaker and waits until it answers."""

    @property
    @abstractmethod
    def version(self) -> str:
        """What the daemon says that it is."""

    @property
    def pid(self) -> int:
        """The speaker's process."""
        assert self._process is not None, f"{self.name} is not started"
        return self._process.pid

    @property
    def pids(self) -> list[int]:
        """All processes that announcing needs; their memory and time count."""
        return [self.pid]

    @abstractmethod
    def session(self, address: str) -> Session:
        """The session with a neighbour."""

    @abstractmethod
    def accepted(self, address: str) -> dict[str, int]:
        """How many prefixes of a neighbour it holds, per family; cheap also with very many."""

    @abstractmethod
    def table(self) -> Table:
        """All prefixes of all neighbours that it holds."""

    def routes(self, address: str) -> dict[str, Route]:
        """The prefixes of a neighbour."""
        return self.table().get(address, {})

    def bfd(self, address: str) -> str:
        """The state of BFD with a neighbour in lower case; empty when there is none."""
        raise NotImplementedError(f"{self.name} has no BFD")

    @abstractmethod
    def announce(self, prefixes: Iterable[str]) -> None:
        """Announces more prefixes to every neighbour."""

    @abstractmethod
    def withdraw(self, prefixes: Iterable[str]) -> None:
        """Takes prefixes back."""

    def own_next_hop(self, family: str) -> str | None:
        """The next hop of its own prefixes, where a stack has one for all neighbours."""
        hops = {item.next_hop.get(family) for item in self.neighbours.values()}
        assert len(hops) == 1, f"{self.name} takes one next hop for all neighbours"
        return hops.pop()

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the speaker: SIGSTOP and SIGCONT freeze and thaw it."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """Crashes the speaker; ``start`` starts it again with the same configuration."""
        assert self._process is not None, f"{self.name} is not started"
        stop(self._process, signal.SIGKILL)
        self._process = None

    def end(self) -> None:
        """Ends it; nothing is left."""
        self.jail.end()


def by_family(prefixes: Iterable[str]) -> dict[str, list[str]]:
    """Prefixes by their family."""
    found: dict[str, list[str]] = {family: [] for family in FAMILIES}
    for prefix in prefixes:
        found["ipv6" if ":" in prefix else "ipv4"].append(prefix)
    return found
