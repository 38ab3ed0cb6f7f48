# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interoperation with real FRR 8.4 (Debian 12) and 10.3 (Debian 13), and with the kernel's neighbour tables (root)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
from interop.frr import Frr
from interop.peers.jail import root_of
from interop.stage import Host, Stage
from processes import Wire

SUITES = ["bookworm", "trixie"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs root."""
    for item in items:
        if "interop" in item.path.parts:
            item.add_marker(pytest.mark.root)


@pytest.fixture(scope="session", params=SUITES)
def root(request: pytest.FixtureRequest, checkout: Path) -> Path:
    """The root file system of a suite, built by the lab where it is missing."""
    return root_of(request.param, checkout)


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.end()


@pytest.fixture
def router(stage: Stage) -> Host:
    return stage.host("router")


@pytest.fixture
def node(stage: Stage, router: Host) -> Host:
    return stage.host("node")


@pytest.fixture
def frr(root: Path, router: Host, tmp_path: Path) -> Iterator[Frr]:
    daemons = Frr(root, router.namespace, tmp_path / "frr")
    yield daemons
    daemons.end()


@pytest.fixture
def make_wire(tmp_path: Path) -> Iterator[Callable[..., Wire]]:
    """Starts a wire on a host."""
    started: list[Wire] = []

    def make(host: Host, **config: Any) -> Wire:
        wire = Wire(tmp_path / host.namespace, host.prefix, **config)
        started.append(wire)
        wire.start()
        return wire

    yield make
    for wire in started:
        wire.end()


@pytest.fixture
def wire(node: Host, make_wire: Callable[..., Wire]) -> Wire:
    """A wire on the node."""
    return make_wire(node)
