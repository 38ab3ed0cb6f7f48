# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens around the product and no client may notice, a round of each, on a real API server with three nodes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Callable

import pytest
from bench.run import root_of
from faults import kube, kube_controllers
from faults.bgp import Outcome
from faults.kube_scene import KubeScene
from faults.theatre import FAMILIES

pytestmark = pytest.mark.root
Act = Callable[[KubeScene], Outcome]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubeScene]:
    """One for all faults: each leaves it as it was, with some more Services."""
    with ExitStack() as stack:
        yield KubeScene(root_of("bookworm"), tmp_path_factory.mktemp("kube"), stack)


@pytest.mark.parametrize(
    "act",
    [
        kube.api_down,
        kube.api_away,
        kube.expired,
        kube.server_expired,
        kube.disk_full,
        kube.speaker_killed,
        kube.drained,
    ],
    ids=lambda act: act.__name__,
)
def test_no_client_notices(act: Act, scene: KubeScene) -> None:
    judge(act(scene))


@pytest.mark.parametrize("act", [kube_controllers.killed, kube_controllers.cut_off], ids=lambda act: act.__name__)
def test_no_address_is_given_twice_or_lost(act: Act, scene: KubeScene) -> None:
    found = act(scene)
    judge(found)
    for family in FAMILIES:
        assert [found[family][name] for name in ("twice", "changed")] == [0, 0], family


def test_no_client_notices_clocks_that_jump(tmp_path: Path) -> None:
    with ExitStack() as stack:
        scene = KubeScene(root_of("bookworm"), tmp_path, stack, nodes=2, clocked=True)
        judge(kube.clock(scene))
        assert all(clock.asked for clock in scene.clocks)


def judge(found: Outcome) -> None:
    """Nothing was lost, in either family, on either way."""
    for family in FAMILIES:
        assert [found[family][name] for name in ("lost", "rack_lost", "missing")] == [0, 0, 0], family
