# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new wire takes over from the one that runs: FRR and a client on the rack notice nothing, by their own counters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
from faults.probes import Probes
from interop import watched
from interop.frr import Frr
from interop.stage import Host, Stage
from interop.test_bgp import FAMILIES, path
from processes import Wire, until

VIPS = {"arp": "10.0.1.200", "ndp": "2001:db8:dc:1::200"}
LAYER2 = {address: {"interfaces": []} for address in VIPS.values()}
HANDOVERS = 5


@pytest.fixture
def frr(root: Path, router: Host, tmp_path: Path) -> Iterator[Frr]:
    daemons = watched.start(root, router, tmp_path / "frr")
    yield daemons
    daemons.end()


@pytest.fixture
def wire(node: Host, make_wire: Callable[..., Wire]) -> Wire:
    return make_wire(node, realtime_priority=watched.REALTIME)


@pytest.fixture
def client(stage: Stage) -> Host:
    return stage.host("client")


def test_nobody_notices(frr: Frr, router: Host, node: Host, client: Host, wire: Wire, capsys: Any) -> None:
    state = {**watched.desired(frr, router, node), "layer2": LAYER2}
    wire.link().full(**state)
    link = watched.up(frr, node, wire)
    before, ours = watched.counts(frr, node), {name: link.session(name) for name in FAMILIES}
    still = []
    with Probes(client, VIPS) as probes:
        for number in range(HANDOVERS):
            still.append(wire.upgrade())
            link = wire.link()
            fresh = {"ipv4": f"203.0.113.{number}/32", "ipv6": f"2001:db8:9::{number}/128"}
            link.delta(routes={prefix: path(*FAMILIES) for prefix in fresh.values()})
            until(lambda: all(frr.route(prefix) for prefix in fresh.values()), "the new process announces")  # noqa: B023
            link.delta(routes=dict.fromkeys(fresh.values()))
            until(lambda: not any(frr.route(prefix) for prefix in fresh.values()), "and withdraws")  # noqa: B023
    lost = {name: record.lost for name, record in probes.records.items()}
    with capsys.disabled():
        sent = {name: len(record.sent) for name, record in probes.records.items()}
        print(f"\n    {HANDOVERS} hand-overs: BGP stood still for {still} ms; probes {sent}, lost {lost}")
    assert watched.counts(frr, node) == before
    assert lost == {"arp": 0, "ndp": 0}
    for name in FAMILIES:
        now = link.session(name)
        assert (now["state"], now["flaps"], now["announced"]) == ("Established", 0, ours[name]["announced"])
        assert now["established_s"] > ours[name]["established_s"]
        assert (now["bfd"]["state"], now["bfd"]["transitions"]) == ("Up", ours[name]["bfd"]["transitions"])
        assert now["bfd"]["received"] > ours[name]["bfd"]["received"]
    link.full(**state)
    assert wire.stop() is None
    until(lambda: not any(frr.route(prefix) for prefix in watched.EVERY), "a stop is a stop")
