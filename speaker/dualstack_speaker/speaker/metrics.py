# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status as metrics. Names are MetalLB's where they mean the same (0.16, native mode), with the label family."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..observe.metrics import Metric
from . import metrics_heartbeats, metrics_layer2, metrics_sessions


class Counts(NamedTuple):
    """``loaded``: whether resources were loaded; ``told``: what was written to the API server, by kind."""

    loaded: bool
    updates: int = 0
    errors: int = 0
    told: Mapping[str, int] = {}


def collect(
    status: Mapping[str, Any], wire: Mapping[str, Any] | None, counts: Counts, ports: Mapping[str, int]
) -> Iterator[Metric]:
    """All metrics of a scrape. ``ports``: TCP port by name of the session."""
    node = {"node": status["node"]}
    stale = status["speaker"]["config"] != "valid"
    yield _gauge("metallb_k8s_client_config_loaded_bool", "1 once resources were loaded", counts.loaded)
    yield _gauge("metallb_k8s_client_config_stale_bool", "1 while a resource is refused", stale)
    for name, text, count in (
        ("metallb_k8s_client_updates_total", "batches of resources that were taken over", counts.updates),
        ("metallb_k8s_client_update_errors_total", "errors that were found in resources", counts.errors),
    ):
        yield Metric(name, "counter", text, [({}, count)])
    yield Metric(
        "dualstack_reports_total",
        "counter",
        "what was written to the API server: events, and objects by kind",
        [({"kind": kind}, count) for kind, count in counts.told.items()],
    )
    yield _gauge(
        "dualstack_speaker_wire_connected_bool", "1 while the process wire answers", status["wire"]["connected"]
    )
    yield Metric(
        "metallb_speaker_announced",
        "gauge",
        "1 while this node announces the address",
        [
            (
                {"service": vip["service"], "protocol": vip["mode"], **node, "ip": vip["vip"], "family": vip["family"]},
                1,
            )
            for vip in status["vips"]
            if vip["announcing"]
        ],
    )
    yield from metrics_sessions.collect(status["sessions"], ports, wire or {})
    yield from metrics_layer2.collect(wire or {"layer2": {}})
    yield from metrics_heartbeats.collect(wire or {})


def _gauge(name: str, text: str, value: bool) -> Metric:
    return Metric(name, "gauge", text, [({}, int(value))])
