# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Graceful restart of a wire whose paths are watched by BFD (RFC 4724, RFC 5882 section 4.3); FRR is the helper."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
from interop import watched
from interop.frr import Frr
from interop.stage import Host
from interop.test_bgp import FAMILIES
from interop.test_bgp_restart import Watch, stale
from processes import Wire, until


@pytest.fixture
def frr(root: Path, router: Host, tmp_path: Path) -> Iterator[Frr]:
    daemons = watched.start(root, router, tmp_path / "frr")
    yield daemons
    daemons.end()


@pytest.fixture
def wire(node: Host, make_wire: Callable[..., Wire]) -> Wire:
    return make_wire(node, realtime_priority=watched.REALTIME)


@pytest.mark.parametrize(
    ("number", "away"),
    [(signal.SIGKILL, 0.0), (signal.SIGKILL, 1.0), (signal.SIGUSR1, 0.0)],
    ids=["killed", "killed, back late", "replaced"],
)
def test_nothing_is_missing(
    frr: Frr, router: Host, node: Host, wire: Wire, number: signal.Signals, away: float, capsys: Any
) -> None:
    """Back within the detection time or around it; or when BFD has told FRR already."""
    state = watched.desired(frr, router, node, graceful_restart={"time": 60})
    wire.link().full(**state)
    watched.up(frr, node, wire)
    until(wire.journal.exists, "the journal")
    before = watched.counts(frr, node)
    with Watch(frr, watched.EVERY) as watch:
        wire.stop(number)
        time.sleep(away)
        wire.start()
        sessions = {name: count["established"] + 1 for name, count in before.items()}
        until(
            lambda: all(
                frr.neighbour(node.address(name)).get("connectionsEstablished", 0) >= sessions[name]
                for name in FAMILIES
            ),
            "new sessions",
        )
        wire.link().full(**state)
        until(lambda: not stale(frr, watched.EVERY), "nothing is stale")
        watched.up(frr, node, wire)
    after = watched.counts(frr, node)
    with capsys.disabled():
        downs = {name: after[name]["bfd down"] - before[name]["bfd down"] for name in FAMILIES}
        print(f"\n    {number.name}, back after {away} s and its start: {watch}; BFD down {downs}")
    assert watch.missing == 0
    assert {name: count["established"] for name, count in after.items()} == sessions
