# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FRR as a stack: bgpd, zebra and bfdd. Its own prefixes are ``network`` lines over the vty socket."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable
from typing import Any

from interop.frr import Vty
from interop.peers.shape import FAMILIES, Neighbour, Route, Session, Stack, Table, by_family
from processes import until

_WELL_KNOWN = {
    "gracefulShutdown": "65535:0",
    "acceptown": "65535:1",
    "llgrStale": "65535:6",
    "noLlgr": "65535:7",
    "blackhole": "65535:666",
    "noExport": "65535:65281",
    "noAdvertise": "65535:65282",
    "localAs": "65535:65283",
    "noPeer": "65535:65284",
}


class Frr(Stack):
    """FRR of a root."""

    name = "FRR"

    def prepare(self) -> None:
        self._around: list[subprocess.Popen[bytes]] = []
        self.watched = any(neighbour.bfd_ms is not None for neighbour in self.neighbours.values())
        self.jail.path("/run/frr").mkdir(exist_ok=True)
        self.jail.path("/etc/frr/zebra.conf").write_text("")
        self.jail.path("/etc/frr/bfdd.conf").write_text("\n".join(["bfd", *self._profiles()]) + "\n")
        self.jail.path("/etc/frr/bgpd.conf").write_text(self.configuration())
        names = [f"/etc/frr/{name}.conf" for name in ("zebra", "bfdd", "bgpd")]
        self.jail.run("chown", "--reference=/etc/frr", "/run/frr", *names)
        self._start_around("zebra", "zserv.api", "-s", "90000000")
        if self.watched:
            self._start_around("bfdd", "bfdd.vty")
            self.bfdd = Vty(str(self.jail.path("/run/frr/bfdd.vty")))

    def _start_around(self, name: str, socket: str, *options: str) -> None:
        self._around.append(self.jail.start([f"/usr/lib/frr/{name}", "-f", f"/etc/frr/{name}.conf", *options]))
        until(self.jail.path(f"/run/frr/{socket}").exists, f"{name}'s socket")

    def spawn(self) -> None:
        self._process = self.jail.start(["/usr/lib/frr/bgpd", "-f", "/etc/frr/bgpd.conf"])

    def start(self) -> None:
        self.spawn()
        self.vty: Vty = until(self._connected, "bgpd's vty")
        self._detail = "json detail" if self.version.startswith("8.") else "detail json"

    def _connected(self) -> Vty | None:
        assert self._process is not None and self._process.poll() is None, self.jail.log.read_text()
        try:
            return Vty(str(self.jail.path("/run/frr/bgpd.vty")))
        except OSError:
            return None

    @property
    def version(self) -> str:
        return re.search(r"FRRouting ([\d.]+)", self.vty.run("show version"))[1]  # type: ignore[index]

    @property
    def pids(self) -> list[int]:
        return [self.pid, *(process.pid for process in self._around)]

    def neighbour(self, address: str) -> dict[str, Any]:
        """What bgpd tells about a neighbour."""
        known = _known(self.neighbours[address])
        found: dict[str, Any] = self.vty.show(f"show bgp neighbors {known}")[known]
        return found

    def session(self, address: str) -> Session:
        seen = self.neighbour(address)
        state = seen["bgpState"]
        error = "" if state == "Established" else seen.get("lastNotificationReason") or seen.get("lastResetDueTo", "")
        helping = seen.get("gracefulRestartInfo", {}).get("timers", {}).get("restartTimerRemaining")
        return Session(state, state == "Established", helping is not None, error)

    def accepted(self, address: str) -> dict[str, int]:
        seen = self.neighbour(address).get("addressFamilyInfo", {})
        return {family: seen.get(f"{family}Unicast", {}).get("acceptedPrefixCounter", 0) for family in FAMILIES}

    def table(self) -> Table:
        table: Table = {}
        for family in FAMILIES:
            shown = json.loads(self.vty.run(f"show bgp {family} unicast {self._detail}") or "{}")
            for prefix, entry in shown.get("routes", {}).items():
                for path in entry:
                    if "peer" in path and not path.get("removed"):  # 8 begins with the prefix; or waits for its removal
                        table.setdefault(path["peer"]["peerId"], {})[prefix] = _route(path)
        return table

    def bfd(self, address: str) -> str:
        peers: list[dict[str, Any]] = self.bfdd.show("show bfd peers")
        return next((str(peer["status"]) for peer in peers if peer["peer"] == address), "")

    def announce(self, prefixes: Iterable[str]) -> None:
        self._networks("network", prefixes)

    def withdraw(self, prefixes: Iterable[str]) -> None:
        self._networks("no network", prefixes)

    def _networks(self, word: str, prefixes: Iterable[str]) -> None:
        lines = [f"router bgp {self.asn}"]
        for family, some in by_family(prefixes).items():
            if some:
                lines += [f"address-family {family} unicast", *(f"{word} {prefix}" for prefix in some)]
                lines.append("exit-address-family")
        self.vty.configure("\n".join(lines))

    def configuration(self) -> str:
        """The text of bgpd's configuration."""
        lines = [
            f"router bgp {self.asn}",
            f"bgp router-id {self.router_id}",
            "no bgp ebgp-requires-policy",
            "no bgp default ipv4-unicast",
            "no bgp network import-check",
        ]
        times = [item.restart_time for item in self.neighbours.values() if item.restart_time is not None]
        if times:
            lines += ["bgp graceful-restart", f"bgp graceful-restart restart-time {max(times)}"]
            lines.append("bgp graceful-restart preserve-fw-state")
        for neighbour in self.neighbours.values():
            lines += [f"neighbor {_known(neighbour)} {line}" for line in self._of(neighbour)]
        for family in FAMILIES:
            some = [_known(item) for item in self.neighbours.values() if family in item.families]
            lines += [f"address-family {family} unicast", *(f"neighbor {item} activate" for item in some)]
            lines.append("exit-address-family")
        return "\n".join(lines) + "\n"

    def _of(self, neighbour: Neighbour) -> list[str]:
        third = max(1, neighbour.hold_time // 3)
        lines = [f"timers {third} {neighbour.hold_time}", "timers connect 1"]
        if neighbour.interface is not None:
            lines.insert(0, f"interface v6only remote-as {neighbour.asn}")
        else:
            lines = [f"remote-as {neighbour.asn}", *lines, f"update-source {neighbour.source}"]
        if neighbour.passive:
            lines.append("passive")
        if neighbour.port != 179:
            lines.append(f"port {neighbour.port}")
        if neighbour.password is not None:
            lines.append(f"password {neighbour.password}")
        if neighbour.ttl is not None and neighbour.asn != self.asn:
            lines.append(f"ebgp-multihop {neighbour.ttl}")
        if neighbour.extended_next_hop:
            lines.append("capability extended-nexthop")
        if neighbour.bfd_ms is not None:
            lines += ["bfd", f"bfd profile every-{neighbour.bfd_ms}-ms"]
        return lines

    def _profiles(self) -> Iterable[str]:
        for interval in sorted({item.bfd_ms for item in self.neighbours.values() if item.bfd_ms is not None}):
            yield f"profile every-{interval}-ms"
            yield from (f"receive-interval {interval}", f"transmit-interval {interval}", "detect-multiplier 3", "exit")


def _known(neighbour: Neighbour) -> str:
    """How FRR calls a neighbour."""
    return neighbour.interface or neighbour.address


def _route(path: dict[str, Any]) -> Route:
    hops = sorted(path["nexthops"], key=lambda hop: bool(hop.get("scope") == "link-local"))
    return Route(
        hops[0]["ip"],
        tuple(number for part in path["aspath"].get("segments", []) for number in part["list"]),
        tuple(sorted(_WELL_KNOWN.get(text, text) for text in path.get("community", {}).get("list", []))),
        tuple(sorted(path.get("largeCommunity", {}).get("list", []))),
        path.get("locPrf"),
        bool(path.get("stale", False)),
    )
