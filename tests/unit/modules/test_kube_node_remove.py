# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is asked when a node leaves: the API server of the host itself, as kubeadm has noted its address."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.baremetal.dualstack.plugins.modules import kube_node_remove


@pytest.mark.parametrize(
    ("noted", "server"),
    [
        (
            "  annotations:\n    kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint: 10.0.1.11:6443\n",
            "10.0.1.11",
        ),
        (
            "  annotations:\n    kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint: '[fd00::1]:6443'\n",
            "[fd00::1]",
        ),
        ("  annotations: {}\n", ""),
        (None, ""),
    ],
    ids=["ipv4", "ipv6", "not-noted", "not-there"],
)
def test_the_api_server_of_the_host_is_asked(
    noted: str | None, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = tmp_path / "kube-apiserver.yaml"
    if noted is not None:
        manifest.write_text(f"metadata:\n{noted}  name: kube-apiserver\n", encoding="utf-8")
    monkeypatch.setattr(kube_node_remove, "MANIFEST", str(manifest))
    words = kube_node_remove.Here("echo", "/admin.conf").run("get", "nodes").split()
    expected = [f"--server=https://{server}:6443"] if server else []
    assert words == ["--kubeconfig=/admin.conf", *expected, "get", "nodes"]
