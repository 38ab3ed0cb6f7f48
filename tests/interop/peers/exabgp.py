# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ExaBGP 4 as a stack. Its process API is its only mouth: what it says of sessions and prefixes is read as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any

from interop.peers.shape import Neighbour, Route, Session, Stack, Table, by_family
from processes import until

# The process between the API and two files. It is of a group of its own, and goes when ExaBGP is gone.
_MOUTH = "#!/bin/sh\ntrap 'kill $!' EXIT\ncat <>/mnt/commands &\ncat >>/mnt/events\n"
_PER_LINE = 100  # prefixes in a command


class ExaBgp(Stack):
    """exabgp of a root."""

    name = "ExaBGP"

    def prepare(self) -> None:
        folder = self.jail.folder
        os.mkfifo(folder / "commands")
        self._commands = os.open(folder / "commands", os.O_RDWR)
        (folder / "mouth").write_text(_MOUTH)
        (folder / "mouth").chmod(0o755)
        (folder / "exabgp.conf").write_text(self.configuration())

    def spawn(self) -> None:
        (self.jail.folder / "events").write_bytes(b"")
        self._events = 0  # octets of them that were read
        self._states: dict[str, tuple[str, str]] = {}
        self._table: Table = {}
        self._loaded = self.jail.log.read_text().count("loaded new configuration successfully")
        self._process = self.jail.start(
            ["/usr/sbin/exabgp", "/mnt/exabgp.conf"],
            exabgp_daemon_user="root",
            exabgp_api_cli="false",
            exabgp_api_ack="false",
            PYTHONDONTWRITEBYTECODE="1",
        )

    def start(self) -> None:
        self.spawn()
        until(self._there, "exabgp's listeners")

    def _there(self) -> bool:
        assert self._process is not None and self._process.poll() is None, self.jail.log.read_text()
        return self.jail.log.read_text().count("loaded new configuration successfully") > self._loaded

    def end(self) -> None:
        if self._process is not None:
            self.kill()  # else it waits for its process
        super().end()
        os.close(self._commands)

    @property
    def version(self) -> str:
        return self.jail.run("/usr/sbin/exabgp", "--version").split()[2]

    def session(self, address: str) -> Session:
        self._read()
        state, reason = self._states.get(address, ("", ""))
        return Session(state, state == "up", False, reason)

    def accepted(self, address: str) -> dict[str, int]:
        return {family: len(some) for family, some in by_family(self.routes(address)).items()}

    def table(self) -> Table:
        self._read()
        return {address: dict(routes) for address, routes in self._table.items()}

    def routes(self, address: str) -> dict[str, Route]:
        self._read()
        return dict(self._table.get(address, {}))

    def announce(self, prefixes: Iterable[str]) -> None:
        self._say("announce", prefixes)

    def withdraw(self, prefixes: Iterable[str]) -> None:
        self._say("withdraw", prefixes)

    def _say(self, word: str, prefixes: Iterable[str]) -> None:
        for family, some in by_family(prefixes).items():
            hop = self.own_next_hop(family) or "self"
            for start in range(0, len(some), _PER_LINE):
                nlri = " ".join(some[start : start + _PER_LINE])
                os.write(self._commands, f"{word} attributes next-hop {hop} nlri {nlri}\n".encode())

    def _read(self) -> None:
        """Takes over what it said since the last time; a line that is not whole yet waits."""
        with open(self.jail.folder / "events", "rb") as stream:
            stream.seek(self._events)
            data = stream.read()
        whole = data.rfind(b"\n") + 1
        self._events += whole
        for line in data[:whole].splitlines():
            event = json.loads(line)
            neighbour = event.get("neighbor")
            if neighbour is None:
                continue
            address = neighbour["address"]["peer"]
            if event["type"] == "state":
                self._states[address] = (neighbour["state"], neighbour.get("reason", ""))
                if neighbour["state"] == "down":
                    self._table.pop(address, None)
            elif event["type"] == "update":
                self._update(self._table.setdefault(address, {}), neighbour["message"].get("update", {}))

    @staticmethod
    def _update(table: dict[str, Route], update: dict[str, Any]) -> None:
        for some in update.get("withdraw", {}).values():
            for item in some:
                table.pop(item["nlri"], None)
        for hops in update.get("announce", {}).values():
            for hop, some in hops.items():
                for item in some:
                    if "nlri" in item:
                        table[item["nlri"]] = _route(hop, update.get("attribute", {}))

    def configuration(self) -> str:
        """The text of its configuration."""
        mouth = "process mouth {\n    run /mnt/mouth;\n    encoder json;\n}\n"
        return mouth + "".join(map(self._of, self.neighbours.values()))

    def _of(self, neighbour: Neighbour) -> str:
        lines = [
            f"router-id {self.router_id}",
            f"local-address {neighbour.source}",
            f"local-as {self.asn}",
            f"peer-as {neighbour.asn}",
            f"hold-time {neighbour.hold_time}",
        ]
        if neighbour.passive:
            lines += ["passive true", "listen 179"]
        elif neighbour.port != 179:
            lines.append(f"connect {neighbour.port}")
        if neighbour.password is not None:
            lines.append(f"md5-password '{neighbour.password}'")
        if neighbour.ttl is not None:
            lines.append(f"outgoing-ttl {neighbour.ttl}")
        text = "".join(f"    {line};\n" for line in lines)
        capabilities = ["route-refresh enable"]
        if neighbour.restart_time is not None:
            capabilities.append(f"graceful-restart {neighbour.restart_time}")
        if neighbour.extended_next_hop:
            capabilities.append("nexthop enable")
            text += "    nexthop {\n        ipv4 unicast ipv6;\n    }\n"
        inner = "".join(f"        {line};\n" for line in capabilities)
        families = "".join(f"        {family} unicast;\n" for family in neighbour.families)
        text += f"    capability {{\n{inner}    }}\n    family {{\n{families}    }}\n"
        text += "    api {\n        processes [ mouth ];\n        neighbor-changes;\n"
        text += "        receive {\n            parsed;\n            update;\n        }\n    }\n"
        return f"neighbor {neighbour.address} {{\n{text}}}\n"


def _route(hop: str, attributes: dict[str, Any]) -> Route:
    def texts(key: str) -> tuple[str, ...]:
        return tuple(sorted(":".join(map(str, item)) for item in attributes.get(key, [])))

    path = attributes.get("as-path", [])
    return Route(
        hop,
        tuple(path if isinstance(path, list) else [asn for part in path.values() for asn in part["value"]]),
        texts("community"),
        texts("large-community"),
        attributes.get("local-preference"),
        False,
    )
