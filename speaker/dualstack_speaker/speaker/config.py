# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of ``speaker``: a small JSON file; only the node's name has no default."""

from __future__ import annotations

import ipaddress
import json
from typing import Any, NamedTuple

from dualstack.findings import nearest

from ..observe.logs import LEVELS

DEFAULT_PATH = "/etc/dualstack/speaker.json"
_PATHS = ("resources", "wire_socket", "status_socket")


class ConfigError(ValueError):
    """Names the file, the key and what is expected there."""


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
    try:
        with open(path, encoding="utf-8") as file:
            value = json.load(file)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(f"{path}: no JSON: {error}") from None
    return parse(path, value)


def parse(where: str, value: Any) -> Config:
    """Checks a configuration; ``where`` begins every error. Raises ConfigError."""
    if not isinstance(value, dict):
        raise ConfigError(f"{where}: an object is expected")
    for name in value:
        if name not in Config._fields:
            raise ConfigError(f"{where}: {name}: unknown key; {nearest(name, Config._fields)}")
    given = {name: item for name, item in value.items() if item is not None}
    _expect(where, given, "node", isinstance(given.get("node"), str) and given["node"], "the node's name")
    for name in _PATHS:
        path = given.get(name, "/")
        _expect(where, given, name, isinstance(path, str) and path.startswith("/"), "an absolute path")
    if "router_id" in given:
        given["router_id"] = _address(where, "router_id", given["router_id"], version=4)
    addresses = given.get("addresses", [])
    _expect(where, given, "addresses", isinstance(addresses, list), "a list of addresses")
    given["addresses"] = tuple(_address(where, "addresses", item) for item in addresses)
    lb_class = given.get("load_balancer_class", "")
    _expect(where, given, "load_balancer_class", isinstance(lb_class, str), "a text")
    flag = given.get("ignore_exclude_label", False)
    _expect(where, given, "ignore_exclude_label", isinstance(flag, bool), "true or false")
    _expect(where, given, "log_level", given.get("log_level", "info") in LEVELS, f"one of {', '.join(LEVELS)}")
    if "metrics" in given:
        given["metrics"] = _listener(where, given["metrics"])
    return Config(**given)


def _expect(where: str, given: dict[str, Any], name: str, fulfilled: object, words: str) -> None:
    if not fulfilled:
        shown = f", not {given[name]!r}" if name in given else ""
        raise ConfigError(f"{where}: {name}: {words} is expected{shown}")


def _address(where: str, name: str, value: Any, version: int = 0) -> str:
    try:
        address = ipaddress.ip_address(str(value))
    except ValueError:
        raise ConfigError(f"{where}: {name}: {value!r} is not an IP address") from None
    if version and address.version != version:
        raise ConfigError(f"{where}: {name}: an IPv{version} address is expected, not {value!r}")
    return str(address)


def _listener(where: str, value: Any) -> tuple[str, int]:
    """Only loopback: the metrics carry no authentication."""
    host, _unused, port = str(value).rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    address = ipaddress.ip_address(_address(where, "metrics", bare))
    if not address.is_loopback or not (port.isascii() and port.isdigit() and int(port) <= 65535):
        raise ConfigError(f'{where}: metrics: loopback and a port like "127.0.0.1:7473" is expected, not {value!r}')
    return bare, int(port)
