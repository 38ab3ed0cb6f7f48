# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The speaker as a process that follows an API server: from a Service to ``wire``, and an end in order."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from kube_server import FAMILIES, Request, Server, kubeconfig, serving

from dualstack_speaker.kube.kinds import KINDS

PATIENCE = 180.0
POOL = {"ipv4": "192.0.2.0/24", "ipv6": "2001:db8::/64"}
VIP = {"ipv4": "192.0.2.1", "ipv6": "2001:db8::1"}


def held(family: str) -> dict[str, list[dict[str, Any]]]:
    """What a cluster of one family holds."""
    here, there = {"ipv4": ("127.0.0.1", "127.0.0.2"), "ipv6": ("::1", "2001:db8:77::1")}[family]
    peer = {"myASN": 64512, "peerASN": 64500, "peerAddress": there, "sourceAddress": here, "peerPort": 1}
    return {
        "ipaddresspools": [{"metadata": {"name": "p", "namespace": "ns"}, "spec": {"addresses": [POOL[family]]}}],
        "bgpadvertisements": [{"metadata": {"name": "a", "namespace": "ns"}, "spec": {}}],
        "bgppeers": [{"metadata": {"name": "tor1", "namespace": "ns"}, "spec": peer}],
        "nodes": [{"metadata": {"name": "node1"}}],
        "services": [
            {
                "metadata": {"name": "shop", "namespace": "default"},
                "spec": {"type": "LoadBalancer"},
                "status": {"loadBalancer": {"ingress": [{"ip": VIP[family]}]}},
            }
        ],
    }


def cluster(family: str) -> Callable[[Request], None]:
    """A server with these objects, of which nothing changes."""
    objects = held(family)

    def answer(request: Request) -> None:
        plural = request.route.rsplit("/", 1)[1]
        if request.watches:
            request.stream()
            request.wait()
        elif request.command != "GET" or plural not in {kind.plural for kind in KINDS.values()}:
            request.refuse(403, "Forbidden")
        else:
            request.reply({"metadata": {"resourceVersion": "1"}, "items": objects.get(plural, [])})

    return answer


class Running:
    """A speaker, and a way to ask for its status."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder = folder
        kubernetes = {"kubeconfig": kubeconfig(folder / "kubeconfig", server.url), "namespace": "ns"}
        config = {"node": "node1", "router_id": "192.0.2.254", "kubernetes": kubernetes}
        config.update({"wire_socket": str(folder / "wire.sock"), "status_socket": str(folder / "status.sock")})
        (folder / "speaker.json").write_text(json.dumps(config), encoding="utf-8")
        with (folder / "speaker.log").open("ab") as log:
            self.process = subprocess.Popen(self.command("speaker"), stderr=log)

    def command(self, name: str, *words: str) -> list[str]:
        config = str(self.folder / "speaker.json")
        return [sys.executable, "-m", "dualstack_speaker", name, "--config", config, *words]

    def log(self) -> str:
        return (self.folder / "speaker.log").read_text(encoding="utf-8")

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, self.log()
            assert self.process.poll() is None, self.log()
            time.sleep(0.02)

    def status(self) -> Any:
        done = subprocess.run(self.command("status", "--json"), capture_output=True, check=False)
        return json.loads(done.stdout)


@contextmanager
def running(folder: Path, server: Server) -> Iterator[Running]:
    made = Running(folder, server)
    try:
        yield made
    finally:
        made.process.kill()
        made.process.wait()


@pytest.fixture(params=sorted(FAMILIES))
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_from_the_api_server_to_the_status_and_an_end_in_order(tmp_path: Path, family: str) -> None:
    with serving(family, cluster(family)) as server, running(tmp_path, server) as speaker:
        speaker.until(lambda: "routes=1" in speaker.log() and os.path.exists(tmp_path / "status.sock"))
        (vip,) = speaker.status()["vips"]
        assert (vip["vip"], vip["service"], vip["reason"]) == (VIP[family], "default/shop", "wireNotConnected")
        speaker.process.send_signal(signal.SIGTERM)
        assert speaker.process.wait(PATIENCE) == 0
        assert "event=stopped" in speaker.log()
        assert "Traceback" not in speaker.log()


def test_it_ends_while_the_server_does_not_answer(tmp_path: Path, family: str) -> None:
    with serving(family, Request.wait) as server, running(tmp_path, server) as speaker:
        speaker.until(lambda: len(server.seen) >= 8 and "event=started" in speaker.log())
        speaker.process.send_signal(signal.SIGTERM)
        assert speaker.process.wait(PATIENCE) == 0
        assert "Traceback" not in speaker.log()


def test_the_check_makes_no_connection(tmp_path: Path, family: str) -> None:
    with serving(family, cluster(family)) as server, running(tmp_path, server) as speaker:
        speaker.process.kill()
        speaker.process.wait()
        seen = len(server.seen)
        (tmp_path / "kubeconfig").unlink()
        done = subprocess.run(speaker.command("check"), capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert "resources come from the API server" in done.stdout
        assert len(server.seen) == seen
