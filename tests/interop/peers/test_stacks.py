# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stacks of others as speakers, held against FRR: what tests and measurements ask of them is what they do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from interop.peers.all import STACKS
from interop.peers.frr import Frr
from interop.peers.shape import FAMILIES, Neighbour, Stack, by_family
from interop.stage import Host, Stage
from processes import until

PREFIXES = {*(f"198.51.100.{number}/32" for number in range(120)), *(f"2001:db8:8::{n:x}/128" for n in range(1, 121))}
HALF = set(sorted(PREFIXES)[::2])


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.end()


@pytest.fixture(scope="module")
def hosts(stage: Stage) -> list[Host]:
    return [stage.host("router"), *(stage.host(stack.name.lower()) for stack in STACKS)]


@pytest.fixture(scope="module")
def frr(root: Path, hosts: list[Host], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Frr]:
    router, *others = hosts
    neighbours = [
        Neighbour(host.address(transport), 64600 + number, router.address(transport), password="s3cret")
        for number, host in enumerate(others)
        for transport in FAMILIES
    ]
    frr = Frr(root, router.namespace, tmp_path_factory.mktemp("router"), 64500, router.ipv4, neighbours)
    yield frr
    frr.end()


@pytest.fixture(params=range(len(STACKS)), ids=[stack.name for stack in STACKS])
def number(request: pytest.FixtureRequest) -> int:
    chosen: int = request.param
    return chosen


@pytest.fixture
def stack(number: int, root: Path, hosts: list[Host], frr: Frr, tmp_path: Path) -> Iterator[Stack]:
    router, own = hosts[0], hosts[1 + number]
    neighbours = [
        Neighbour(
            router.address(transport),
            64500,
            own.address(transport),
            password="s3cret",
            passive=False,
            next_hop={family: own.address(family) for family in FAMILIES},
        )
        for transport in FAMILIES
    ]
    stack = STACKS[number](root, own.namespace, tmp_path / "stack", 64600 + number, own.ipv4, neighbours)
    yield stack
    stack.end()


def test_it_announces_and_withdraws(stack: Stack, hosts: list[Host], number: int, frr: Frr) -> None:
    """Over both transports, with its own next hops; again after a crash."""
    router, own = hosts[0], hosts[1 + number]
    for time in range(2):
        for transport in FAMILIES:
            until(lambda transport=transport: stack.session(router.address(transport)).established, "a session")
        stack.announce(PREFIXES)
        for transport in FAMILIES:
            wanted = {family: len(some) for family, some in by_family(PREFIXES).items()}
            until(lambda t=transport, w=wanted: frr.accepted(own.address(t)) == w, "all prefixes")
            routes = frr.routes(own.address(transport))
            assert set(routes) == PREFIXES
            assert {(route.next_hop, route.as_path) for route in routes.values()} == {
                (own.address(family), (64600 + number,)) for family in FAMILIES
            }
        stack.withdraw(HALF)
        for transport in FAMILIES:
            until(lambda t=transport: set(frr.routes(own.address(t))) == PREFIXES - HALF, "half of them")
        if not time:
            stack.kill()
            for transport in FAMILIES:
                until(lambda t=transport: not frr.routes(own.address(t)), "nothing is left")
            stack.start()
