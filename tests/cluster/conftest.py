# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One control plane for the tests of a file that ask for it, each with a Kubernetes namespace of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from cluster.control_plane import ControlPlane

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane, which tests leave running; it starts in seconds, so that no file sees what another one left."""
    plane = ControlPlane(tmp_path_factory.mktemp("cluster"))
    try:
        plane.start()
        yield plane
    finally:
        plane.end()


@pytest.fixture
def own_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane for one test, which may end it; not started."""
    plane = ControlPlane(tmp_path_factory.mktemp("own"))
    yield plane
    plane.end()


@pytest.fixture
def namespace(cluster: ControlPlane) -> str:
    """A new namespace; nobody would finish its deletion, so it stays."""
    name = f"test-{next(_NUMBERS)}"
    cluster.api.create("/api/v1/namespaces", {"metadata": {"name": name}})
    return name
