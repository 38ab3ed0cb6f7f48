# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration file of a daemon: a small JSON object, and errors that name file, key and what is expected."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Sequence
from typing import Any

from .logs import LEVELS


class ConfigError(ValueError):
    """Names the file, the key and what is expected there."""


def read(path: str) -> Any:
    """The JSON in a file. Raises ConfigError."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(f"{path}: no JSON: {error}") from None


def _list(_name: str, known: Sequence[str]) -> str:
    return f"known are {', '.join(known)}"


class Given:
    """The keys of the file; ``where`` begins every error, ``hint`` ends that of an unknown key. Raises ConfigError."""

    def __init__(
        self, where: str, value: Any, known: Sequence[str], hint: Callable[[str, Sequence[str]], str] = _list
    ) -> None:
        if not isinstance(value, dict):
            raise ConfigError(f"{where}: an object is expected")
        for name in value:
            if name not in known:
                raise ConfigError(f"{where}: unknown key {name!r}; {hint(name, known)}")
        self._where = where
        self.values: dict[str, Any] = dict(value)

    def expect(self, name: str, fulfilled: object, words: str) -> None:
        """An error unless what stands under a key fulfils what is expected."""
        if not fulfilled:
            shown = f", not {self.values[name]!r}" if name in self.values else ""
            raise self.error(name, f"{words} is expected{shown}")

    def error(self, name: str, words: str) -> ConfigError:
        """What is wrong with a key."""
        return ConfigError(f"{self._where}: {name}: {words}")

    def expect_paths(self, *names: str) -> None:
        """Absolute paths, where they are given."""
        for name in names:
            path = self.values.get(name, "/")
            self.expect(name, isinstance(path, str) and path.startswith("/"), "an absolute path")

    def expect_log_level(self) -> None:
        """A level under ``log_level``, where it is given."""
        self.expect("log_level", self.values.get("log_level", "info") in LEVELS, f"one of {', '.join(LEVELS)}")

    def listener(self, name: str, loopback: bool = False) -> tuple[str, int]:
        """The address and port of a text like ``127.0.0.1:7473``; ``loopback``: of no other address."""
        value = self.values[name]
        host, _unused, port = str(value).rpartition(":")
        bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        kind = "loopback" if loopback else "an IP address"
        try:
            address = ipaddress.ip_address(bare)
        except ValueError:
            raise self.error(name, f'{kind} and a port like "127.0.0.1:7473" is expected, not {value!r}') from None
        usable = port.isascii() and port.isdigit() and int(port) <= 65535
        self.expect(name, usable and (address.is_loopback or not loopback), f'{kind} and a port like "127.0.0.1:7473"')
        return str(address), int(port)
