# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of ``dualstack-controller``: a small JSON file; every key has a default."""

from __future__ import annotations

import socket
from typing import Any, NamedTuple

from dualstack.findings import nearest

from ..observe.config_file import ConfigError, Given, read

DEFAULT_PATH = "/etc/dualstack/controller.json"
_NAME = 63  # octets of a name of a Lease or a namespace (RFC 1123)


class Timing(NamedTuple):
    """Durations of the Lease in seconds, with the meaning and defaults of client-go's leader election."""

    duration: float = 15.0
    renew_deadline: float = 10.0
    retry_period: float = 2.0


class Config(NamedTuple):
    """``rest``: seconds that a freed address is kept from other Services; ``identity``: this host in the Lease.

    ``kubeconfig``: None for the credentials of the pod; ``metrics``, ``health``: host and port, None for none.
    """

    kubeconfig: str | None = None
    namespace: str = "metallb-system"
    identity: str = ""
    lease: str = "dualstack-controller"
    timing: Timing = Timing()
    load_balancer_class: str | None = None
    rest: float = 300.0
    status_socket: str = "/run/dualstack-controller/status.sock"
    metrics: tuple[str, int] | None = None
    health: tuple[str, int] | None = None
    log_level: str = "info"


_KEYS = ("kubernetes", "identity", "lease", "load_balancer_class", "rest", "status_socket", "metrics", "health")


def load(path: str) -> Config:
    """The configuration in a file. Raises ConfigError."""
    return parse(path, read(path))


def parse(where: str, value: Any) -> Config:
    """Checks a configuration, in which null counts as absent; ``where`` begins every error. Raises ConfigError."""
    given = _given(where, value, (*_KEYS, "log_level"))
    values = given.values
    given.expect("identity", _is_text(values.get("identity", "x")), "a text")
    given.expect("load_balancer_class", _is_text(values.get("load_balancer_class", "x")), "a text")
    given.expect("rest", _is_seconds(values.get("rest", 0)), "seconds, 0 or more,")
    given.expect_paths("status_socket")
    given.expect_log_level()
    kubernetes = _kubernetes(f"{where}: kubernetes", values.pop("kubernetes", {}))
    on_host = kubernetes.get("kubeconfig") is not None  # a pod's loopback is out of everybody's reach
    for name, loopback in (("metrics", on_host), ("health", False)):
        if name in values:
            values[name] = given.listener(name, loopback)
    values.setdefault("identity", socket.gethostname())
    lease = _lease(f"{where}: lease", values.pop("lease", {}))
    return Config(**kubernetes, **lease, **values)


def _given(where: str, value: Any, known: tuple[str, ...]) -> Given:
    given = Given(where, value, known, nearest)
    given.values = {name: item for name, item in given.values.items() if item is not None}
    return given


def _kubernetes(where: str, value: Any) -> dict[str, Any]:
    given = _given(where, value, ("kubeconfig", "namespace"))
    given.expect_paths("kubeconfig")
    given.expect("namespace", _is_name(given.values.get("namespace", "x")), "the name of a namespace")
    return given.values


def _lease(where: str, value: Any) -> dict[str, Any]:
    given = _given(where, value, ("name", *Timing._fields))
    given.expect("name", _is_name(given.values.get("name", "x")), "the name of a Lease")
    for name in Timing._fields:
        given.expect(name, _is_seconds(given.values.get(name, 1)), "seconds, 0 or more,")
    timing = Timing(**{name: float(given.values[name]) for name in Timing._fields if name in given.values})
    if not timing.duration > timing.renew_deadline > 2 * timing.retry_period > 0:
        shown = f"{timing.duration:g} > {timing.renew_deadline:g} > 2 × {timing.retry_period:g} > 0"
        raise ConfigError(f"{where}: duration > renew_deadline > 2 × retry_period > 0 is expected, not {shown}")
    return {"timing": timing, **({"lease": given.values["name"]} if "name" in given.values else {})}


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_name(value: Any) -> bool:
    return _is_text(value) and len(value) <= _NAME and all(char.isalnum() or char in "-." for char in value)


def _is_seconds(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 86400
