# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the parts of the checkout importable, in the tests and in the programs that they start.

``dualstack`` is the core, ``dualstack_speaker`` the daemons, ``ansible_collections.baremetal.dualstack`` the whole
collection.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import links  # noqa: E402

LINKS = links.make(ROOT)
PATHS = [str(LINKS / "lib"), str(LINKS), str(ROOT / "tests")]
sys.path[:0] = PATHS
os.environ["PYTHONPATH"] = os.pathsep.join([*PATHS, *filter(None, [os.environ.get("PYTHONPATH")])])
os.environ["ANSIBLE_COLLECTIONS_PATH"] = os.pathsep.join(
    [str(LINKS), *filter(None, [os.environ.get("ANSIBLE_COLLECTIONS_PATH")])]
)

# Nothing is judged by the clock: a test may wait long for a core.
TIMELESS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("checkout", TIMELESS, max_examples=50)
settings.register_profile("brief", TIMELESS, max_examples=15)  # scripts/oldest.py
settings.register_profile("soak", TIMELESS, max_examples=100_000)  # make soak
settings.load_profile("checkout")


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the repository."""
    return ROOT


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that need root are left out, visibly, for an ordinary user."""
    if os.geteuid() == 0:
        return
    for item in items:
        if item.get_closest_marker("root"):
            item.add_marker(pytest.mark.skip(reason="needs root"))
