# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of ``speaker``: a small JSON file; only the node's name has no default."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Any, NamedTuple

from dualstack.announcing.facts import OF_ALL, OF_LOCAL
from dualstack.findings import nearest

from ..observe.config_file import Given, read

FOLDER = Path("/etc/dualstack")


def default_path(folder: Path, node: str | None) -> str:
    """The configuration of this host; in a pod that of its node (NODE_NAME), as all of them are mounted there."""
    of_pod = folder / f"speaker-{node}.json"
    return str(of_pod if node and of_pod.exists() else folder / "speaker.json")


DEFAULT_PATH = default_path(FOLDER, os.environ.get("NODE_NAME"))


class Kubernetes(NamedTuple):
    """``kubeconfig``: a path, None as a pod; ``endpoints``: of which Services they are watched, local or all."""

    kubeconfig: str | None = None
    namespace: str = "metallb-system"
    endpoints: str = OF_LOCAL


class Config(NamedTuple):
    """``kubernetes``: in the place of the folder ``resources``.

    ``addresses``: those of the node that sessions should prefer; ``metrics``, ``health``: host:port, None: none.
    """

    node: str
    router_id: str | None = None
    addresses: tuple[str, ...] = ()
    resources: str = "/etc/dualstack/resources"
    kubernetes: Kubernetes | None = None
    wire_socket: str = "/run/dualstack/wire.sock"
    status_socket: str = "/run/dualstack-speaker/status.sock"
    metrics: tuple[str, int] | None = None
    health: tuple[str, int] | None = None
    load_balancer_class: str | None = None
    ignore_exclude_label: bool = False
    log_level: str = "info"


def load(path: str) -> Config:
    """The configuration in a file. Raises ConfigError."""
    return parse(path, read(path))


def parse(where: str, value: Any) -> Config:
    """Checks a configuration, in which null counts as absent; ``where`` begins every error. Raises ConfigError."""
    given = Given(where, value, Config._fields, nearest)
    values = given.values = {name: item for name, item in given.values.items() if item is not None}
    given.expect("node", isinstance(values.get("node"), str) and values["node"], "the node's name")
    given.expect_paths("resources", "wire_socket", "status_socket")
    if "router_id" in values:
        values["router_id"] = _address(given, "router_id", values["router_id"], version=4)
    addresses = values.get("addresses", [])
    given.expect("addresses", isinstance(addresses, list), "a list of addresses")
    values["addresses"] = tuple(_address(given, "addresses", item) for item in addresses)
    given.expect("load_balancer_class", isinstance(values.get("load_balancer_class", ""), str), "a text")
    given.expect("ignore_exclude_label", isinstance(values.get("ignore_exclude_label", False), bool), "true or false")
    given.expect_log_level()
    if "kubernetes" in values:
        given.expect("resources", "resources" not in values, "nothing beside kubernetes")
        values["kubernetes"] = _kubernetes(f"{where}: kubernetes", values["kubernetes"])
    for name in ("metrics", "health"):
        if name in values:
            values[name] = given.listener(name, loopback=True)
    return Config(**values)


def _kubernetes(where: str, value: Any) -> Kubernetes:
    given = Given(where, value, Kubernetes._fields, nearest)
    values = given.values = {name: item for name, item in given.values.items() if item is not None}
    given.expect_paths("kubeconfig")
    namespace = values.get("namespace", "metallb-system")
    given.expect("namespace", isinstance(namespace, str) and namespace, "the name of a namespace")
    given.expect("endpoints", values.get("endpoints", OF_LOCAL) in (OF_LOCAL, OF_ALL), f"{OF_LOCAL} or {OF_ALL}")
    return Kubernetes(**values)


def _address(given: Given, name: str, value: Any, version: int = 0) -> str:
    try:
        address = ipaddress.ip_address(str(value))
    except ValueError:
        raise given.error(name, f"{value!r} is not an IP address") from None
    if version and address.version != version:
        raise given.error(name, f"an IPv{version} address is expected, not {value!r}")
    return str(address)
