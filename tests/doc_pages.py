# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages of docs/ whose rows name the tests that show what they say."""

from __future__ import annotations

import ast
import re
from pathlib import Path


def rows(page: str, head: str) -> list[tuple[str, list[str]]]:
    """The heading above each row of the tables whose first column is called ``head``, and its cells."""
    found, heading = [], ""
    for line in page.splitlines():
        if line.startswith("## "):
            heading = line
        elif line.startswith("| ") and not line.startswith(f"| {head} |"):
            found.append((heading, [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]))
    return found


def docstrings(checkout: Path, path: str, test: str) -> str:
    """What a test, and the file that it stands in, say of themselves."""
    tree = ast.parse((checkout / "tests" / path).read_text(encoding="utf-8"))
    named = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == test]
    return "\n".join(ast.get_docstring(node) or "" for node in (tree, *named))


def require_tests(page: str, checkout: Path) -> None:
    """Every test that the page names is there, and neither it nor its file is skipped or expected to fail."""
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", page)
    assert named
    functions: dict[str, dict[str, ast.FunctionDef | ast.AsyncFunctionDef]] = {}
    for path in {path for path, _unused in named}:
        tree = ast.parse((checkout / "tests" / path).read_text(encoding="utf-8"))
        functions[path] = {
            node.name: node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        }
        marks = [node for node in tree.body if isinstance(node, ast.Assign) and "pytestmark" in ast.dump(node)]
        assert not any("skip" in ast.dump(node) or "xfail" in ast.dump(node) for node in marks), path
    assert not [f"{path}::{test}" for path, test in named if test not in functions[path]]
    for path, test in named:
        decorators = [ast.dump(each) for each in functions[path][test].decorator_list]
        assert not any("'skip'" in each or "'skipif'" in each or "'xfail'" in each for each in decorators), test
