# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of the controller as metrics. Names are MetalLB's where they mean the same (0.16); numbers are exact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dualstack.addresses.blocks import FAMILIES

from ..observe.metrics import Metric

_POOLS = "metallb_allocator_addresses"


def collect(status: Mapping[str, Any]) -> Iterator[Metric]:
    """All metrics of a scrape, out of the status."""
    yield from _addresses(status["pools"])
    source, lease, writes = status["kubernetes"], status["lease"], status["writes"]
    loaded, stale = source["loaded"], status["config"] != "valid"
    yield _gauge("metallb_k8s_client_config_loaded_bool", "1 once Services, pools and namespaces were listed", loaded)
    yield _gauge("metallb_k8s_client_config_stale_bool", "1 while a pool is refused", stale)
    yield _counter("metallb_k8s_client_updates_total", "objects that came from the API server", source["objects"])
    yield _counter("metallb_k8s_client_update_errors_total", "requests that failed", writes["failed"])
    yield _gauge("dualstack_controller_leading_bool", "1 while this process holds the Lease", lease["leading"])
    yield _counter("dualstack_controller_terms_total", "how often this process got the Lease", lease["term"])
    services = status["services"]
    states = [({"state": name}, services[name]) for name in ("assigned", "waiting", "other")]
    yield Metric("dualstack_controller_services", "gauge", "Services of the type LoadBalancer", states)
    results = [({"result": name}, writes[name]) for name in ("written", "conflicts", "failed")]
    yield Metric("dualstack_controller_status_writes_total", "counter", "writes of Services by result", results)
    yield _gauge("dualstack_controller_status_writes_pending", "writes that wait or are under way", writes["pending"])
    deprecated = status["deprecated_annotations"]
    yield _counter("dualstack_controller_deprecated_annotations_total", "writes for metallb.universe.tf/", deprecated)
    dropped = status["events"]["dropped"]
    yield _counter("dualstack_controller_events_dropped_total", "events that were not told", dropped)


def _addresses(pools: Mapping[str, Mapping[str, Mapping[str, int]]]) -> Iterator[Metric]:
    """Per pool: of both families together, as MetalLB's alerts want them, and of each."""
    for name, text, keys in (
        ("_total", "addresses of the pool", ("assigned", "available")),
        ("_in_use_total", "addresses of the pool that Services have", ("assigned",)),
    ):
        for prefix, families in (("", FAMILIES), *((f"_{family}", (family,)) for family in FAMILIES)):
            full = f"metallb_allocator{prefix}_addresses{name}" if prefix else f"{_POOLS}{name}"
            samples = [
                ({"pool": pool}, sum(counts[family][key] for family in families if family in counts for key in keys))
                for pool, counts in sorted(pools.items())
            ]
            shown = f"{text}, {families[0]} only" if prefix else text
            yield Metric(full, "gauge", shown, samples)


def _gauge(name: str, text: str, value: int) -> Metric:
    return Metric(name, "gauge", text, [({}, int(value))])


def _counter(name: str, text: str, value: int) -> Metric:
    return Metric(name, "counter", text, [({}, value)])
