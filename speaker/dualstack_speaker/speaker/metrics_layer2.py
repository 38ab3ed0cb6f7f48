# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics of layer 2. MetalLB's names where they mean the same, with the label family; see ``metrics``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..observe.metrics import Metric

_COUNTED = (
    ("metallb_layer2_requests_received", "requests", "ARP and NDP requests for the address"),
    ("metallb_layer2_responses_sent", "replies", "answers to ARP and NDP requests"),
    ("metallb_layer2_gratuitous_sent", "gratuitous", "unsolicited ARP and NDP packets"),
)


def collect(wire: Mapping[str, Any]) -> Iterator[Metric]:
    """Metrics of what wire answers; a wire that was not restarted yet may not count everything."""
    addresses = [({"ip": ip, "family": "ipv6" if ":" in ip else "ipv4"}, entry) for ip, entry in wire["layer2"].items()]
    for name, key, text in _COUNTED:
        yield Metric(name, "counter", text, [(labels, entry[key]) for labels, entry in addresses if key in entry])
    found = [
        ({**labels, "interface": interface}, conflict)
        for labels, entry in addresses
        for interface, conflict in entry.get("conflicts", {}).items()
    ]
    yield Metric(
        "dualstack_layer2_conflicts_total",
        "counter",
        "how often another owner of the address was found",
        [(labels, conflict["total"]) for labels, conflict in found],
    )
    yield Metric(
        "dualstack_layer2_conflict",
        "gauge",
        "1 while the host with this MAC has the address as well",
        [({**labels, "mac": mac}, 1) for labels, conflict in found for mac in conflict["macs"]],
    )
    yield Metric(
        "dualstack_layer2_dropped_total",
        "counter",
        "ARP and NDP packets that were not answered",
        [
            ({"interface": name, "reason": why}, count)
            for name, interface in wire.get("layer2_interfaces", {}).items()
            for why, count in interface["drops"].items()
        ],
    )
