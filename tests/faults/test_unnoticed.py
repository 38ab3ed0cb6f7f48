# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A round of faults that nobody may notice, with a client's packets through a real router; run.py plays them all."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Callable

import pytest
from bench.run import root_of
from faults import bgp
from faults.scene import Scene
from faults.speakers import WireSpeaker
from faults.theatre import FAMILIES, Terms

pytestmark = pytest.mark.root
Act = Callable[[Scene], bgp.Outcome]


@pytest.mark.parametrize(
    ("act", "sessions"), [(bgp.killed, 1), (bgp.upgraded, 0), (bgp.renamed, 0)], ids=["killed", "upgraded", "renamed"]
)
def test_no_packet_of_a_client_is_lost(act: Act, sessions: int, tmp_path: Path) -> None:
    with ExitStack() as stack:
        scene = Scene(root_of("bookworm"), tmp_path, stack, WireSpeaker, Terms(graceful_restart=True))
        found = act(scene)
    for family in FAMILIES:
        names = ("lost", "missing", "flaps")
        assert [found[family][name] for name in names] == [0, 0, sessions], family
