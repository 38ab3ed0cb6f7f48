# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of ``wire``: a small JSON file, every key with a default."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from ..observe.logs import LEVELS

# Interfaces that carry no client of the address: MetalLB's default list of excluded interfaces (metallb.io, ConfigMap
# metallb-excludel2).
EXCLUDED = (
    *("^docker.*", "^cbr.*", "^dummy.*", "^virbr.*", "^lxcbr.*", "^veth.*", "^lo$", "^cali.*", "^tunl.*"),
    *("^flannel.*", "^kube-ipvs.*", "^cni.*", "^nodelocaldns.*", "^lxc.*"),
)


class ConfigError(ValueError):
    """Names the file, the key and what is expected there."""


class Config(NamedTuple):
    """Paths; the least log level; the real-time priority (0: none); patterns of interfaces never taken unless named."""

    socket: str = "/run/dualstack/wire.sock"
    journal: str = "/run/dualstack/wire.journal"
    log_level: str = "info"
    realtime_priority: int = 0
    exclude_interfaces: tuple[str, ...] = EXCLUDED


DEFAULT_PATH = "/etc/dualstack/wire.json"


def load(path: str) -> Config:
    """The configuration in a file; ConfigError when it cannot be read or is wrong."""
    try:
        with open(path, encoding="utf-8") as file:
            value = json.load(file)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(f"{path}: no JSON: {error}") from None
    return parse(path, value)


def parse(where: str, value: Any) -> Config:
    """Checks a configuration; ``where`` begins every error."""
    if not isinstance(value, dict):
        raise ConfigError(f"{where}: an object is expected")
    unknown = sorted(value.keys() - set(Config._fields))
    if unknown:
        raise ConfigError(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(Config._fields)}")
    for name in ("socket", "journal"):
        if name in value and not (isinstance(value[name], str) and value[name].startswith("/")):
            raise ConfigError(f"{where}: {name}: an absolute path is expected")
    if value.get("log_level", "info") not in LEVELS:
        raise ConfigError(f"{where}: log_level: one of {', '.join(LEVELS)} is expected")
    priority = value.get("realtime_priority", 0)
    if type(priority) is not int or not 0 <= priority <= 99:  # pylint: disable=unidiomatic-typecheck
        raise ConfigError(f"{where}: realtime_priority: a whole number from 0 (none) to 99 is expected")
    patterns = value.get("exclude_interfaces", [])
    if not isinstance(patterns, list) or not all(isinstance(item, str) for item in patterns):
        raise ConfigError(f"{where}: exclude_interfaces: a list of patterns is expected")
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ConfigError(f"{where}: exclude_interfaces: {pattern!r} is no regular expression: {error}") from None
    if "exclude_interfaces" in value:
        value = {**value, "exclude_interfaces": tuple(patterns)}
    return Config(**value)
