# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pod network in network namespaces: nodes with root file systems of lab hosts, and the CNI's plugins (root)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from interop.peers.jail import root_of
from pods.rack import Fabric

SUITES = ["bookworm", "trixie"]  # nft 1.0.6 and 1.1.3, iproute2 6.1 and 6.15


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs root."""
    for item in items:
        if "pods" in item.path.parts:
            item.add_marker(pytest.mark.root)


@pytest.fixture(scope="module", params=SUITES)
def fabric(
    request: pytest.FixtureRequest, checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fabric]:
    """Three nodes in two racks; their pod network is up, and each has a pod."""
    root, newer = (root_of(suite, checkout, "kubernetes") for suite in (request.param, SUITES[-1]))
    made = Fabric(root, newer, tmp_path_factory.mktemp("pods"))
    try:
        made.start()
        yield made
    finally:
        made.end()
