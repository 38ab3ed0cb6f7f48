# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of ``wire``: a small JSON file, every key with a default."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ..observe.config_file import Given, read

# Interfaces that carry no client of the address: MetalLB's default list of excluded interfaces (metallb.io, ConfigMap
# metallb-excludel2).
EXCLUDED = (
    *("^docker.*", "^cbr.*", "^dummy.*", "^virbr.*", "^lxcbr.*", "^veth.*", "^lo$", "^cali.*", "^tunl.*"),
    *("^flannel.*", "^kube-ipvs.*", "^cni.*", "^nodelocaldns.*", "^lxc.*"),
)


class Heartbeat(NamedTuple):
    """Heartbeats between the nodes that may answer for layer-2 addresses: this node's name, the UDP port, the file with
    the keys, milliseconds between two of them, how many may be missing."""

    node: str
    key_file: str
    port: int = 7947
    interval_ms: int = 200
    multiplier: int = 3


class Config(NamedTuple):
    """Paths; the least log level; the real-time priority (0: none); how long a saved state waits for the speaker
    before it counts as whole, seconds; patterns of interfaces never taken unless named; how often each layer-2 address
    is announced again and asked for, seconds (0: never); heartbeats, None: none."""

    socket: str = "/run/dualstack/wire.sock"
    journal: str = "/run/dualstack/wire.journal"
    log_level: str = "info"
    realtime_priority: int = 0
    restart_patience: float = 30
    exclude_interfaces: tuple[str, ...] = EXCLUDED
    listen_port: int | None = None
    layer2_refresh: float = 300
    heartbeat: Heartbeat | None = None


DEFAULT_PATH = "/etc/dualstack/wire.json"


def load(path: str) -> Config:
    """The configuration in a file; ConfigError when it cannot be read or is wrong."""
    return parse(path, read(path))


def parse(where: str, value: Any) -> Config:
    """Checks a configuration; ``where`` begins every error. Raises ConfigError."""
    given = Given(where, value, Config._fields)
    given.expect_paths("socket", "journal")
    given.expect_log_level()
    priority = given.values.get("realtime_priority", 0)
    whole = type(priority) is int  # pylint: disable=unidiomatic-typecheck
    given.expect("realtime_priority", whole and 0 <= priority <= 99, "a whole number from 0 (none) to 99")
    patience = given.values.get("restart_patience", 0)
    timed = type(patience) in (int, float)  # pylint: disable=unidiomatic-typecheck
    given.expect("restart_patience", timed and 0 <= patience <= 4095, "a number of seconds from 0 to 4095")
    refresh = given.values.get("layer2_refresh", 0)
    timed = type(refresh) in (int, float)  # pylint: disable=unidiomatic-typecheck
    right = timed and (refresh == 0 or 10 <= refresh <= 86400)
    given.expect("layer2_refresh", right, "a number of seconds from 10 to 86400, or 0 (never)")
    patterns = given.values.get("exclude_interfaces", [])
    texts = isinstance(patterns, list) and all(isinstance(item, str) for item in patterns)
    given.expect("exclude_interfaces", texts, "a list of patterns")
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise given.error("exclude_interfaces", f"{pattern!r} is no regular expression: {error}") from None
    if "exclude_interfaces" in given.values:
        given.values["exclude_interfaces"] = tuple(patterns)
    port = given.values.get("listen_port")
    whole = port is None or (type(port) is int and 1 <= port <= 65535)  # pylint: disable=unidiomatic-typecheck
    given.expect("listen_port", whole, "null or a port from 1 to 65535")
    if given.values.get("heartbeat") is not None:
        given.values["heartbeat"] = _heartbeat(f"{where}: heartbeat", given.values["heartbeat"])
    return Config(**given.values)


def _heartbeat(where: str, value: Any) -> Heartbeat:
    given = Given(where, value, Heartbeat._fields)
    name = given.values.get("node")
    right = isinstance(name, str) and 1 <= len(name.encode(errors="replace")) <= 253
    given.expect("node", right, "this node's name, of up to 253 octets,")
    given.expect("key_file", "key_file" in given.values, "the path of a file with a key")
    given.expect_paths("key_file")
    for name, low, high in (("port", 1, 65535), ("interval_ms", 100, 1000), ("multiplier", 2, 10)):
        number = given.values.get(name, low)
        whole = type(number) is int  # pylint: disable=unidiomatic-typecheck
        given.expect(name, whole and low <= number <= high, f"a whole number from {low} to {high}")
    return Heartbeat(**given.values)
