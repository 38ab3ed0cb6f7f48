# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answering and probing from a host, in both families: who answers, whom it saw, and how it ends."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import until

from ansible_collections.baremetal.dualstack.plugins.module_utils import path_probing, pod_namespace

LOOPBACK = {"ipv4": "127.0.0.1", "ipv6": "::1"}


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def probe(family: str, port: int, **more: object) -> dict[str, object]:
    start = {"id": "pod to pod", "family": family, "start": "node", "target": LOOPBACK[family], "port": port}
    return {**start, "flows": 2, **more}


@pytest.fixture
def port() -> Iterator[int]:
    """A port on which ``node1`` answers."""
    number = free_port()
    identity = pod_namespace.listen("node1", number, None, 600)
    yield number
    pod_namespace.end(identity)


@pytest.mark.parametrize("family", LOOPBACK)
def test_who_answers_and_whom_it_saw(family: str, port: int) -> None:
    (found,) = path_probing.run([probe(family, port)], None, 5, 5)
    assert (found["ok"], found["node"], found["sources"]) == (True, "node1", [LOOPBACK[family]])
    (denied,) = path_probing.run([probe(family, port, denied=True)], None, 5, 0)
    assert denied["ok"]


@pytest.mark.parametrize("family", LOOPBACK)
def test_nobody_answers_after_the_end(family: str) -> None:
    number = free_port()
    identity = pod_namespace.listen("node1", number, None, 600)
    assert pod_namespace.listen("node1", number, None, 600) == ""
    pid = int(identity.partition("-")[0])
    pod_namespace.end(f"{pid}-0")  # another process by now: it is let be
    (found,) = path_probing.run([probe(family, number)], None, 5, 0)
    assert found["ok"]
    pod_namespace.end(identity)
    os.waitpid(pid, 0)
    until(lambda: not path_probing.run([probe(family, number)], None, 5, 0)[0]["ok"], "nobody listens")
    (found,) = path_probing.run([probe(family, number)], None, 5, 0)
    assert found["detail"] == "connection refused"


@pytest.mark.parametrize("driver", ["/kubepods/besteffort/pod{}/x", "/kubepods.slice/kubepods-pod{}.slice/cri-x"])
def test_a_process_of_a_pod(driver: str, tmp_path: Path) -> None:
    uid = "7d1c0c0e-6a1d-4d0e-9a44-9a3f7d0f6f11"
    for number, text in ((5, "/system.slice"), (9, driver.format(uid.replace("-", "_") if "slice" in driver else uid))):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "cgroup").write_text(f"0::{text}\n")
    assert pod_namespace.process_of(uid, str(tmp_path)) == 9
    assert pod_namespace.process_of("another", str(tmp_path)) is None
