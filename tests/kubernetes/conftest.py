# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cluster from bare hosts, with pods behind its Services and all evidence green, for all tests of this folder.

Whoever breaks it mends it; what a failed test leaves is mended before the next one, so that one failure stays one.
"""

from __future__ import annotations

import warnings
from collections.abc import Generator, Iterator

import pytest
from real_cluster import RealCluster, real_cluster

BROKEN = pytest.StashKey[RealCluster]()


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealCluster]:
    """The example kubernetes after one ``site.yml``."""
    with real_cluster("kube", tmp_path_factory.mktemp("kube")) as made:
        made.proven = made.prove()
        made.keep()
        yield made


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Notes that a test, or what it prepared or put back, failed on the scene."""
    report = yield
    used = (getattr(item, "funcargs", None) or {}).get("scene")
    if report.failed and used is not None:
        item.stash[BROKEN] = used
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, object, object]:
    """Heals the scene after a failed test that another one follows."""
    done = yield
    broken = item.stash.get(BROKEN, None)
    if broken is not None and nextitem is not None and "scene" in getattr(nextitem, "fixturenames", ()):
        try:
            broken.heal()
        except (AssertionError, OSError) as problem:
            warnings.warn(f"after {item.name} the cluster could not be put back: {problem}", stacklevel=1)
    return done
