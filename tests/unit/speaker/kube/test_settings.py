# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubeconfigs, the environment of a pod, and credentials that change while they are used."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from kube_server import kubeconfig

from dualstack_speaker.kube.access import Access
from dualstack_speaker.kube.errors import SettingsError
from dualstack_speaker.kube.settings import from_file, in_pod

if TYPE_CHECKING:
    from cluster.pki import Pki

URLS = [
    ("https://192.0.2.10:6443", "192.0.2.10", 6443, ""),
    ("https://[2001:db8::10]:6443", "2001:db8::10", 6443, ""),
    ("https://api.example.com", "api.example.com", 443, ""),
    ("https://[2001:db8::10]/k8s/c1/", "2001:db8::10", 443, "/k8s/c1"),
    ("http://127.0.0.1:8001", "127.0.0.1", 8001, ""),
]


@pytest.mark.parametrize(("url", "host", "port", "prefix"), URLS)
def test_servers(tmp_path: Path, url: str, host: str, port: int, prefix: str) -> None:
    read = from_file(kubeconfig(tmp_path / "k", url))
    assert (read.host, read.port, read.prefix, read.tls) == (host, port, prefix, url.startswith("https"))
    assert read.url.startswith(url.rsplit("/k8s", 1)[0])


def test_credentials_of_every_kind(tmp_path: Path) -> None:
    data = base64.b64encode(b"PEM").decode()
    user = {"tokenFile": "token", "client-certificate": "a.crt", "client-key-data": data}
    cluster = {"certificate-authority-data": data, "tls-server-name": "api.example.com"}
    read = from_file(kubeconfig(tmp_path / "k", "https://[::1]:6443", user, **cluster))
    assert (read.token, read.token_file) == (None, str(tmp_path / "token"))
    assert (read.certificate, read.certificate_file) == (None, str(tmp_path / "a.crt"))
    assert (read.key, read.key_file) == ("PEM", None)
    assert (read.ca, read.server_name, read.verify) == ("PEM", "api.example.com", True)


def test_no_representation_shows_a_secret(tmp_path: Path) -> None:
    user = {"token": "s3cret", "client-certificate-data": base64.b64encode(b"PUBLIC").decode()}
    user["client-key-data"] = base64.b64encode(b"s3cret").decode()
    read = from_file(kubeconfig(tmp_path / "k", "https://127.0.0.1:6443", user))
    assert (read.token, read.key) == ("s3cret", "s3cret")
    assert "s3cret" not in f"{read!r} {read}"


def given(**changes: Any) -> dict[str, Any]:
    document = {
        "clusters": [{"name": "c", "cluster": {"server": "https://192.0.2.10:6443"}}],
        "users": [{"name": "u", "user": {"token": "s3cret"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    return {**document, **changes}


def user(**fields: Any) -> dict[str, Any]:
    return given(users=[{"name": "u", "user": fields}])


def cluster(**fields: Any) -> dict[str, Any]:
    return given(clusters=[{"name": "c", "cluster": fields}])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is no JSON"),
        ("[]", "an object is expected"),
        (given(**{"current-context": ""}), "current-context: is missing"),
        (given(contexts=[]), "contexts: none has the name 'x'"),
        (given(clusters=7), "clusters: none has the name 'c'"),
        (cluster(), "server: a URL like"),
        (cluster(server="192.0.2.10:6443"), "server: a URL like"),
        (cluster(server="https://[::1"), "server: a URL like"),
        (cluster(server="https://192.0.2.10:x"), "server: a URL like"),
        (cluster(server="https://a", **{"proxy-url": "http://p"}), "proxy-url: is not supported"),
        (cluster(server="https://a", **{"certificate-authority-data": "*"}), "is not base64"),
        (user(exec={"command": "aws"}), "exec: is not supported: use a token, a tokenFile or a client certificate"),
        (user(username="a", password="s3cret"), "username: is not supported"),
        (user(token=7), "token: a text is expected"),
        (user(**{"client-certificate": "a.crt"}), "a client certificate and its key go together"),
        (user(**{"client-certificate-data": "s3cret", "client-key": "k"}), "client-certificate-data: is not base64"),
    ],
)
def test_a_bad_kubeconfig_names_the_place_and_no_secret(tmp_path: Path, content: Any, words: str) -> None:
    path = tmp_path / "k"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        from_file(str(path))
    assert str(caught.value).startswith(f"{path}: ")
    assert words in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_yaml_is_read_where_it_can_be(tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml")
    path = tmp_path / "k"
    path.write_text(yaml.safe_dump(given()), encoding="utf-8")
    assert from_file(str(path)).token == "s3cret"
    path.write_text("users: [token: s3cret", encoding="utf-8")
    with pytest.raises(SettingsError, match="neither JSON nor YAML") as caught:
        from_file(str(path))
    assert "s3cret" not in str(caught.value)


def test_yaml_without_a_reader_names_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    path = tmp_path / "k"
    path.write_text("apiVersion: v1\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="kubectl config view --raw --flatten --minify -o json"):
        from_file(str(path))


@pytest.mark.parametrize("host", ["10.96.0.1", "fd00:10:96::1", "[fd00:10:96::1]"])
def test_a_pod_knows_its_server(tmp_path: Path, host: str) -> None:
    (tmp_path / "token").write_text("pod-token\n", encoding="ascii")
    read = in_pod({"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": "6443"}, str(tmp_path))
    assert (read.host, read.port, read.pod) == (host.strip("[]"), 6443, True)
    assert (read.ca_file, read.token_file) == (str(tmp_path / "ca.crt"), str(tmp_path / "token"))


@pytest.mark.parametrize("environment", [{}, {"KUBERNETES_SERVICE_HOST": "::1", "KUBERNETES_SERVICE_PORT": "x"}])
def test_no_pod(environment: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="KUBERNETES_SERVICE"):
        in_pod(environment)


def test_a_token_file_is_read_again_when_it_changes_and_kept_when_it_breaks(tmp_path: Path) -> None:
    token = tmp_path / "token"
    access = Access(kubeconfig(tmp_path / "k", "https://127.0.0.1:6443", {"tokenFile": "token"}))
    with pytest.raises(SettingsError, match="token: No such file"):
        access.token()
    token.write_text("first\n", encoding="ascii")
    assert access.token() == "first"
    assert not access.problem
    token.write_text("second-token\n", encoding="ascii")
    assert access.token() == "second-token"
    token.write_text("\n", encoding="ascii")
    assert access.token() == "second-token"
    assert access.problem == f"{token}: is empty"
    token.unlink()
    assert access.token() == "second-token"
    token.write_text("third\n", encoding="ascii")
    assert access.token() == "third"
    assert not access.problem


def test_a_kubeconfig_is_read_again_when_it_changes_and_kept_when_it_breaks(tmp_path: Path) -> None:
    path = tmp_path / "k"
    access = Access(kubeconfig(path, "http://127.0.0.1:6443"))
    first = access.look()
    assert access.look() == first
    kubeconfig(path, "http://[::1]:6443")
    second = access.look()
    assert second[0] > first[0]
    assert second[1].host == "::1"
    path.write_text("{", encoding="utf-8")
    assert access.look() == second
    assert f"{path}: is no JSON" in access.problem


def test_a_pair_that_is_half_renewed_waits_for_its_other_half(tmp_path: Path, pki: Pki) -> None:
    certificate, key = pki.client("node1")
    credentials = {"client-certificate": str(certificate), "client-key": str(key)}
    path = kubeconfig(tmp_path / "k", "https://127.0.0.1:6443", credentials, **{"certificate-authority": str(pki.ca)})
    access = Access(path)
    first = access.look()
    before = key.read_bytes()
    pki.client("node1")
    after = key.read_bytes()
    key.write_bytes(before)
    assert access.look() == first
    assert "key values mismatch" in access.problem.lower().replace("_", " ")
    key.write_bytes(after)
    second = access.look()
    assert second[0] > first[0]
    assert second[2] is not first[2]
    assert not access.problem
