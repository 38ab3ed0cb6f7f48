# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GoBGP 3 as a stack. It is asked by its own command; its own prefixes go in by gRPC, over ``api.sock``."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterable
from typing import Any

from interop.peers.gobgp_api import Api
from interop.peers.shape import FAMILIES, Neighbour, Route, Session, Stack, Table
from processes import until

_STATES = ("UNKNOWN", "IDLE", "CONNECT", "ACTIVE", "OPENSENT", "OPENCONFIRM", "ESTABLISHED")
_SELF = {"ipv4": "0.0.0.0", "ipv6": "::"}  # it fills in its own address


class GoBgp(Stack):
    """gobgpd of a root."""

    name = "GoBGP"

    _api: Api | None = None

    def prepare(self) -> None:
        (self.jail.folder / "gobgpd.json").write_text(json.dumps(self.configuration(), indent=1))

    def spawn(self) -> None:
        (self.jail.folder / "api.sock").unlink(missing_ok=True)  # of one that crashed
        command = ["/usr/bin/gobgpd", "-t", "json", "-f", "/mnt/gobgpd.json", "--pprof-disable"]
        self._process = self.jail.start([*command, "--api-hosts=unix:///mnt/api.sock"])

    def start(self) -> None:
        self.spawn()
        until(self._there, "gobgpd's answer")

    def _there(self) -> bool:
        assert self._process is not None and self._process.poll() is None, self.jail.log.read_text()
        if not (self.jail.folder / "api.sock").exists():
            return False
        shown = self._call("-j", "neighbor")
        return shown.returncode == 0 and len(json.loads(shown.stdout)) == len(self.neighbours)

    def _call(self, *words: str) -> subprocess.CompletedProcess[str]:
        target = f"unix://{self.jail.folder / 'api.sock'}"
        command = [str(self.root / "usr/bin/gobgp"), "--target", target, *words]
        return subprocess.run(command, capture_output=True, text=True, env={"PATH": os.environ["PATH"]}, check=False)

    def run(self, *words: str) -> str:
        """A command's answer; AssertionError when it fails."""
        done = self._call(*words)
        assert done.returncode == 0, f"gobgp {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    @property
    def version(self) -> str:
        shown = subprocess.run(
            [str(self.root / "usr/bin/gobgpd"), "--version"], capture_output=True, text=True, check=True
        )
        return re.search(r"version ([\d.]+)", shown.stdout)[1]  # type: ignore[index]

    def neighbour(self, address: str) -> dict[str, Any]:
        """What it tells about a neighbour."""
        found: dict[str, Any] = json.loads(self.run("-j", "neighbor", address))
        return found

    def session(self, address: str) -> Session:
        seen = self.neighbour(address)
        state = _STATES[seen["state"].get("session_state", 0)]
        return Session(state, state == "ESTABLISHED", bool(seen["graceful_restart"].get("peer_restarting")), "")

    def accepted(self, address: str) -> dict[str, int]:
        counts = dict.fromkeys(FAMILIES, 0)
        for item in self.neighbour(address)["afi_safis"]:
            family = FAMILIES[item["config"]["family"]["afi"] - 1]
            counts[family] = item.get("state", {}).get("accepted", 0)
        return counts

    def table(self) -> Table:
        table: Table = {}
        for family in FAMILIES:
            for prefix, paths in json.loads(self.run("-j", "global", "rib", "-a", family)).items():
                for path in paths:
                    table.setdefault(path["neighbor-ip"], {})[prefix] = _route(path)
        return table

    def announce(self, prefixes: Iterable[str]) -> None:
        self._put(prefixes, withdraw=False)

    def withdraw(self, prefixes: Iterable[str]) -> None:
        self._put(prefixes, withdraw=True)

    def _put(self, prefixes: Iterable[str], withdraw: bool) -> None:
        if self._api is None:
            hops = {family: self.own_next_hop(family) or _SELF[family] for family in FAMILIES}
            self._api = Api(self.jail.folder / "api.sock", hops)
        self._api.put(prefixes, withdraw)

    def kill(self) -> None:
        self._hang_up()
        super().kill()

    def end(self) -> None:
        self._hang_up()
        super().end()

    def _hang_up(self) -> None:
        if self._api is not None:
            self._api.close()
            self._api = None

    def configuration(self) -> dict[str, Any]:
        """Its configuration."""
        return {
            "global": {"config": {"as": self.asn, "router-id": self.router_id, "port": 179}},
            "neighbors": [self._of(neighbour) for neighbour in self.neighbours.values()],
        }

    def _of(self, neighbour: Neighbour) -> dict[str, Any]:
        kept = {"config": {"enabled": True}}
        return {
            "config": {
                "neighbor-address": neighbour.address,
                "peer-as": neighbour.asn,
                "auth-password": neighbour.password or "",
            },
            "timers": {
                "config": {
                    "connect-retry": 1,
                    "idle-hold-time-after-reset": 1,
                    "hold-time": neighbour.hold_time,
                    "keepalive-interval": max(1, neighbour.hold_time // 3),
                }
            },
            "transport": {
                "config": {
                    "passive-mode": neighbour.passive,
                    "local-address": neighbour.source,
                    "remote-port": neighbour.port,
                }
            },
            "ebgp-multihop": {
                "config": {"enabled": neighbour.ttl is not None, "multihop-ttl": neighbour.ttl or 0},
            },
            "graceful-restart": {
                "config": {
                    "enabled": True,
                    "restart-time": neighbour.restart_time or 120,
                    "helper-only": neighbour.restart_time is None,
                }
            },
            "afi-safis": [
                {"config": {"afi-safi-name": f"{family}-unicast"}, "mp-graceful-restart": kept}
                for family in neighbour.families
            ],
        }


def _route(path: dict[str, Any]) -> Route:
    attributes = {item["type"]: item for item in path["attrs"]}
    reach = attributes.get(3) or attributes[14]
    communities = attributes.get(8, {}).get("communities", [])
    large = attributes.get(32, {}).get("value", [])
    return Route(
        reach["nexthop"],
        tuple(asn for part in attributes.get(2, {}).get("as_paths", []) for asn in part["asns"]),
        tuple(sorted(f"{number >> 16}:{number & 0xFFFF}" for number in communities)),
        tuple(sorted(f"{item['ASN']}:{item['LocalData1']}:{item['LocalData2']}" for item in large)),
        attributes.get(5, {}).get("value"),
        bool(path["stale"]),
    )
