# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of the modules of components: processes, health over both families, notes of changes, last words."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from cluster.pki import Pki

from ansible_collections.baremetal.dualstack.plugins.module_utils import (
    kube_health,
    kube_process,
    kube_runners,
    node_view,
)
from ansible_collections.baremetal.dualstack.plugins.module_utils.kube_change import KEPT, Change
from ansible_collections.baremetal.dualstack.plugins.module_utils.kube_documents import owned
from ansible_collections.baremetal.dualstack.plugins.module_utils.kube_look import Looker
from ansible_collections.baremetal.dualstack.plugins.module_utils.kubectl import Kubectl

NODE = {
    "status": {
        "addresses": [
            {"type": "InternalIP", "address": "2001:db8::11"},
            {"type": "Hostname", "address": "node1"},
            {"type": "InternalIP", "address": "192.0.2.11"},
        ]
    }
}


def test_processes_are_found_by_their_program_with_arguments_and_start() -> None:
    before = kube_process.now()
    with subprocess.Popen(["sleep", "--", "86399"]) as process:
        (found,) = [each for each in kube_process.running("sleep") if each.pid == process.pid]
        process.kill()
    assert found.arguments == ["--", "86399"]
    assert before <= found.started <= kube_process.now()
    assert process.pid not in [each.pid for each in kube_process.running("sleep")]


@pytest.mark.parametrize(
    ("component", "given", "config", "expected"),
    [
        ("kube-apiserver", [], {}, "https://127.0.0.1:6443/readyz"),
        ("kube-apiserver", ["--bind-address=::", "--secure-port=8443"], {}, "https://[::1]:8443/readyz"),
        ("kube-apiserver", ["--bind-address", "2001:db8::1"], {}, "https://[2001:db8::1]:6443/readyz"),
        ("kube-controller-manager", ["--bind-address=192.0.2.1"], {}, "https://192.0.2.1:10257/healthz?verbose"),
        ("kube-scheduler", ["--bind_address=0.0.0.0"], {}, "https://127.0.0.1:10259/healthz"),
        ("etcd", [], {}, "http://127.0.0.1:2379/health"),
        ("etcd", ["--listen-client-urls=https://[::]:2379,https://a:1"], {}, "https://[::1]:2379/health"),
        (
            "etcd",
            ["--listen-metrics-urls=http://[::1]:2381", "--listen-client-urls=https://192.0.2.1:2379"],
            {},
            "http://[::1]:2381/health",
        ),
        ("kubelet", [], {}, "http://127.0.0.1:10248/healthz"),
        ("kubelet", [], {"healthzBindAddress": "::1", "healthzPort": 1}, "http://[::1]:1/healthz"),
        ("kube-proxy", [], {"healthzBindAddress": ""}, "http://127.0.0.1:10256/healthz"),
        ("kube-proxy", [], {"healthzBindAddress": "[::]:9"}, "http://[::1]:9/healthz"),
    ],
)
def test_where_a_component_is_asked(component: str, given: list[str], config: dict[str, Any], expected: str) -> None:
    assert kube_health.url(component, given, config) == expected


class Answers(BaseHTTPRequestHandler):
    """Well under /healthz, not under anything else."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/healthz" else 503)
        self.end_headers()
        self.wfile.write(b"[+]ping ok\n[-]etcd failed\n")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture(params=["127.0.0.1", "::1"])
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    """A component that answers over one family; its URL."""

    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in request.param else socket.AF_INET

    made = Server((request.param, 0), Answers)
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    host = f"[{request.param}]" if ":" in request.param else request.param
    try:
        yield f"http://{host}:{made.server_address[1]}"
    finally:
        made.shutdown()
        thread.join()
        made.server_close()


def test_kube_proxy_is_asked_at_the_loopback_address_of_either_family(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}/proxyMode"
        monkeypatch.setattr(node_view, "PROXY_MODES", (nobody, f"{server}/healthz"))
        assert node_view.proxy_mode() == ("[+]ping ok\n[-]etcd failed", "")
        monkeypatch.setattr(node_view, "PROXY_MODES", (nobody, nobody))
        mode, problem = node_view.proxy_mode()
    assert mode == "" and problem.count(nobody) == 2


def test_an_answer_and_none(server: str) -> None:
    assert kube_health.ask(f"{server}/healthz").status == 200
    sick = kube_health.ask(f"{server}/readyz")
    assert (sick.status, "[-]etcd failed" in sick.text) == (503, True)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = kube_health.ask(f"http://127.0.0.1:{closed.getsockname()[1]}/healthz")
    assert nobody.status == 0 and "refused" in nobody.text


def test_a_component_is_missing_while_it_does_not_run_with_its_flags(tmp_path: Path) -> None:
    manifest = tmp_path / "kube-nobody.yaml"
    text = "spec:\n  containers:\n  - command:\n    - kube-nobody\n    - --v=2\n"
    manifest.write_text(text, encoding="utf-8")
    runner = kube_runners.StaticPod("kube-nobody", str(manifest), str(tmp_path))
    look = Looker(runner, owned({"flags": {"v": 3}, "absent": None, "gates": None}), Kubectl("kubectl", "none"))
    assert runner.flags(runner.texts()) == ["--v=2"]
    assert list(runner.edit(runner.texts(), look.owned or owned({}))) == [str(manifest)]
    assert look.missing(0.0, 0.0) == "it does not run with these flags"
    assert runner.words(0.0) == "the kubelet has not run it; see its log: journalctl --unit kubelet"


def test_the_last_words_are_those_that_matter_each_once(tmp_path: Path) -> None:
    folder = tmp_path / "kube-system_kube-nobody-node1_1" / "kube-nobody"
    folder.mkdir(parents=True)
    said = [
        *(
            "I0102 03:04:05.1 1 a.go:1] starting",
            "E0102 03:04:05.2 1 b.go:2] no such path",
            "W0102 03:04:05.3 1 c.go:3] x",
        ),
        *("E0102 03:04:06.2 1 b.go:2] no such path", "Error: unknown flag: --x"),
    ]
    text = "".join(f"2026-01-02T03:04:05.6Z stderr F {line}\n" for line in said)
    (folder / "0.log").write_text(text, encoding="utf-8")
    (folder / "1.log").write_text("", encoding="utf-8")
    runner = kube_runners.StaticPod("kube-nobody", "none", str(tmp_path))
    assert runner.words(0.0).split("\n") == said[2:]
    assert [runner.failed(0.0, 0.0) for _time in range(3)] == [False, False, True]


def test_a_change_is_noted_before_it_is_made_and_its_note_ends_with_it(tmp_path: Path) -> None:
    file = tmp_path / "kube-apiserver.yaml"
    file.write_text("old\n", encoding="utf-8")
    notes = tmp_path / "notes"
    notes.mkdir()
    change = Change("kube-apiserver", str(notes), str(tmp_path), shutil.move)
    assert change.pending() == {}
    (copy,) = change.begin({str(file): "old\n"})
    change.write({str(file): "new\n"})
    assert (Path(copy).read_text(encoding="utf-8"), file.read_text(encoding="utf-8")) == ("old\n", "new\n")
    cut = Change("kube-apiserver", str(notes), str(tmp_path), shutil.move)  # as the next run finds it
    assert cut.pending() == {str(file): "old\n"}
    cut.begin({str(file): "new\n"})
    assert cut.pending() == {str(file): "old\n"}, "the way back is that of the run that was cut"
    assert {path.stat().st_mode & 0o777 for path in notes.rglob("*") if path.is_file()} == {0o600}
    cut.end()
    assert cut.pending() == {}
    cut.end()


def test_of_each_file_some_copies_are_kept(tmp_path: Path) -> None:
    backups = tmp_path / "backups"
    backups.mkdir()
    for number in range(KEPT + 3):
        (backups / f"kubelet.config.yaml.2020010{number}T000000Z").touch()
    (backups / "kubelet.other.20200101T000000Z").touch()
    change = Change("kubelet", str(tmp_path), str(tmp_path), shutil.move)
    (copy,) = change.begin({"/var/lib/kubelet/config.yaml": "x"})
    left = sorted(path.name for path in backups.iterdir() if ".config.yaml." in path.name)
    assert len(left) == KEPT and Path(copy).name == left[-1]
    assert (backups / "kubelet.other.20200101T000000Z").exists()


def test_internal_addresses_keep_their_order() -> None:
    assert kube_health.internal_addresses(NODE) == ["2001:db8::11", "192.0.2.11"]
    assert kube_health.internal_addresses({}) == []


def test_a_node_that_cannot_be_asked_for_is_told_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "kubelet.conf"
    assert "No such file" in kube_health.node(str(path), "node1")[1]
    path.write_text("clusters: [x]\n", encoding="utf-8")
    assert str(path) in kube_health.node(str(path), "node1")[1]


class Forbids(BaseHTTPRequestHandler):
    """An API server that does not know its roles yet: it forbids, until ``roles`` is set."""

    roles = threading.Event()

    def do_GET(self) -> None:
        self.send_response(200 if self.roles.is_set() else 403)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


class Running:
    """A runner whose process is this one, with arguments of an API server."""

    component = "kube-apiserver"

    def __init__(self, host: str, port: int) -> None:
        self.given = [f"--bind-address={host}", f"--secure-port={port}"]

    def processes(self) -> list[kube_process.Process]:
        return [kube_process.Process(1, self.given, 1.0)]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_an_api_server_that_forbids_an_administrator_is_not_ready_yet(host: str, tmp_path: Path) -> None:
    """kube-apiserver answers before RBAC's roles are read; who took that for ready was forbidden to go on."""
    pki = Pki(tmp_path / "pki")
    certificate, key = pki.client("admin", ["kubeadm:cluster-admins"])
    path = tmp_path / "admin.conf"
    held = {
        "clusters": [{"name": "x", "cluster": {"server": "https://unused.example"}}],
        "users": [{"name": "x", "user": {"client-certificate": str(certificate), "client-key": str(key)}}],
    }
    path.write_text(yaml.safe_dump(held), encoding="utf-8")
    Forbids.roles.clear()

    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    server = Server((host, 0), Forbids)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pki.server([host]))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        runner = Running(host, server.server_address[1])
        asks = Looker(runner, None, Kubectl("kubectl", str(path)))
        anybody = Looker(runner, None, Kubectl("kubectl", str(tmp_path / "none")))
        assert "says 403" in asks.missing(1.0, 1.0) and anybody.missing(1.0, 1.0) == ""
        Forbids.roles.set()
        assert asks.missing(1.0, 1.0) == "" and anybody.missing(1.0, 1.0) == ""
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
