# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bundles: exactly what a daemon needs, always the same for the same sources, and they run."""

from __future__ import annotations

import ast
import io
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ansible_collections.baremetal.dualstack.plugins.module_utils import bundle
from ansible_collections.baremetal.dualstack.plugins.module_utils.bundle import COMMANDS, PACKAGES, build
from dualstack_speaker.__main__ import COMMANDS as EVERY
from dualstack_speaker.controller.__main__ import COMMANDS as OF_CONTROLLER


@pytest.fixture
def copy(checkout: Path, tmp_path: Path) -> Path:
    """The sources, to be changed."""
    for folder in PACKAGES.values():
        shutil.copytree(checkout / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def names(content: bytes) -> set[str]:
    return set(zipfile.ZipFile(io.BytesIO(content)).namelist())


@pytest.mark.parametrize("command", COMMANDS)
def test_the_same_sources_give_the_same_bundle_wherever_they_lie(checkout: Path, copy: Path, command: str) -> None:
    assert build(str(checkout), command) == build(str(copy), command)


@pytest.mark.parametrize("folder", PACKAGES.values())
def test_imports_are_found_as_python_finds_them(checkout: Path, folder: str) -> None:
    """Without parsing whole files: none less, and none more that is a module of ours."""
    for path in (checkout / folder).rglob("*.py"):
        source = path.read_bytes()
        parsed = [node for node in ast.walk(ast.parse(source)) if isinstance(node, (ast.Import, ast.ImportFrom))]
        found = list(bundle.statements(source.decode()))
        assert sorted(map(ast.unparse, found)) == sorted(map(ast.unparse, parsed)), path


def test_all_at_once_are_as_each_alone(checkout: Path) -> None:
    assert bundle.every(str(checkout)) == {command: build(str(checkout), command) for command in COMMANDS}


def test_a_bundle_changes_only_with_its_own_modules(copy: Path) -> None:
    before = {command: build(str(copy), command).name for command in COMMANDS}
    changed = copy / PACKAGES["dualstack"] / "announcing" / "election.py"
    changed.write_text(changed.read_text(encoding="utf-8") + "\n# another word\n", encoding="utf-8")
    (copy / PACKAGES["dualstack"] / "plan" / "build.py").write_text("", encoding="utf-8")
    after = {command: build(str(copy), command).name for command in COMMANDS}
    assert after["wire"] == before["wire"]
    assert after["speaker"] != before["speaker"]


def test_the_process_with_rights_has_neither_the_core_nor_the_sources(checkout: Path) -> None:
    inside = names(build(str(checkout), "wire").content)
    assert not any(name.startswith(("dualstack/", "dualstack_speaker/sources/")) for name in inside)
    assert "dualstack_speaker/wire/main.py" in inside
    inside = names(build(str(checkout), "speaker").content)
    assert not any(name.startswith(("dualstack_speaker/wire/", "dualstack_speaker/bgp/")) for name in inside)
    assert "dualstack/announcing/decide.py" in inside
    assert not any(name.startswith(("dualstack/plan/", "dualstack/evidence/")) for name in inside)


def bundle_of(command: str) -> str:
    return command if command == "wire" else "speaker"


AND = {"explain": ["default/web"]}  # what a command can't do without


@pytest.mark.parametrize(
    ("bundle", "command"),
    [*((bundle_of(command), command) for command in EVERY), *(("controller", command) for command in OF_CONTROLLER)],
)
def test_every_command_loads_from_its_bundle_alone(checkout: Path, tmp_path: Path, bundle: str, command: str) -> None:
    built = build(str(checkout), bundle)
    path = tmp_path / built.name
    path.write_bytes(built.content)
    config = str(tmp_path / "none.json")
    done = subprocess.run(
        [sys.executable, "-I", str(path), command, *AND.get(command, []), "--config", config],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr == f"{config}: No such file or directory\n"
