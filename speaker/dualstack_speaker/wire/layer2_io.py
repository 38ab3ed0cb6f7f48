# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The driver of layer 2: follows the interfaces of the host, opens a port where an address is answered, announces."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Iterable, Mapping
from typing import Any

from ..base.addresses import show
from ..layer2 import announcer, placement
from ..net import netlink
from ..observe.logs import Log
from .bgp_io import reason
from .layer2_port import Port

_SETTLE = 0.05  # seconds to gather news of interfaces
_RESCAN = 10.0  # seconds after which interfaces are looked at without news
_RETRY = 1.0  # seconds until a port that could not be opened is tried again


class Layer2Driver:
    """Addresses and the ports that answer for them."""

    def __init__(self, excluded: Iterable[str], log: Log) -> None:
        self._excluded = re.compile("|".join(f"(?:{pattern})" for pattern in excluded) or r"(?!)")
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._wanted: dict[bytes, tuple[str, ...]] = {}
        self._ports: dict[str, Port] = {}
        self._counts: dict[bytes, list[int]] = {}  # replies, gratuitous frames
        self._announcer = announcer.Announcer()
        self._news: socket.socket | None = None
        self._rescan: asyncio.TimerHandle | None = None
        self._timer: asyncio.TimerHandle | None = None

    def change(self, changes: Mapping[bytes, tuple[str, ...] | None]) -> None:
        """Takes addresses over or gives them up."""
        for address, interfaces in changes.items():
            if interfaces is None:
                self._wanted.pop(address, None)
                self._counts.pop(address, None)
            else:
                self._wanted[address] = interfaces
                self._counts.setdefault(address, [0, 0])
        if self._news is None and self._wanted:
            self._news = netlink.open_news()
            self._loop.add_reader(self._news, self._on_news)
        self._settle()

    def close(self) -> None:
        """Falls silent."""
        for handle in (self._rescan, self._timer):
            if handle is not None:
                handle.cancel()
        if self._news is not None:
            self._loop.remove_reader(self._news)
            self._news.close()
            self._news = None
        for port in self._ports.values():
            port.close()
        self._ports.clear()

    def status(self) -> dict[str, Any]:
        """The layer-2 part of the status."""
        return {
            show(address): {
                "interfaces": {
                    name: port.mac.hex(":") for name, port in sorted(self._ports.items()) if address in port.addresses
                },
                "replies": self._counts[address][0],
                "gratuitous": self._counts[address][1],
            }
            for address in sorted(self._wanted, key=lambda packed: (len(packed), packed))
        }

    def _on_news(self) -> None:
        assert self._news is not None
        netlink.drain(self._news)
        self._settle_in(_SETTLE)

    def _settle_in(self, seconds: float) -> None:
        at = self._loop.time() + seconds
        if self._rescan is not None:
            if self._rescan.when() <= at:
                return
            self._rescan.cancel()
        self._rescan = self._loop.call_at(at, self._settle)

    def _settle(self) -> None:
        """Brings the ports in line with the addresses and the interfaces there are."""
        if self._rescan is not None:
            self._rescan.cancel()
            self._rescan = None
        interfaces = _interfaces() if self._wanted else []
        where = placement.Placement(interfaces, self._excluded)
        placed: dict[str, set[bytes]] = {}
        for address, wanted in self._wanted.items():
            for name in where.of(address, wanted):
                placed.setdefault(name, set()).add(address)
        known = {interface.name: interface for interface in interfaces}
        for name in [name for name, port in self._ports.items() if name not in placed or not port.fits(known[name])]:
            self._ports.pop(name).close()
        wait = _RESCAN
        for name, addresses in placed.items():
            if not self._serve(known[name], addresses):
                wait = _RETRY
        if self._wanted:
            self._settle_in(wait)
        self._announce()

    def _serve(self, interface: placement.Interface, addresses: set[bytes]) -> bool:
        """Makes a port answer for these addresses, and announces those that are new on it."""
        port = self._ports.get(interface.name)
        before = set(port.addresses) if port else set()
        try:
            if port is None:
                port = self._ports[interface.name] = Port(interface, self._counts)
                self._log.write("info", "answering", {"interface": interface.name, "mac": interface.mac.hex(":")})
            failed = port.serve(addresses)
        except OSError as error:
            self._log.write("error", "cannot answer", {"interface": interface.name, "reason": reason(error)})
            return False
        for address in addresses - before:
            self._announcer.begin(interface.name, address, self._loop.time())
        for address in before - addresses:
            self._announcer.cease(interface.name, address)
        if failed:
            self._log.write("warning", "group not joined", {"interface": interface.name, "reason": failed})
        return not failed

    def _announce(self) -> None:
        """Sends the rounds that are due and arms the timer for the next."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for name, address in self._announcer.take(self._loop.time()):
            port = self._ports.get(name)
            if port is not None and address in port.addresses:
                self._counts[address][1] += port.send(announcer.frames(port.mac, address))
        at = self._announcer.next
        if at is not None:
            self._timer = self._loop.call_at(at, self._announce)


def _interfaces() -> list[placement.Interface]:
    networks = netlink.addresses()
    return [
        placement.Interface(
            link.name, link.number, link.mac, link.flags, link.kind, link.master, tuple(networks.get(link.number, ()))
        )
        for link in netlink.links()
    ]
