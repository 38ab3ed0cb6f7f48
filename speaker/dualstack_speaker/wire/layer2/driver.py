# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The driver of layer 2: follows the interfaces of the host, opens a port where an address is answered, announces."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import islice
from typing import Any

from ...base.addresses import show
from ...layer2 import announcer, ownership
from ...layer2.placement import Interface, Placement, unusable
from ...layer2.responder import Claim
from ...net.netlink import News
from ...observe.logs import Log
from ..handover.fds import Give, Take
from ..reasons import reason
from . import status
from .interfaces import interfaces_of
from .port import Counts, Port

_SHARE = 10  # looks at interfaces that keep changing take one part in so many of the time; the first is at once …
_LEAST, _MOST = 0.002, 0.2  # … and the seconds between two are within these
_RETRY = 1.0  # seconds until a port that could not be opened, or a group, is tried again
_ADDRESSES = 500  # placed in one turn of the loop
_NOWHERE: frozenset[int] = frozenset()


class Layer2Driver:
    """Addresses and the ports that answer for them.

    ``refresh``: seconds between announcements without a cause; 0: none.
    """

    def __init__(self, excluded: Iterable[str], log: Log, refresh: float = 0) -> None:
        self._excluded = re.compile("|".join(f"(?:{pattern})" for pattern in excluded) or r"(?!)")
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._wanted: dict[bytes, tuple[str, ...]] = {}
        self._places: dict[bytes, frozenset[int]] = {}
        self._interfaces: dict[int, Interface] = {}
        self._placement = Placement((), self._excluded)
        self._ports: dict[int, Port] = {}
        self._failed: dict[int, str] = {}  # why an interface has no port
        self._counts: Counts = {}
        self._announcer = announcer.Announcer()
        self._ownership = ownership.Ownership(refresh)
        self._news: News | None = None
        self._rested = 0.0  # when the interfaces may be looked at again
        self._look: asyncio.TimerHandle | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._unplaced: dict[bytes, None] = {}  # addresses to be placed
        self._placing: asyncio.Handle | None = None
        self._lingering: dict[bytes, float] = {}  # addresses that are another node's soon, and until when at most
        self._let_go: asyncio.TimerHandle | None = None
        self._watched = False  # interfaces are of interest without an address
        self.name_of: Callable[[bytes], str | None] = lambda _mac: None  # the node that has a MAC
        self.on_interfaces: Callable[[list[str], list[bytes], bool], None] | None = None

    def change(self, changes: Mapping[bytes, tuple[str, ...] | None]) -> None:
        """Takes addresses over or gives them up."""
        for address, names in changes.items():
            if self._lingering.pop(address, None) is not None and names is not None:
                self._come_back(address)
            if names is None:
                self._wanted.pop(address, None)
            else:
                self._wanted[address] = names
                self._counts.setdefault(address, [0, 0, 0])
        if not changes:
            return
        if self._news is None and self._wanted:
            self._follow()
        self._place(changes)
        self._turn()

    def watch(self) -> None:
        """Follows the interfaces also while no address is answered."""
        self._watched = True
        if self._news is None:
            self._follow()

    def hand_over(self, addresses: Iterable[bytes], patience: float) -> None:
        """Another node is to answer for these. Until it says so on the wire, or for so many seconds, both do."""
        until = self._loop.time() + patience
        for address in addresses:
            if address not in self._wanted:
                continue
            self._lingering[address] = until
            for number in self._places.get(address, _NOWHERE):
                self._ownership.ended((number, address))
                self._announcer.cease(number, address)
        if self._lingering and self._let_go is None:
            self._let_go = self._loop.call_at(until, self._release)

    @property
    def lingering(self) -> bool:
        """Whether addresses are still answered for another node."""
        return bool(self._lingering)

    def _release(self) -> None:
        self._let_go = None
        now = self._loop.time()
        self.change(dict.fromkeys(address for address, until in self._lingering.items() if until <= now))
        if self._lingering:
            self._let_go = self._loop.call_at(min(self._lingering.values()), self._release)

    def _come_back(self, address: bytes) -> None:
        """It is this node's again: others may have been told something else meanwhile."""
        now = self._loop.time()
        for number in self._places.get(address, _NOWHERE):
            self._ownership.began((number, address), now)
            self._announcer.begin(number, address, now)

    def close(self) -> None:
        """Falls silent."""
        for handle in (self._look, self._retry, self._timer, self._placing, self._let_go):
            if handle is not None:
                handle.cancel()
        if self._news is not None:
            self._loop.remove_reader(self._news.socket)
            self._news.close()
            self._news = None
        for port in self._ports.values():
            port.close()
        self._ports.clear()
        self._lingering.clear()

    def status(self) -> dict[str, Any]:
        """What is answered, by address."""
        return status.addresses(self._wanted, self._places, self._ports, self._counts, self._ownership)

    def interfaces(self) -> dict[str, Any]:
        """What answers, by interface."""
        return status.interfaces(self._interfaces.values(), self._ports, self._failed, self._excluded)

    # Interfaces

    def _follow(self) -> None:
        try:
            self._news = News()
        except OSError as error:
            self._log.write("error", "interfaces unknown", {"reason": reason(error)})
            self._try_again()
            return
        self._loop.add_reader(self._news.socket, self._on_news)
        self._take_in()

    def _on_news(self) -> None:
        assert self._news is not None
        try:
            self._news.read()
        except OSError as error:
            self._log.write("error", "interfaces unknown", {"reason": reason(error)})
            self._loop.remove_reader(self._news.socket)
            self._news.close()
            self._news = None
            self._try_again()
            return
        if self._look is None:
            self._look = self._loop.call_at(max(self._rested, self._loop.time()), self._settle)

    def _settle(self) -> None:
        """Brings the ports in line with the interfaces there are."""
        self._look = None
        begun = self._loop.time()
        if self._take_in():
            self._place(self._wanted)
        self._turn()
        ended = self._loop.time()
        self._rested = ended + min(max(_SHARE * (ended - begun), _LEAST), _MOST)

    def _take_in(self) -> bool:
        """Looks at the interfaces; whether addresses have to be placed anew."""
        found = interfaces_of(self._news.table) if self._news is not None else {}
        if found == self._interfaces:
            return False
        self._interfaces = found
        self._placement = Placement(found.values(), self._excluded)
        own = frozenset(interface.mac for interface in found.values())
        for number, port in self._ports.items():
            now = found.get(number)
            if now is not None and port.follow(now, own):
                self._log.write("info", "announcing again", {"interface": now.name, "mac": now.mac.hex(":")})
                for address in port.addresses:
                    self._announcer.begin(number, address, self._loop.time())
        self._failed = {number: why for number, why in self._failed.items() if number in found}
        if self.on_interfaces is not None:
            self._loop.call_soon(self._tell)
        return True

    def _tell(self) -> None:
        """Where this node could answer."""
        if self.on_interfaces is None:
            return
        able = [one for one in self._interfaces.values() if one.running and not unusable(one)]
        names = [name for one in able for name in (one.name, *one.names)]
        is_open = any(not self._excluded.search(one.name) for one in able)
        self.on_interfaces(names, sorted({one.mac for one in able}), is_open)

    def _try_again(self) -> None:
        if self._retry is None:
            self._retry = self._loop.call_later(_RETRY, self._again)

    def _again(self) -> None:
        self._retry = None
        if self._news is None and (self._wanted or self._watched):
            self._follow()
        for port in self._ports.values():
            if port.failed:
                port.settle()
                self._check(port)
        self._place(self._wanted)
        self._turn()

    # Addresses

    def _place(self, addresses: Iterable[bytes]) -> None:
        """Has these answered where they belong, and announced where that is new; very many of them in slices."""
        self._unplaced.update(dict.fromkeys(addresses))
        if self._placing is not None:
            self._placing.cancel()
        self._place_some()

    def _place_some(self) -> None:
        now = list(islice(self._unplaced, _ADDRESSES))
        for address in now:
            del self._unplaced[address]
        self._place_now(now)
        self._placing = self._loop.call_soon(self._place_more) if self._unplaced else None

    def _place_more(self) -> None:
        self._place_some()
        self._turn()

    def _place_now(self, addresses: Collection[bytes]) -> None:
        come: dict[int, list[bytes]] = {}
        gone: dict[int, list[bytes]] = {}
        for address in addresses:
            names = self._wanted.get(address)
            now = _NOWHERE if names is None else self._placement.of(address, names)
            before = self._places.get(address, _NOWHERE)
            if now == before:
                continue
            for number in before - now:
                gone.setdefault(number, []).append(address)
            for number in now - before:
                come.setdefault(number, []).append(address)
            self._places[address] = now
            if not now:
                del self._places[address]
        for number, new in come.items():
            self._take_over(number, new)
        for number, lost in gone.items():
            self._give_up(number, lost)
        for address in addresses:
            if address not in self._wanted:
                self._counts.pop(address, None)

    def _take_over(self, number: int, addresses: list[bytes]) -> None:
        port = self._ports.get(number)
        if port is None:
            port = self._open(number)
        if port is None:
            for address in addresses:  # to be placed again
                self._places[address] -= {number}
            self._try_again()
            return
        port.add(addresses)
        self._check(port)
        now = self._loop.time()
        for address in addresses:
            self._ownership.began((number, address), now)
            self._announcer.begin(number, address, now)

    def _give_up(self, number: int, addresses: list[bytes]) -> None:
        for address in addresses:
            self._ownership.ended((number, address))
            self._announcer.cease(number, address)
        port = self._ports.get(number)
        if port is None:
            return
        port.remove(addresses)
        if not port.addresses:
            self._ports.pop(number).close()

    def _open(self, number: int) -> Port | None:
        interface = self._interfaces[number]
        try:
            port = self._ports[number] = Port(interface, self._counts, self._claimed)
        except OSError as error:
            self._failed[number] = reason(error)
            self._log.write("error", "cannot answer", {"interface": interface.name, "reason": reason(error)})
            return None
        self._failed.pop(number, None)
        port.follow(interface, frozenset(one.mac for one in self._interfaces.values()))
        self._log.write("info", "answering", {"interface": interface.name, "mac": interface.mac.hex(":")})
        return port

    def _check(self, port: Port) -> None:
        if port.failed:
            fields = {"interface": port.interface.name, "reason": port.failed}
            self._log.write("warning", "group not joined", fields)
            self._try_again()

    # Others, and time

    def _claimed(self, number: int, claims: list[Claim]) -> None:
        now = self._loop.time()
        told = {claim.address for claim in claims} & self._lingering.keys() if self._lingering else None
        if told:
            self.change(dict.fromkeys(told))
        for claim in claims:
            self._carry_out(self._ownership.claimed((number, claim.address), claim.mac, claim.public, now))
        self._turn()

    def _carry_out(self, outputs: Iterable[ownership.Output]) -> None:
        for output in outputs:
            number, address = output.key
            interface = self._interfaces.get(number)
            fields = {"interface": interface.name if interface else None, "address": show(address)}
            if isinstance(output, ownership.Announce):
                self._announcer.once(announcer.ANNOUNCEMENT, number, address, self._loop.time())
            elif isinstance(output, ownership.Ask):
                self._announcer.once(announcer.PROBE, number, address, self._loop.time())
            elif isinstance(output, ownership.Disputed):
                self._log.write(
                    "warning",
                    "address conflict",
                    {**fields, "mac": output.mac.hex(":"), "node": self.name_of(output.mac)},
                )
            else:
                self._log.write("info", "address conflict over", fields)

    def _turn(self) -> None:
        """Sends what is due and arms the timer for the next."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._carry_out(self._ownership.due(self._loop.time()))
        for kind, number, address in self._announcer.take(self._loop.time()):
            port = self._ports.get(number)
            if port is not None and address in port.addresses:
                sent = port.send(kind, address)
                if kind != announcer.PROBE:
                    self._counts[address][2] += sent
        due = [at for at in (self._announcer.next, self._ownership.next) if at is not None]
        if due:
            self._timer = self._loop.call_at(min(due), self._turn)

    # Another process

    def export(self, fds: Give) -> dict[str, Any]:
        """What another process needs to go on without a gap; ``fds`` takes the sockets."""
        return {
            "ports": [port.export(fds) for port in self._ports.values()],
            "bursts": [[b.interface, b.address.hex(), b.left, b.at] for b in self._announcer.bursts()],
            "holdings": [held.export() for held in self._ownership.holdings()],
            "counts": self.counts(),
        }

    def counts(self) -> dict[str, list[int]]:
        """What is counted by address: requests, replies, gratuitous frames."""
        return {address.hex(): list(counted) for address, counted in self._counts.items()}

    def take_counts(self, counts: Mapping[str, list[int]]) -> None:
        """Goes on counting from these."""
        for text, counted in counts.items():
            known = self._counts.get(bytes.fromhex(text))
            if known is not None and len(counted) == len(known):
                known[:] = counted

    def adopt(self, wanted: Mapping[bytes, tuple[str, ...]], state: Mapping[str, Any], fds: Take) -> None:
        """Goes on with what another process exported, for these addresses. Sends nothing before the loop turns.

        What is not usable is made anew, with the announcements that belong to it.
        """
        self._wanted = dict(wanted)
        self._counts.update((address, [0, 0, 0]) for address in wanted)
        if not wanted:
            return
        self._follow()
        kept: set[ownership.Key] = set()
        for part in state.get("ports", ()):
            try:
                kept |= self._adopt_port(part, fds)
            except (AttributeError, KeyError, TypeError, ValueError, OSError) as error:
                self._log.write("warning", "port not taken over", {"reason": reason(error)})
        for number, address in kept:
            self._places[address] = self._places.get(address, _NOWHERE) | {number}
            self._counts.setdefault(address, [0, 0, 0])  # one that is not wanted any more is given up at the next turn
        self._resume(state, kept)
        self.take_counts(state.get("counts", {}))
        self._look = self._loop.call_at(self._loop.time(), self._go_on)

    def _go_on(self) -> None:
        self._look = None
        self._place([*self._wanted, *(address for address in self._places if address not in self._wanted)])
        for port in self._ports.values():
            port.settle()
            self._check(port)
        self._turn()

    def _adopt_port(self, part: dict[str, Any], fds: Take) -> set[ownership.Key]:
        number = part["number"]
        interface = self._interfaces.get(number)
        if interface is None or interface.mac.hex() != part["mac"]:
            return set()
        port = self._ports[number] = Port.adopt(interface, self._counts, self._claimed, part, fds)
        port.follow(interface, frozenset(one.mac for one in self._interfaces.values()))
        return {(number, address) for address in port.addresses}

    def _resume(self, state: Mapping[str, Any], kept: set[ownership.Key]) -> None:
        bursts = [announcer.Burst(n, bytes.fromhex(text), left, at) for n, text, left, at in state.get("bursts", ())]
        self._announcer.resume(burst for burst in bursts if (burst.interface, burst.address) in kept)
        for part in state.get("holdings", ()):
            held = ownership.Holding.adopt(part)
            if held.key in kept:
                self._ownership.resume(held)
