# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The faces of the explanations: the playbook, and what the filters refuse."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.baremetal.dualstack.plugins.filter.explanations import explain, explain_text

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "demo" / "plan.yml"


def play(folder: Path, checkout: Path, playbook: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [
        str(Path(sys.executable).with_name("ansible-playbook")),
        "-i",
        str(checkout / "examples" / "demo"),
        *words,
    ]
    quiet = {"ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_FORCE_COLOR": "0"}
    return subprocess.run(
        [*command, playbook], cwd=folder, env={**os.environ, **quiet}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(("vip", "length"), [("192.168.100.1", 32), ("2001:db8:1::1", 128)])
def test_the_playbook_explains_and_writes_nothing(vip: str, length: int, checkout: Path, tmp_path: Path) -> None:
    done = play(tmp_path, checkout, "baremetal.dualstack.explain", "-e", f"explain=vips.{vip}.prefix")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f'"vips.{vip}.prefix = {vip}/{length}",' in done.stdout
    assert f'"  depends on services.default/shop.addresses[{length // 128}] = {vip}",' in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_playbook_explains_several_and_without_a_path_says_what_there_is(checkout: Path, tmp_path: Path) -> None:
    asked = '{"explain": ["routers.br1.asn", "clients"], "explain_everything": true}'
    done = play(tmp_path, checkout, "baremetal.dualstack.explain", "-e", asked)
    assert '"routers.br1.asn = 64510",' in done.stdout and '"  clients.client46",' in done.stdout
    assert '"Everything in the intent that can change it:",' in done.stdout
    done = play(tmp_path, checkout, "baremetal.dualstack.explain")
    assert '"  sessions",' in done.stdout and done.returncode == 0


def test_an_unknown_path_fails_with_the_nearest_one(checkout: Path, tmp_path: Path) -> None:
    done = play(tmp_path, checkout, "baremetal.dualstack.explain", "-e", "explain=router.br1")
    assert done.returncode != 0
    assert "the plan has no 'router'; did you mean 'routers'?" in done.stdout + done.stderr


def test_the_playbook_of_the_page_explains_a_plan_that_was_kept(checkout: Path, tmp_path: Path) -> None:
    [text] = re.findall(r"```yaml\n(.*?)```", (checkout / "docs" / "explain.md").read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "play.yml").write_text(text, encoding="utf-8")
    (tmp_path / "artifacts" / "demo").mkdir(parents=True)
    (tmp_path / "artifacts" / "demo" / "plan.yml").write_text(GOLDEN.read_text(encoding="utf-8"), encoding="utf-8")
    done = play(tmp_path, checkout, "play.yml", "-c", "local")
    assert done.returncode == 0 and '"dualstack.fabric.node_asn"' in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("face", [explain, explain_text])
@pytest.mark.parametrize(
    ("plan", "path", "everything", "reason"),
    [
        ("text", "routers", False, "give the plan"),
        ({}, "routers", False, "make it again"),
        (None, 7, False, "a path is text, not int"),
        (None, "routers", "yes", "true or false"),
        (None, "routers.br1.asn.more", False, "nothing stands below it"),
    ],
)
def test_what_cannot_be_explained_is_refused(face: Any, plan: Any, path: Any, everything: Any, reason: str) -> None:
    given = yaml.safe_load(GOLDEN.read_text(encoding="utf-8")) if plan is None else plan
    with pytest.raises(AnsibleFilterError, match=f"^{face.__name__}: .*{reason}"):
        face(given, path, everything)
