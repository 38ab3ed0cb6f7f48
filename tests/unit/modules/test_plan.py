# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ``plan``: all errors at once, check mode, diff, idempotence, and files of hosts that are gone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fabrics
import pytest
import yaml
from ansible.module_utils.testing import patch_module_args

from ansible_collections.baremetal.dualstack.plugins.modules import plan as module


def run(capsys: pytest.CaptureFixture[str], intent: Any, hosts: Any, artifacts: Path, **options: Any) -> dict[str, Any]:
    arguments = {"intent": intent, "hosts": hosts, "artifacts": str(artifacts)}
    with patch_module_args({**arguments, **options}), pytest.raises(SystemExit):
        module.main()
    return json.loads(capsys.readouterr().out)  # type: ignore[no-any-return]


@pytest.mark.parametrize("example", fabrics.names())
def test_check_predicts_what_is_written_and_the_second_run_is_quiet(
    example: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    intent, hosts = fabrics.read(example)
    predicted = run(capsys, intent, hosts, tmp_path, _ansible_check_mode=True, _ansible_diff=True)
    assert predicted["changed"] and not list(tmp_path.iterdir())
    done = run(capsys, intent, hosts, tmp_path, _ansible_diff=True)
    for key in ("changed", "files", "diff", "plan"):
        assert done[key] == predicted[key]
    cluster = tmp_path / done["plan"]["cluster"]["name"]
    assert sorted(done["files"]) == sorted(
        str(path.relative_to(cluster)) for path in cluster.rglob("*") if path.is_file()
    )
    assert yaml.safe_load((cluster / "plan.yml").read_text(encoding="utf-8")) == done["plan"]
    again = run(capsys, intent, hosts, tmp_path)
    assert not again["changed"] and again["files"] == []


def test_a_host_that_is_gone_takes_its_files_along(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    intent, hosts = fabrics.read("demo")
    run(capsys, intent, hosts, tmp_path)
    note = tmp_path / "demo" / "note.txt"
    note.write_text("not ours", encoding="utf-8")
    del hosts["nodes"]["node3"]
    done = run(capsys, intent, hosts, tmp_path, _ansible_diff=True)
    assert done["changed"] and any(path.startswith("nodes/node3/") for path in done["files"])
    assert not (tmp_path / "demo" / "nodes" / "node3").exists() and note.exists()
    removed = next(entry for entry in done["diff"] if entry["before_header"].startswith("nodes/node3/"))
    assert removed["before"] and not removed["after"]


def test_all_errors_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    intent, hosts = fabrics.read("demo")
    intent["advertise"][0]["pools"] = ["produktion"]
    intent["fabric"]["node_asn"] = 23456
    intent["cluster"]["pods"] = ["10.0.1.0/25", "2001:db8:dc:1::/72"]
    failed = run(capsys, intent, hosts, tmp_path)
    assert failed["failed"] and not list(tmp_path.iterdir())
    assert {"unknown-pool", "asn-reserved", "overlap"} <= {finding["id"] for finding in failed["findings"]}
    for finding in failed["findings"]:
        assert (
            finding["path"] in failed["msg"] and finding["reason"] in failed["msg"] and finding["fix"] in failed["msg"]
        )
