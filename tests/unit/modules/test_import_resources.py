# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ``import_resources``: check mode, diff, idempotence, edits that stay, errors at once, and the manual."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args

from ansible_collections.baremetal.dualstack.plugins.module_utils import manifests
from ansible_collections.baremetal.dualstack.plugins.modules import import_resources as module

PAGE = Path(__file__).resolve().parents[3] / "docs" / "importing.md"
POOL = {
    "apiVersion": "metallb.io/v1beta1",
    "kind": "IPAddressPool",
    "metadata": {"name": "web", "namespace": "metallb-system"},
    "spec": {"addresses": ["172.16.0.0/24", "fd10:2::/112"]},
}


def run(capsys: pytest.CaptureFixture[str], **arguments: Any) -> dict[str, Any]:
    with patch_module_args(arguments), pytest.raises(SystemExit):
        module.main()
    return json.loads(capsys.readouterr().out)  # type: ignore[no-any-return]


def test_check_predicts_what_is_written_and_the_second_run_is_quiet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = {"objects": [POOL], "dest": str(tmp_path / "new" / "inventory.yml"), "_ansible_diff": True}
    predicted = run(capsys, **arguments, _ansible_check_mode=True)
    assert predicted["changed"] and not list(tmp_path.iterdir())
    done = run(capsys, **arguments)
    assert {key: done[key] for key in ("changed", "diff", "inventory")} == {
        key: predicted[key] for key in ("changed", "diff", "inventory")
    }
    written = yaml.safe_load((tmp_path / "new" / "inventory.yml").read_text(encoding="utf-8"))
    assert written == done["inventory"]
    assert not run(capsys, **arguments)["changed"]


def test_a_file_that_was_edited_stays_unless_it_is_to_be_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dest = tmp_path / "inventory.yml"
    dest.write_text("edited: true\n", encoding="utf-8")
    failed = run(capsys, objects=[POOL], dest=str(dest), _ansible_diff=True)
    assert failed["failed"] and "force" in failed["msg"] and failed["diff"][0]["before"] == "edited: true\n"
    assert dest.read_text(encoding="utf-8") == "edited: true\n"
    assert run(capsys, objects=[POOL], dest=str(dest), force=True)["changed"]
    assert "dualstack" in dest.read_text(encoding="utf-8")


def test_all_errors_at_once_and_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = {**POOL, "spec": {"addresses": ["2001:db8:prod::/64", "10.0.0.9-10.0.0.1"]}}
    flags = ["--feature-gates=IPv6DualStack=true"]
    failed = run(capsys, objects=[bad], flags=flags, dest=str(tmp_path / "inventory.yml"))
    assert failed["failed"] and not list(tmp_path.iterdir())
    assert {finding["id"] for finding in failed["findings"]} >= {"address-syntax", "feature-gate"}
    assert "group 3 ('prod')" in " ".join(failed["msg"].split())


def test_without_a_destination_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    done = run(capsys, objects=[POOL], cluster="lab", mode="speaker")
    assert not done["changed"]
    cluster = done["inventory"]["all"]["vars"]["dualstack"]["cluster"]
    assert (cluster["name"], cluster["load_balancer"]) == ("lab", "speaker")


@pytest.mark.parametrize(
    ("text", "words"),
    [(None, "No such file"), ("a: [", "while parsing"), ("\tb: 1", "cannot start any token")],
    ids=["no file", "open bracket", "tab"],
)
def test_a_file_that_can_not_be_read(
    text: str | None, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "manifests.yml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    failed = run(capsys, src=[str(path)])
    assert failed["failed"] and str(path) in failed["msg"] and words in failed["msg"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("64512:20", "64512:20"),
        ("1:30", "1:30"),
        ("2026-01-01", "2026-01-01"),
        ("17", 17),
        ("-3", -3),
        ("0x1F", 31),
        ("010", 8),
        ("1.5", 1.5),
        ("yes", True),
        ("null", None),
        ("'17'", "17"),
        ("fd00::1", "fd00::1"),
        ("10.0.0.0/24", "10.0.0.0/24"),
    ],
)
def test_scalars_are_read_as_kubernetes_reads_them(text: str, value: Any, tmp_path: Path) -> None:
    path = tmp_path / "value.yml"
    path.write_text(f"value: {text}\n---\n", encoding="utf-8")
    assert manifests.load([str(path)]) == [{"value": value}, None]


def test_json_is_read_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "list.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [POOL]}), encoding="utf-8")
    done = run(capsys, src=[str(path)])
    assert [pool["name"] for pool in done["inventory"]["all"]["vars"]["dualstack"]["pools"]] == ["web"]


def test_the_example_of_the_manual_imports_and_plans(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    source, inventory = re.findall(r"```yaml\n(.+?)```", page, re.DOTALL)
    (tmp_path / "metallb.yml").write_text(source, encoding="utf-8")
    (tmp_path / "cluster.yml").write_text("", encoding="utf-8")
    found = re.search(r"baremetal\.dualstack\.import -e '(.+?)'", page, re.DOTALL)
    assert found is not None
    for words in (["baremetal.dualstack.import", "-e", found[1]], ["-i", "inventory.yml", "baremetal.dualstack.plan"]):
        command = [str(Path(sys.executable).with_name("ansible-playbook")), *words]
        here = {**os.environ, "PWD": str(tmp_path)}
        done = subprocess.run(command, cwd=tmp_path, env=here, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "inventory.yml").read_text(encoding="utf-8") == module.HEAD + inventory
    rendered = list(yaml.safe_load_all((tmp_path / "artifacts" / "prod" / "resources.yml").read_text(encoding="utf-8")))
    names = {item["metadata"]["name"] for item in rendered if item["kind"] == "BGPPeer"}
    assert names == {"tor-ipv4", "tor-ipv6"}
