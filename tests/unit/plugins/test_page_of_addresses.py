# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page about addresses: every row of its tables is true, none is missing, and its playbook runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import templating
import yaml

from examples import ROOT

PAGE = (ROOT / "docs" / "addresses.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of a table below a heading, without the head of the table."""
    section = re.split(r"^##+ ", PAGE.partition(f"\n## {heading}\n")[2], flags=re.MULTILINE)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def expression(example: str, names: set[str]) -> str:
    """An example of the page with whole names."""
    return re.sub(r"(?<=[|s] )(\w+)", lambda found: qualified(found[1], names), example.strip("`"))


def qualified(name: str, names: set[str]) -> str:
    return f"baremetal.dualstack.{name}" if name in names else name


@pytest.mark.parametrize(("heading", "kind"), [("Filters", "filter"), ("Tests", "test")])
def test_tables(heading: str, kind: str) -> None:
    table = rows(heading)
    names = {row[0].strip("`").partition("(")[0] for row in table}
    documented = {path.stem for path in (ROOT / "plugins" / kind).glob("*.yml")}
    assert names == {name for name in documented if "baremetal.dualstack.addresses" in document(kind, name)}
    expected = [True if kind == "test" else yaml.safe_load(row[3].strip("`")) for row in table]
    found = templating.evaluate("pool: [10.0.0.0/24]", [expression(row[2], names) for row in table])
    assert [value for _kind, value in found] == expected


def document(kind: str, name: str) -> list[Any]:
    """The fragments of documentation that a plugin uses."""
    text = (ROOT / "plugins" / kind / f"{name}.yml").read_text(encoding="utf-8")
    return list(yaml.safe_load(text)["DOCUMENTATION"].get("extends_documentation_fragment", []))


@pytest.mark.parametrize(("heading", "kind"), [("Filters", "filter"), ("Tests", "test")])
def test_options(heading: str, kind: str) -> None:
    """The options in the first column are those of the documentation, in the order of their positions."""
    for row in rows(heading):
        name, _bracket, options = row[0].strip("`").rstrip(")").partition("(")
        documented = yaml.safe_load((ROOT / "plugins" / kind / f"{name}.yml").read_text(encoding="utf-8"))[
            "DOCUMENTATION"
        ]
        own = list(documented.get("options", {}))
        if any(fragment.endswith(".family") for fragment in documented["extends_documentation_fragment"]):
            own.append("family")
        assert sorted(filter(None, options.split(", "))) == sorted(own), name


def test_the_playbook(tmp_path: Path) -> None:
    [playbook] = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    (tmp_path / "play.yml").write_text(playbook, encoding="utf-8")
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "play.yml"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"192.168.101.40/32"' in done.stdout
