# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ``plan``: all errors at once, check mode, diff, idempotence, and files of hosts that are gone."""

from __future__ import annotations

import json
import operator
import re
from pathlib import Path
from typing import Any

import fabrics
import pytest
import yaml
from ansible.module_utils.common import warnings
from ansible.module_utils.testing import patch_module_args

from ansible_collections.baremetal.dualstack.plugins.modules import plan as module


@pytest.fixture(autouse=True)
def a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module collects warnings for its result, apart from those of other tests and of a controller they began."""
    warnings._global_warnings.clear()
    monkeypatch.setattr(warnings._internal, "is_controller", False)


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


def told(text: str) -> str:
    """A table, or a part of it, without what wrapping changes."""
    return re.sub(r"\s+", " ", text)


def columns(table: str) -> tuple[str, str]:
    """The places and the texts of a table of findings, each in one line."""
    lines = table.splitlines()
    ruler = next(line for line in lines if line.startswith("---"))
    start, end = (match.start() for match in list(re.finditer("-+", ruler))[1:])
    return "".join(line[start:end].strip() for line in lines), told(" ".join(line[end:] for line in lines))


def test_all_errors_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    intent, hosts = fabrics.read("demo")
    intent["advertise"][0]["pools"] = ["produktion"]
    intent["fabric"]["node_asn"] = 23456
    intent["cluster"]["pods"] = ["10.0.1.0/25", "2001:db8:dc:1::/72"]
    failed = run(capsys, intent, hosts, tmp_path)
    kept = sorted(path.name for path in (tmp_path / "demo").iterdir())
    assert failed["failed"] and kept == ["refused.html", "refused.json"]
    assert {"unknown-pool", "asn-reserved", "overlap"} <= {finding["id"] for finding in failed["findings"]}
    errors = sum(finding["severity"] == "error" for finding in failed["findings"])
    assert failed["msg"].startswith(f"nothing is planned, the intent has {errors} errors, ")
    places, texts = columns(failed["msg"])
    for finding in failed["findings"]:
        assert told(finding["path"]).replace(" ", "") in places.replace(" ", "")
        assert told(finding["reason"]) in texts and told(finding["fix"]) in texts


def test_findings_that_are_no_errors_are_returned_kept_and_counted_in_one_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    intent, hosts = fabrics.read("demo")
    hosts["routers"]["isp1"]["asn"] = 64497
    intent["lab"] = True
    intent["communities"] = {"spare": "64512:9"}
    intent["silence"] = [{"rule": "never-used", "reason": "it will be used"}]
    done = run(capsys, intent, hosts, tmp_path)
    assert not done.get("failed") and done["plan"]
    silenced = [finding for finding in done["findings"] if finding["silenced"]]
    assert [(finding["path"], finding["silenced"]) for finding in silenced] == [
        ("dualstack.communities.spare", "it will be used")
    ]
    [warning] = done["warnings"]
    hints = sum(finding["severity"] == "hint" and not finding["silenced"] for finding in done["findings"])
    assert hints and f"the intent has {hints} hints, 1 silenced: " in str(warning)
    kept = json.loads((tmp_path / "demo" / "findings.json").read_text(encoding="utf-8"))
    assert kept["summary"] == {"error": 0, "warning": 0, "hint": hints, "silenced": 1}
    key = operator.itemgetter("path", "id")
    assert sorted(kept["findings"], key=key) == sorted(done["findings"], key=key)
    assert "it will be used" in done["msg"] and all(len(line) <= 120 for line in done["msg"].splitlines())


def test_a_plan_without_findings_warns_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    intent, hosts = fabrics.read("existing-routers")
    done = run(capsys, intent, hosts, tmp_path)
    assert done["findings"] == [] and not done.get("warnings") and done["msg"] == "there are no findings"
    kept = json.loads((tmp_path / "existing-routers" / "findings.json").read_text(encoding="utf-8"))
    assert kept == {"summary": {"error": 0, "warning": 0, "hint": 0, "silenced": 0}, "findings": []}


def test_a_refused_intent_leaves_the_last_good_plan_and_its_own_findings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    intent, hosts = fabrics.read("demo")
    run(capsys, intent, hosts, tmp_path)
    good = (tmp_path / "demo" / "plan.yml").read_text(encoding="utf-8")
    intent["fabric"]["node_asn"] = 23456
    failed = run(capsys, intent, hosts, tmp_path)
    told = (tmp_path / "demo" / "refused.html").read_text(encoding="utf-8")
    assert failed["failed"] and "asn-reserved" in told and "dualstack.fabric.node_asn" in told
    assert (tmp_path / "demo" / "plan.yml").read_text(encoding="utf-8") == good
    intent["fabric"]["node_asn"] = 64512
    run(capsys, intent, hosts, tmp_path)
    assert not (tmp_path / "demo" / "refused.html").exists()
