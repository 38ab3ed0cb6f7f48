# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab's folder and its record: what was made, under which names, so that all of it can be found again and removed."""

from __future__ import annotations

import dataclasses
import json
import re
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from . import paths
from .errors import LabError
from .topology import MANAGEMENT_NETWORK, Backend, Host, Interface, Kubernetes, Topology

NAME = re.compile(r"[a-z][a-z0-9-]{0,19}")


@dataclasses.dataclass
class Lab:
    """One lab. `token` makes its cgroups its own even beside a lab of the same name in another cache folder."""

    name: str
    token: str
    topology: Topology
    suites: dict[str, str]
    numbers: dict[str, int]  # host to its place in the management network
    cgroups: list[str]  # the lab's cgroup in every hierarchy; the first one tells which processes are the lab's
    ready: bool = False

    @property
    def folder(self) -> Path:
        return paths.labs() / self.name

    def of_host(self, host: str) -> Path:
        return self.folder / "hosts" / host

    def root(self, host: str) -> Path:
        return self.of_host(host) / "root"

    @property
    def key(self) -> Path:
        return self.folder / "key"

    @property
    def inventory(self) -> Path:
        return self.folder / "inventory.yml"

    @property
    def sockets(self) -> Path:
        """Where ssh keeps its control sockets: a short path, because a socket's path must not exceed 108 bytes."""
        return Path("/run") / f"dslab-{self.name}-{self.token}"

    def namespace(self, host: str) -> str:
        return f"{self.prefix}{host}"

    @property
    def prefix(self) -> str:
        return f"dslab.{self.name}."

    @property
    def switch(self) -> str:
        return f"{self.prefix}-switch"

    @property
    def controller(self) -> str:
        return f"{self.prefix}-controller"

    def address(self, host: str) -> str:
        return str(MANAGEMENT_NETWORK[16 + self.numbers[host]])

    def save(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        record = dataclasses.asdict(self)
        temporary = self.folder / ".state.json"
        temporary.write_text(json.dumps(record, indent=1))
        temporary.rename(self.folder / "state.json")


def check_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise LabError(f"lab name {name!r}: use at most 20 small letters, digits and dashes, a letter first")
    return name


def lock(name: str) -> AbstractContextManager[None]:
    return paths.locked(paths.labs() / f".{name}.lock", f"waiting for another process that works on lab {name}")


def new(name: str, topology: Topology, suites: dict[str, str]) -> Lab:
    return Lab(name, secrets.token_hex(4), topology, suites, renumbered(topology, {}), cgroups=[])


def renumbered(topology: Topology, present: dict[str, int]) -> dict[str, int]:
    """Management numbers: hosts keep theirs, new hosts get the lowest free ones."""
    names = [host.name for host in topology.hosts]
    numbers = {name: present[name] for name in names if name in present}
    free = (n for n in range(len(names)) if n not in set(numbers.values()))
    return {name: numbers[name] if name in numbers else next(free) for name in names}


def load(name: str) -> Lab:
    """Raises LabError when there is no such lab."""
    path = paths.labs() / check_name(name) / "state.json"
    if not path.exists():
        raise LabError(f"there is no lab {name!r} (looked in {paths.labs()}): make it with `create {name} --plan PLAN`")
    data: dict[str, Any] = json.loads(path.read_text())
    data["topology"] = _topology(data["topology"])
    return Lab(**data)


def names() -> Iterator[str]:
    for path in sorted(paths.labs().glob("*/")):
        if NAME.fullmatch(path.name):
            yield path.name


def _topology(data: dict[str, Any]) -> Topology:
    hosts = []
    for host in data["hosts"]:
        backend = host["backend"]
        if backend:
            services = tuple((address, name) for address, name in backend["services"])
            backend = Backend(tuple(backend["ports"]), services, tuple(backend["blocks"]))
        interfaces = tuple(Interface(i["name"], i["segment"], tuple(i["addresses"])) for i in host["interfaces"])
        gateways = tuple((address, name) for address, name in host["gateways"])
        kubernetes = Kubernetes(**host["kubernetes"]) if host.get("kubernetes") else None
        known = (host["name"], host["kind"], interfaces, tuple(host["loopback"]), gateways, backend, kubernetes)
        hosts.append(Host(*known))
    return Topology(tuple(data["segments"]), tuple(hosts))
