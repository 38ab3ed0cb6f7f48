# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics of the heartbeats between nodes that may answer for layer-2 addresses; see ``metrics``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..observe.metrics import Metric

_STATES = ("unheard", "alive", "returning", "silent", "leaving")


def collect(wire: Mapping[str, Any]) -> Iterator[Metric]:
    """Metrics of every other node, and of what nobody known has sent; nothing where there are no heartbeats."""
    beats, nodes = wire.get("heartbeat"), wire.get("nodes", {})
    if not beats:
        return
    yield Metric(
        "dualstack_heartbeat_node_state",
        "gauge",
        "1 for the state in which another node is",
        [
            ({"node": name, "state": state}, int(one["state"] == state))
            for name, one in nodes.items()
            for state in _STATES
        ],
    )
    yield Metric(
        "dualstack_heartbeat_heard_by_node",
        "gauge",
        "1 while another node hears this one",
        [({"node": name}, int(one["hears_us"])) for name, one in nodes.items() if one["hears_us"] is not None],
    )
    for key in ("sent", "received"):
        text = f"heartbeats {key}, by the node at the other end"
        samples = [({"node": name}, one[key]) for name, one in nodes.items()]
        yield Metric(f"dualstack_heartbeat_{key}_total", "counter", text, samples)
    refused = {**{name: one["refused"] for name, one in nodes.items()}, "": beats["refused"]}
    yield Metric(
        "dualstack_heartbeat_rejected_total",
        "counter",
        "heartbeats that did not count; no node: of nobody who is known, or with another key",
        [({"node": name, "reason": why}, count) for name, by in refused.items() for why, count in by.items()],
    )
    yield Metric(
        "dualstack_heartbeat_working_bool",
        "gauge",
        "1 while the key can be read and both sockets are open",
        [({}, int(not beats["error"]))],
    )
