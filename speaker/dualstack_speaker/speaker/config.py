# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of ``speaker``: a small JSON file; only the node's name has no default."""

from __future__ import annotations

import ipaddress
from typing import Any, NamedTuple

from dualstack.findings import nearest

from ..observe.config_file import Given, read

DEFAULT_PATH = "/etc/dualstack/speaker.json"


class Config(NamedTuple):
    """``addresses``: the node's addresses that sessions should prefer; ``metrics``: host:port, or None for none."""

    node: str
    router_id: str | None = None
    addresses: tuple[str, ...] = ()
    resources: str = "/etc/dualstack/resources"
    wire_socket: str = "/run/dualstack/wire.sock"
    status_socket: str = "/run/dualstack-speaker/status.sock"
    metrics: tuple[str, int] | None = None
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
    if "metrics" in values:
        values["metrics"] = _listener(given, values["metrics"])
    return Config(**values)


def _address(given: Given, name: str, value: Any, version: int = 0) -> str:
    try:
        address = ipaddress.ip_address(str(value))
    except ValueError:
        raise given.error(name, f"{value!r} is not an IP address") from None
    if version and address.version != version:
        raise given.error(name, f"an IPv{version} address is expected, not {value!r}")
    return str(address)


def _listener(given: Given, value: Any) -> tuple[str, int]:
    """Only loopback: the metrics carry no authentication."""
    host, _unused, port = str(value).rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    address = ipaddress.ip_address(_address(given, "metrics", bare))
    if not address.is_loopback or not (port.isascii() and port.isdigit() and int(port) <= 65535):
        raise given.error("metrics", f'loopback and a port like "127.0.0.1:7473" is expected, not {value!r}')
    return bare, int(port)
