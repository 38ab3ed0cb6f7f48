# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The metrics of heartbeats."""

from __future__ import annotations

from typing import Any

from dualstack_speaker.observe.metrics import render
from dualstack_speaker.speaker import metrics_heartbeats

NODES: dict[str, Any] = {
    "node2": {"state": "alive", "hears_us": False, "sent": 7, "received": 5, "refused": {"replayed": 2}},
    "node3": {"state": "unheard", "hears_us": None, "sent": 7, "received": 0, "refused": {}},
}


def test_every_node_has_its_samples() -> None:
    beats = {"node": "node1", "port": 7947, "error": "", "refused": {"wrong key": 3}}
    lines = render(metrics_heartbeats.collect({"heartbeat": beats, "nodes": NODES})).splitlines()
    for line in (
        'dualstack_heartbeat_node_state{node="node2",state="alive"} 1',
        'dualstack_heartbeat_node_state{node="node2",state="silent"} 0',
        'dualstack_heartbeat_node_state{node="node3",state="unheard"} 1',
        'dualstack_heartbeat_heard_by_node{node="node2"} 0',
        'dualstack_heartbeat_sent_total{node="node3"} 7',
        'dualstack_heartbeat_received_total{node="node2"} 5',
        'dualstack_heartbeat_rejected_total{node="node2",reason="replayed"} 2',
        'dualstack_heartbeat_rejected_total{node="",reason="wrong key"} 3',
        "dualstack_heartbeat_working_bool 1",
    ):
        assert line in lines
    assert not any(line.startswith('dualstack_heartbeat_heard_by_node{node="node3"}') for line in lines)


def test_without_heartbeats_there_are_none() -> None:
    assert list(metrics_heartbeats.collect({"heartbeat": None, "nodes": {}})) == []
    assert list(metrics_heartbeats.collect({})) == []
