# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ``host_facts``: the CIDRs that files of control planes state, of either family first; free disk; names."""

from __future__ import annotations

import json
import shutil
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.baremetal.dualstack.plugins.module_utils import host_reading
from ansible_collections.baremetal.dualstack.plugins.modules import host_facts as module

API, CONTROLLERS = "kube-apiserver", "kube-controller-manager"
PODS, SERVICES = ("10.244.0.0/16", "fd00:244::/56"), ("10.96.0.0/16", "fd00:96::/112")
ORDERS = pytest.mark.parametrize("order", [1, -1], ids=["ipv4-first", "ipv6-first"])


def look(capsys: pytest.CaptureFixture[str], folder: Path, **of_one: Any) -> dict[str, Any]:
    """What is gathered of both components, whose files are in ``folder``."""
    components = [
        {"name": name, "manifests": str(folder), "notes": str(folder / "notes"), **of_one}
        for name in (API, CONTROLLERS)
    ]
    with patch_module_args({"components": components, "_ansible_check_mode": True}), pytest.raises(SystemExit):
        module.main()
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert found["changed"] is False
    return found["host"]["components"]  # type: ignore[no-any-return]


def manifest(folder: Path, component: str, *flags: str) -> str:
    words = "".join(f"    - {word}\n" for word in (component, "--v=2", *flags))
    text = f"spec:\n  containers:\n  - command:\n{words}"
    (folder / f"{component}.yaml").write_text(text, encoding="utf-8")
    return text


@ORDERS
def test_of_static_pods_the_flags_with_cidrs_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, order: int
) -> None:
    pods, services = ",".join(PODS[::order]), ",".join(SERVICES[::order])
    manifest(tmp_path, API, "--oidc-client-id=somebody", f"--service-cluster-ip-range={services}")
    assert look(capsys, tmp_path) == {API: {"flags": {"service-cluster-ip-range": services}, "problem": ""}}
    manifest(tmp_path, CONTROLLERS, f"--service-cluster-ip-range={services}", f"--cluster-cidr={pods}")
    assert look(capsys, tmp_path)[CONTROLLERS] == {
        "flags": {"service-cluster-ip-range": services, "cluster-cidr": pods},
        "problem": "",
    }


@ORDERS
def test_what_a_cut_change_noted_counts(capsys: pytest.CaptureFixture[str], tmp_path: Path, order: int) -> None:
    """As in ``kube_component``: with one family before, and two in the file, the way back is open."""
    before = manifest(tmp_path, CONTROLLERS, f"--cluster-cidr={PODS[::order][0]}")
    manifest(tmp_path, CONTROLLERS, f"--cluster-cidr={','.join(PODS[::order])}")
    (tmp_path / "notes").mkdir()
    note = {str(tmp_path / f"{CONTROLLERS}.yaml"): before}
    (tmp_path / "notes" / f"{CONTROLLERS}.json").write_text(json.dumps(note), encoding="utf-8")
    assert look(capsys, tmp_path)[CONTROLLERS]["flags"] == {"cluster-cidr": PODS[::order][0]}


def test_files_that_hide_the_flags_are_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = manifest(tmp_path, API).replace("    - --v=2", "    - -c").replace(f"- {API}", "- /bin/sh")
    (tmp_path / f"{API}.yaml").write_text(text, encoding="utf-8")
    (found,) = look(capsys, tmp_path).values()
    assert found["flags"] == {} and f"no container runs {API}" in found["problem"]


def test_a_bare_host_has_nothing_and_both_components_are_looked_for(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert look(capsys, tmp_path) == {}
    with patch_module_args({}), pytest.raises(SystemExit):
        module.main()
    assert {API, CONTROLLERS} >= json.loads(capsys.readouterr().out)["host"]["components"].keys()


def test_free_disk_is_that_of_the_folder_or_of_where_it_will_be(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = [str(tmp_path), str(tmp_path / "not" / "there")]
    monkeypatch.setattr(host_reading, "STORES", stores)
    with patch_module_args({}), pytest.raises(SystemExit):
        module.main()
    found = json.loads(capsys.readouterr().out)["host"]["free"]
    total, _used, free = shutil.disk_usage(tmp_path)
    assert found == dict.fromkeys(stores, pytest.approx(100 * free / total, abs=1))


def endpoint(capsys: pytest.CaptureFixture[str], name: str) -> Any:
    with patch_module_args({"endpoint": name}), pytest.raises(SystemExit):
        module.main()
    return json.loads(capsys.readouterr().out)["host"]["endpoint"]


@ORDERS
def test_the_endpoint_is_looked_up_in_both_families(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, order: int
) -> None:
    def answer(name: str, port: None, **_options: Any) -> list[Any]:
        assert name == "api.example.net"
        twice = [(4, 1, 6, "", ("192.0.2.7", 0)), (10, 1, 6, "", ("fd00::7", 0, 0, 0))] * 2
        return twice[::order]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    assert endpoint(capsys, "api.example.net") == {"addresses": ["192.0.2.7", "fd00::7"][::order], "problem": ""}


def test_no_name_is_not_looked_up(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", None)
    assert endpoint(capsys, "") is None


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "Name or service not known"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), "Temporary failure"),
        (UnicodeError("label too long"), "label too long"),
    ],
)
def test_a_name_without_addresses_is_a_problem_and_no_failure(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, error: Exception, problem: str
) -> None:
    def answer(*_given: Any, **_options: Any) -> list[Any]:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    found = endpoint(capsys, "api.example.net")
    assert found["addresses"] == [] and problem in found["problem"]


def test_a_resolver_that_is_away_is_not_waited_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_reading, "ANSWERS", 0.1)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_given, **_options: time.sleep(30))
    begun = time.monotonic()
    assert endpoint(capsys, "api.example.net") == {"addresses": [], "problem": "no answer within 0.1 s"}
    assert time.monotonic() - begun < 15
