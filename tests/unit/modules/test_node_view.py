# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node says of its processes: their flags, and which cluster DNS its kubelet gives pods."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.baremetal.dualstack.plugins.module_utils.node_view import NodeView, resolvers

ADDRESSES = {"ipv4": ["10.96.0.10"], "ipv6": ["fd00:96::a"], "both": ["10.96.0.10", "fd00:96::a"]}


def file(path: Path, addresses: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    items = "".join(f"- {address}\n" for address in addresses)
    path.write_text(f"apiVersion: kubelet.config.k8s.io/v1beta1\nclusterDNS:\n{items}clusterDomain: cluster.local\n")
    return path


@pytest.mark.parametrize("families", ADDRESSES)
def test_the_flag_holds_against_files_and_the_last_file_against_the_first(families: str, tmp_path: Path) -> None:
    mine, other = ADDRESSES[families], ["192.0.2.53"]
    first = f"--config={file(tmp_path / 'config.yaml', mine)}"
    assert resolvers([first]) == mine
    assert resolvers(["--config", first.partition("=")[2], "--v=2"]) == mine
    assert resolvers([first, f"--cluster-dns={other[0]}"]) == other
    assert resolvers([*(f"--cluster-dns={one}" for one in mine)]) == mine
    assert resolvers([f"--cluster-dns={','.join(mine)}"]) == mine
    file(tmp_path / "more" / "20-own.conf", mine)
    file(tmp_path / "more" / "10-own.conf", other)
    file(tmp_path / "more" / "30-own.yaml", other)  # not read by the kubelet
    (tmp_path / "more" / "40-own.conf").write_text("maxPods: 60\n")
    before = f"--config={file(tmp_path / 'before.yaml', other)}"
    assert resolvers([before, f"--config-dir={tmp_path / 'more'}"]) == mine


def test_none_that_is_given_and_none_that_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("maxPods: 60\n")
    assert resolvers([f"--config={tmp_path / 'config.yaml'}"]) == []
    assert resolvers([]) == []
    assert resolvers([f"--config={tmp_path / 'away.yaml'}"]) is None
    for text in (
        "clusterDNS: &x\n\t- 10.96.0.10\n",
        'clusterDNS: ["10.96.0.10"]\n',
        '{"clusterDNS": ["fd00:96::a"]}\n',
    ):
        (tmp_path / "config.yaml").write_text(text)
        assert resolvers([f"--config={tmp_path / 'config.yaml'}"]) is None


@pytest.mark.parametrize("families", ADDRESSES)
def test_processes_of_a_host(families: str, tmp_path: Path) -> None:
    config = file(tmp_path / "config.yaml", ADDRESSES[families])
    lines = {
        "7": ["/usr/bin/kubelet", f"--config={config}", "--node-ip", ",".join(ADDRESSES[families])],
        "8": ["etcd", "--auth-token=s3cret", "--quota-backend-bytes="],
        "9": ["/usr/bin/other", "kubelet"],
    }
    for pid, words in lines.items():
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "cmdline").write_text("".join(f"{word}\0" for word in words))
    found = NodeView(str(tmp_path)).look()
    assert found["resolvers"] == ADDRESSES[families]
    assert set(found["processes"]) == {"kubelet", "etcd"}
    assert found["processes"]["kubelet"]["node-ip"] == ",".join(ADDRESSES[families])
    assert set(found["processes"]["etcd"]) == {"auth-token", "quota-backend-bytes"}
    assert "s3cret" not in str(found)


def test_a_host_without_a_kubelet_says_nothing_of_dns(tmp_path: Path) -> None:
    found = NodeView(str(tmp_path)).look()
    assert found["resolvers"] is None and found["processes"] == {}
