# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold for the repository as a whole: nothing of one machine in it, and one version everywhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from fabrics import read_text

from dualstack.findings import HINT
from dualstack.plan.build import make

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path.parent.parent for path in ROOT.glob("roles/*/defaults/main.yml"))

# In pieces, so that this file is not found itself.
REGISTRIES = [
    "deb.debian" + ".org",
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "galaxy.ansible" + ".com",
    "ghcr" + ".io",
]
MACHINE_PATHS = [
    "/work" + "/",
    "/home" + "/",
    "/root/" + ".cache",
    "/root/" + ".pyenv",
    "/tmp/" + "venv",
    "/tmp/" + "roots",
]


def tracked() -> list[Path]:
    """The files that git has, or would take."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def lines_with(words: list[str]) -> list[str]:
    pattern = re.compile("|".join(map(re.escape, words)))
    found = []
    for path in tracked():
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    return found


def test_no_package_registry_is_named() -> None:
    assert lines_with(REGISTRIES) == []


def test_no_path_of_a_machine_is_named() -> None:
    assert lines_with([*MACHINE_PATHS, str(ROOT) + "/"]) == []


def test_the_version_is_the_same_everywhere() -> None:
    collection = load("galaxy.yml")["version"]
    package = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert package is not None
    assert package[1] == collection


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_defaults_and_argument_specs_agree(role: Path) -> None:
    """Each default is documented with that value, wherever the role is entered, and each documented default is set."""
    defaults: dict[str, Any] = load(role / "defaults" / "main.yml") or {}
    entries = load(role / "meta" / "argument_specs.yml")["argument_specs"].values()
    stated = [(name, option) for entry in entries for name, option in entry.get("options", {}).items()]
    documented = {name: option["default"] for name, option in stated if "default" in option}
    assert documented == defaults
    assert all(option.get("default") == documented[name] for name, option in stated if name in documented)


def load(path: str | Path) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def test_the_intent_in_the_readme_makes_a_plan(tmp_path: Path) -> None:
    intent = re.search(r"```yaml\n(.+?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert intent is not None
    (tmp_path / "inventory.yml").write_text(intent[1], encoding="utf-8")
    playbook = Path(sys.executable).with_name("ansible-playbook")
    command = [playbook, "-i", "inventory.yml", "baremetal.dualstack.plan"]
    here = {**os.environ, "PWD": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=here, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    plan = load(tmp_path / "artifacts" / "small" / "plan.yml")
    assert {(vip["service"], vip["family"]) for vip in plan["vips"]} == {
        ("default/shop", "ipv4"),
        ("default/shop", "ipv6"),
    }


INVENTORIES = re.findall(
    r"```yaml\n(all:\n.+?)```", (ROOT / "docs" / "clusters.md").read_text(encoding="utf-8"), re.DOTALL
)


@pytest.mark.parametrize(
    ("inventory", "planes"), list(zip(INVENTORIES, (1, 1, 3), strict=True)), ids=("one", "routers", "three")
)
def test_every_inventory_of_the_page_about_clusters_makes_a_plan(inventory: str, planes: int) -> None:
    plan, findings = make(*read_text(inventory))
    assert plan is not None, findings
    assert [finding for finding in findings if finding.severity != HINT] == []
    assert sum(node["kubernetes"]["control_plane"] for node in plan["nodes"].values()) == planes


def test_who_is_told_to_limit_a_run_is_told_to_keep_localhost() -> None:
    """It is in the inventory of nobody, so ``all`` does not name it; and the plan is made there."""
    pages = [ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("playbooks/*.yml")]
    texts = [found for page in pages for found in re.findall(r"--limit '?([\w:!,]+)", page.read_text(encoding="utf-8"))]
    assert len(texts) > 5
    assert [text for text in texts if not text.startswith("localhost")] == []


def test_the_demo_fabric_fits_on_a_screen_and_a_half() -> None:
    assert len((ROOT / "examples" / "demo" / "inventory.yml").read_text(encoding="utf-8").splitlines()) <= 90


def test_the_readme_names_every_page() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in (ROOT / "docs").glob("*.md") if f"docs/{path.name}" not in readme] == []
    assert [page for page in re.findall(r"\((docs/[^)]+)\)", readme) if not (ROOT / page).is_file()] == []


def test_the_readme_shows_the_smallest_example() -> None:
    example = (ROOT / "examples" / "small" / "inventory.yml").read_text(encoding="utf-8")
    shown = example[example.index("all:\n") :]
    assert f"```yaml\n{shown}```\n" in (ROOT / "README.md").read_text(encoding="utf-8")
