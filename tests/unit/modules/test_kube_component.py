# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ``kube_component``: CIDRs that a running cluster does not survive are refused, and nothing is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.baremetal.dualstack.plugins.modules import kube_component as module

RANGES = {
    "kube-apiserver": ("service-cluster-ip-range", "10.96.0.0/16", "fd00:96::/112"),
    "kube-controller-manager": ("cluster-cidr", "10.244.0.0/16", "fd00:244::/56"),
}
FLAGS = pytest.mark.parametrize(
    ("component", "flag", "first", "second"),
    [(name, flag, *pair) for name, (flag, *both) in RANGES.items() for pair in (both, both[::-1])],
)


def run(capsys: pytest.CaptureFixture[str], folder: Path, **arguments: Any) -> dict[str, Any]:
    given = {**arguments, "manifests": str(folder), "notes": str(folder / "notes"), "kubectl": "no-such-kubectl"}
    with patch_module_args(given), pytest.raises(SystemExit):
        module.main()
    return json.loads(capsys.readouterr().out)  # type: ignore[no-any-return]


def manifest(folder: Path, component: str, flag: str, value: str) -> str:
    text = f"spec:\n  containers:\n  - command:\n    - {component}\n    - --{flag}={value}  # of a person\n"
    (folder / f"{component}.yaml").write_text(text, encoding="utf-8")
    return text


@FLAGS
@pytest.mark.parametrize("check", [True, False])
def test_a_swap_and_a_family_less_are_refused(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    component: str,
    flag: str,
    first: str,
    second: str,
    check: bool,
) -> None:
    text = manifest(tmp_path, component, flag, f"{first},{second}")
    for planned in (f"{second},{first}", first):
        given = {"component": component, "flags": {flag: planned}, "_ansible_check_mode": check}
        found = run(capsys, tmp_path, **given)
        assert found["failed"] and not found["rolled_back"]
        assert f"{component}: --{flag} is {first},{second} and would become {planned}: " in found["msg"]
    assert [path.name for path in tmp_path.iterdir()] == [f"{component}.yaml"]
    assert (tmp_path / f"{component}.yaml").read_text(encoding="utf-8") == text


@FLAGS
def test_a_second_family_is_foreseen(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, component: str, flag: str, first: str, second: str
) -> None:
    manifest(tmp_path, component, flag, first)
    given = {"component": component, "flags": {flag: f"{first},{second}"}, "_ansible_check_mode": True}
    found = run(capsys, tmp_path, **given)
    assert found["changed"] and found["files"] == [str(tmp_path / f"{component}.yaml")]


@FLAGS
def test_who_was_cut_while_it_came_may_go_back(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, component: str, flag: str, first: str, second: str
) -> None:
    """The note tells what ran before the run that was cut."""
    before = manifest(tmp_path, component, flag, first)
    manifest(tmp_path, component, flag, f"{first},{second}")
    (tmp_path / "notes").mkdir()
    note = {str(tmp_path / f"{component}.yaml"): before}
    (tmp_path / "notes" / f"{component}.json").write_text(json.dumps(note), encoding="utf-8")
    found = run(capsys, tmp_path, component=component, flags={flag: first}, _ansible_check_mode=True)
    assert found["changed"] and "failed" not in found


def test_who_is_not_to_be_told_anything_is_not_looked_for(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    found = run(capsys, tmp_path, component="etcd", wanted=False, flags={"v": "2"})
    assert found["skipped"] and not found["changed"] and "etcd is not to be told anything" in found["msg"]


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("component", "fixes"),
    [
        ("etcd", ("etcd_unit of the role", "take etcd out of kubernetes.arguments in the intent")),
        ("kube-scheduler", ("kube_scheduler_unit of the role", "in another folder, name that")),
    ],
)
def test_a_component_that_is_no_static_pod_of_the_host(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, component: str, fixes: tuple[str, ...], check: bool
) -> None:
    """As an etcd of hosts that kubeadm knows nothing of."""
    found = run(capsys, tmp_path, component=component, flags={"v": "2"}, _ansible_check_mode=check)
    assert found["failed"] and not found["rolled_back"]
    for words in (f"{component}: there is no {tmp_path / component}.yaml", *fixes):
        assert words in found["msg"]
    assert not list(tmp_path.iterdir())


def test_a_unit_has_the_name_of_its_component(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Where no other is named: what is asked of it does not depend on whether the machine has systemd."""
    found = run(capsys, tmp_path, component="kube-apiserver", run_by="systemd", unit="", _ansible_check_mode=True)
    assert found["failed"] and "kube-apiserver.service" in found["msg"] and "static pod" not in found["msg"]
