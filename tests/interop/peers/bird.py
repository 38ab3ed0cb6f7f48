# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BIRD 2 as a stack. Its own prefixes are static routes: the files are rewritten and configured."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from pathlib import Path

from interop.peers.shape import FAMILIES, Neighbour, Route, Session, Stack, Table, by_family
from processes import until

_NUMBERS = re.compile(r"\(([\d, ]+)\)")
COMMAND = ["/usr/sbin/bird", "-f", "-c", "/mnt/bird.conf", "-s", "/mnt/bird.ctl", "-P", "/mnt/bird.pid"]
_HELPING = "Neighbor graceful restart active"


class Bird(Stack):
    """bird of a root."""

    name = "BIRD"

    def prepare(self) -> None:
        self._own: dict[str, dict[str, None]] = {family: {} for family in FAMILIES}  # a set that keeps its order
        self._names = {address: f"n{number}" for number, address in enumerate(self.neighbours)}
        for family in FAMILIES:
            self._write(family)
        (self.jail.folder / "bird.conf").write_text(self.configuration())

    def spawn(self) -> None:
        self._process = self.jail.start(COMMAND)

    def start(self) -> None:
        self.spawn()
        until(self._there, "bird's control socket")

    def _there(self) -> bool:
        assert self._process is not None and self._process.poll() is None, self.jail.log.read_text()
        try:
            return bool(self.run("show status"))
        except OSError:
            return False

    def run(self, command: str) -> str:
        """A command's answer, without BIRD's numbers."""
        return ask(self.jail.folder / "bird.ctl", command)

    @property
    def version(self) -> str:
        found = re.search(r"BIRD v?([\d.]+)", self.run("show status"))
        return found[1] if found else ""

    def session(self, address: str) -> Session:
        shown = self.run(f"show protocols all {self._names[address]}")
        state = re.search(r"BGP state: +(\w+)", shown)
        error = re.search(r"Last error: +(.*)", shown)
        return Session(
            state[1] if state else "",
            bool(state) and state[1] == "Established",
            _HELPING in shown,
            error[1] if error else "",
        )

    def accepted(self, address: str) -> dict[str, int]:
        shown = self.run(f"show protocols all {self._names[address]}")
        found = re.findall(r"Channel (ipv[46])\n(?:.*\n)*?    Routes: +(\d+) imported", shown)
        return {**dict.fromkeys(FAMILIES, 0), **{family: int(count) for family, count in found}}

    def table(self) -> Table:
        addresses = {name: address for address, name in self._names.items()}
        stale = {
            block.split(maxsplit=1)[0] for block in self.run("show protocols all").split("\n\n") if _HELPING in block
        }
        table: Table = {}
        prefix = ""
        rows: list[tuple[str, str, dict[str, str]]] = []
        for line in self.run("show route all").splitlines():
            head = re.match(r"(\S*) +\w+ \[(\w+) ", line)
            if head:
                prefix = head[1] or prefix
                rows.append((prefix, head[2], {}))
            elif rows and ": " in line:
                key, _unused, value = line.strip().partition(": ")
                rows[-1][2][key.lower().replace("bgp.", "")] = value
        for prefix, name, seen in rows:
            if name in addresses:
                table.setdefault(addresses[name], {})[prefix] = _route(seen, name in stale)
        return table

    def bfd(self, address: str) -> str:
        found = re.search(rf"^{re.escape(address)} +\S+ +(\w+) ", self.run("show bfd sessions"), re.M)
        return found[1].lower() if found else ""

    def announce(self, prefixes: Iterable[str]) -> None:
        for family, some in by_family(prefixes).items():
            self._own[family].update(dict.fromkeys(some))
            if some:
                self._write(family)
        self.run("configure")

    def withdraw(self, prefixes: Iterable[str]) -> None:
        for family, some in by_family(prefixes).items():
            for prefix in some:
                del self._own[family][prefix]
            if some:
                self._write(family)
        self.run("configure")

    def _write(self, family: str) -> None:
        lines = "".join(f"route {prefix} blackhole;\n" for prefix in self._own[family])
        (self.jail.folder / f"{family}.conf").write_text(lines)

    def configuration(self) -> str:
        """The text of its configuration."""
        lines = [
            f"router id {self.router_id};",
            "protocol device { }",
            "protocol direct { ipv4; ipv6; }",  # for next hops of neighbours that are several hops away
            *(f'protocol static own_{f} {{\n    {f};\n    include "/mnt/{f}.conf";\n}}' for f in FAMILIES),
        ]
        watched = [neighbour for neighbour in self.neighbours.values() if neighbour.bfd_ms is not None]
        if watched:
            times = f"min rx interval {watched[0].bfd_ms} ms; min tx interval {watched[0].bfd_ms} ms; multiplier 3;"
            lines.append(f'protocol bfd {{ interface "*" {{ {times} }}; multihop {{ {times} }}; }}')
        for name in (neighbour.interface for neighbour in self.neighbours.values() if neighbour.interface is not None):
            lines.append(f'protocol radv {{ interface "{name}" {{ max ra interval 4; default lifetime 0; }}; }}')
        lines += [self._protocol(name, self.neighbours[address]) for address, name in self._names.items()]
        return "\n".join(lines) + "\n"

    def _protocol(self, name: str, neighbour: Neighbour) -> str:
        behind = f"%'{neighbour.interface}'" if neighbour.interface is not None else ""
        parts = [
            f"local as {self.asn}" if behind else f"local {neighbour.source} as {self.asn}",
            f"neighbor {neighbour.address}{behind} port {neighbour.port} as {neighbour.asn}",
            f"multihop {neighbour.ttl}" if neighbour.ttl is not None else "direct",
            f"hold time {neighbour.hold_time}",
            "connect delay time 1; connect retry time 1; error wait time 1, 2",
        ]
        if neighbour.passive:
            parts.append("passive on")
        if neighbour.password is not None:
            parts.append(f'password "{neighbour.password}"')
        if neighbour.bfd_ms is not None:
            parts.append("bfd on")
        if neighbour.restart_time is not None:
            parts.append(f"graceful restart on; graceful restart time {neighbour.restart_time}")
        for family in neighbour.families:
            hop = f"next hop address {neighbour.next_hop[family]};" if family in neighbour.next_hop else ""
            extended = "extended next hop on;" if family == "ipv4" and neighbour.extended_next_hop else ""
            parts.append(f"{family} {{ import all; export where source = RTS_STATIC; {hop} {extended} }}")
        return f"protocol bgp {name} {{\n    " + ";\n    ".join(parts) + ";\n}"


def ask(control: Path, command: str) -> str:
    """A command's answer over the control socket, without BIRD's numbers."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(60)
        sock.connect(str(control))
        with sock.makefile("r") as stream:
            stream.readline()  # the greeting
            sock.sendall(f"{command}\n".encode())
            lines = []
            for line in stream:
                numbered = line[:4].isdigit()
                lines.append(line[5:] if numbered else line[1:])
                if numbered and line[4] == " ":  # the last one has no hyphen
                    break
    return "".join(lines)


def _route(seen: dict[str, str], stale: bool) -> Route:
    def numbers(key: str) -> tuple[str, ...]:
        return tuple(sorted(":".join(re.split(r", *", group)) for group in _NUMBERS.findall(seen.get(key, ""))))

    preference = seen.get("local_pref")
    return Route(
        next(hop for hop in seen["next_hop"].split() if hop != "::"),
        tuple(map(int, seen.get("as_path", "").split())),
        numbers("community"),
        numbers("large_community"),
        None if preference is None else int(preference),
        stale,
    )
