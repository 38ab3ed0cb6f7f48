# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same playbook makes clusters of other families, on a small fabric: a router, a control plane, a worker."""

from __future__ import annotations

from pathlib import Path

import pytest
from real_cluster import real_cluster
from small_cluster import small

pytestmark = [pytest.mark.root, pytest.mark.lab]


@pytest.mark.parametrize(
    "families",
    [
        pytest.param(["ipv6"], id="ipv6-only"),  # what differs most; the real kubeadm judges all three (tests/cluster)
        pytest.param(["ipv4"], id="ipv4-only", marks=pytest.mark.soak),
        pytest.param(["ipv6", "ipv4"], id="ipv6-first", marks=pytest.mark.soak),
    ],
)
def test_from_bare_hosts_to_evidence(families: list[str], tmp_path: Path) -> None:
    name = "kube-" + "".join(family[-1] for family in families)
    with real_cluster(name, tmp_path, lambda inventory: small(inventory, families)) as made:
        evidence = made.prove()
        assert sorted(vip["family"] for vip in evidence["vips"]) == sorted(families)
        sixes = [family == "ipv6" for family in families]
        for node in made.objects("nodes"):
            addresses = [each["address"] for each in node["status"]["addresses"] if each["type"] == "InternalIP"]
            assert [":" in address for address in addresses] == sixes
            assert [":" in block for block in node["spec"]["podCIDRs"]] == sixes
        (api,) = made.objects("service", "kubernetes")
        assert [":" in address for address in api["spec"]["clusterIPs"]] == sixes[:1]
