# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ``evidence``: files, check mode, and that a report is no change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fabrics
import observed
import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.baremetal.dualstack.plugins.modules import evidence as module


def run(capsys: pytest.CaptureFixture[str], **arguments: Any) -> dict[str, Any]:
    with patch_module_args(arguments), pytest.raises(SystemExit):
        module.main()
    return json.loads(capsys.readouterr().out)  # type: ignore[no-any-return]


@pytest.mark.parametrize("example", fabrics.with_clients())
def test_green(example: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = observed.plan_of(example)
    done = run(capsys, plan=plan, results=observed.healthy(plan), artifacts=str(tmp_path))
    total = len(plan["vips"])
    assert done["green"] and done["changed"] is False and done["breaks"] == []
    assert done["summary"] == {"green": total, "total": total}
    assert done["table"][-1] == f"evidence: {total} of {total} green"
    folder = tmp_path / plan["cluster"]["name"]
    assert done["files"] == [str(folder / name) for name in ("evidence.json", "evidence.html")]
    kept = json.loads((folder / "evidence.json").read_text(encoding="utf-8"))
    assert kept["summary"] == done["summary"] and kept["plan_hash"] == plan["hash"]
    assert kept["time"].endswith("Z") and {vip["state"] for vip in kept["vips"]} == {"green"}
    page = (folder / "evidence.html").read_text(encoding="utf-8")
    assert f"{total} of {total} green" in page


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_red_is_told_and_does_not_fail(family: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = observed.plan_of("demo")
    seen = observed.healthy(plan)
    vip = next(vip for vip in plan["vips"] if vip["mode"] == "bgp" and vip["family"] == family)
    seen["routers"]["tor1"]["fib"][family][vip["prefix"]].pop()
    done = run(capsys, plan=plan, results=seen, artifacts=str(tmp_path), brief=True)
    assert not done["green"] and "failed" not in done and done["brief"] is True
    assert len(done["breaks"]) == 1 and vip["vip"] in done["breaks"][0] and "broken at fib" in done["breaks"][0]


def test_check_mode_judges_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = observed.plan_of("demo")
    done = run(
        capsys, plan=plan, results=observed.healthy(plan), artifacts=str(tmp_path / "new"), _ansible_check_mode=True
    )
    assert done["green"] and not (tmp_path / "new").exists()


def test_the_plan_and_its_renderings_stay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = observed.plan_of("demo")
    note = tmp_path / "demo" / "plan.yml"
    note.parent.mkdir()
    note.write_text("plan", encoding="utf-8")
    run(capsys, plan=plan, results=observed.healthy(plan), artifacts=str(tmp_path))
    assert note.read_text(encoding="utf-8") == "plan"
