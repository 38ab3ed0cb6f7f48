# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controller is given: its configuration and its kubeconfig."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from . import kubeconfig
from .places import CONFIG_FOLDER

CONFIG = "controller.json"
KUBECONFIG = f"{CONFIG_FOLDER}/controller.kubeconfig"
TOKEN = "/var/lib/dualstack-controller/token"
STATUS_SOCKET = "/run/dualstack-controller/status.sock"
METRICS_PORT = 7474  # on loopback, next to the speaker's


class Options(NamedTuple):
    """What the controllers of a cluster are told.

    ``load_balancer_class``: of the Services that get addresses, None: those without one. ``rest``: seconds that a freed
    address is kept from other Services. ``health``, ``metrics``: host:port of these pages, None: none. ``lease``:
    seconds, by the keys duration, renew_deadline and retry_period.
    """

    load_balancer_class: str | None = None
    rest: int = 300
    health: str | None = None
    metrics: str | None = f"127.0.0.1:{METRICS_PORT}"
    log_level: str = "info"
    lease: Mapping[str, int] = {}


def render(api: kubeconfig.Api, options: Options) -> dict[str, str]:
    """``{path below CONFIG_FOLDER: text}``."""
    given = options._asdict()
    lease = dict(given.pop("lease"))
    config: dict[str, Any] = {
        "kubernetes": {"kubeconfig": None if api.in_pod else KUBECONFIG, "namespace": api.namespace},
        **given,
        **({"lease": lease} if lease else {}),
        "status_socket": STATUS_SOCKET,
    }
    files = {CONFIG: json.dumps(config, indent=2) + "\n"}
    if not api.in_pod:
        files[KUBECONFIG[len(CONFIG_FOLDER) + 1 :]] = kubeconfig.text(api, TOKEN)
    return files
