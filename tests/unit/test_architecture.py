# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds the code to the two tables of docs/architecture.md: what may stand where, and who may import whom."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "plugins" / "module_utils" / "dualstack"
FACES = [ROOT / "plugins" / name for name in ("modules", "filter", "action", "lookup", "test", "plugin_utils")]
SPEAKER = ROOT / "speaker" / "dualstack_speaker"

LONGEST = 500
OUTSIDE_WORLD = {
    *("asyncio", "concurrent", "ctypes", "fcntl", "logging", "multiprocessing", "os", "pathlib", "random", "secrets"),
    *(
        "select",
        "selectors",
        "shutil",
        "signal",
        "socket",
        "ssl",
        "subprocess",
        "tempfile",
        "threading",
        "time",
        "urllib",
    ),
}
NO_IO = {"asyncio", "socket", "ssl", "time", "random", "os", "threading", "logging"}

# folder → (folders of the daemons that it may import, whether it may import the core, whether it does no I/O)
DAEMONS: dict[str, tuple[set[str], bool, bool]] = {
    "base": (set(), False, True),
    "bgp": ({"base"}, False, True),
    "bfd": ({"base"}, False, True),
    "layer2": ({"base"}, False, True),
    "discovery": ({"base"}, False, True),
    "election": ({"base"}, False, True),
    "link": ({"base"}, False, True),
    "net": ({"base"}, False, False),
    "observe": ({"base"}, False, False),
    "kube": ({"base"}, False, False),
    "sources": ({"base", "kube"}, True, False),
    "reporting": ({"base", "kube", "observe"}, True, False),
    "wire": ({"base", "bgp", "bfd", "layer2", "discovery", "election", "link", "net", "observe"}, False, False),
    "speaker": ({"base", "link", "sources", "reporting", "kube", "observe"}, True, False),
    "controller": ({"base", "sources", "reporting", "kube", "observe"}, True, False),
}


def imports(path: Path, package: str, top: Path) -> Iterator[tuple[int, str]]:
    """Line and absolute dotted name of every import in ``path``; ``package`` is the name of the folder ``top``."""
    inside = [package, *path.relative_to(top).with_suffix("").parts]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name
        elif isinstance(node, ast.ImportFrom):
            base = inside[: len(inside) - node.level] if node.level else []
            if node.level and not base:
                yield node.lineno, "a relative import above the package"
                continue
            module = [*base, *(node.module.split(".") if node.module else [])]
            for name in node.names:
                yield node.lineno, ".".join([*module, name.name])


def sources(*tops: Path) -> list[Path]:
    """All Python files below the folders."""
    return sorted(path for top in tops for path in top.rglob("*.py"))


def identify(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", sources(CORE), ids=identify)
def test_the_core_imports_itself_relatively_and_nothing_that_does_io(path: Path) -> None:
    wrong = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            wrong += [name.name for name in node.names if not is_pure(name.name)]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and not is_pure(node.module or ""):
            wrong.append(node.module or "")
        elif isinstance(node, ast.ImportFrom) and node.level > len(path.relative_to(CORE).parts):
            wrong.append(f"{'.' * node.level}{node.module or ''} leaves the core")
    assert wrong == []


def is_pure(module: str) -> bool:
    """Whether a module is of the standard library and does not reach the world outside."""
    top = module.split(".")[0]
    return top in sys.stdlib_module_names and top not in OUTSIDE_WORLD


@pytest.mark.parametrize("path", sources(CORE), ids=identify)
def test_the_core_opens_no_files_and_prints_nothing(path: Path) -> None:
    calls = [
        node.func.id
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    assert {"open", "print", "input", "eval", "exec"} & set(calls) == set()


@pytest.mark.parametrize("path", sources(*(face for face in FACES if face.is_dir())), ids=identify)
def test_faces_import_only_ansible_and_this_collection(path: Path) -> None:
    allowed = ("ansible.", "ansible_collections.baremetal.dualstack.plugins.", "yaml")
    wrong = [
        name
        for _line, name in imports(path, "plugins", ROOT / "plugins")
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith((*allowed, "plugins."))
    ]
    assert wrong == []


def test_every_folder_of_the_daemons_has_its_row() -> None:
    found = {path.name for path in SPEAKER.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert found <= set(DAEMONS)
    assert {name for name in DAEMONS if f"`{name}`" not in text} == set()


def test_every_package_role_and_playbook_stands_in_the_rooms() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    packages = [f"`{path.name}/`" for path in CORE.iterdir() if (path / "__init__.py").exists()]
    roles = [f"`{path.name}`" for path in (ROOT / "roles").iterdir() if path.is_dir()]
    playbooks = [f"`{path.stem}`" for path in (ROOT / "playbooks").glob("*.yml")]
    assert len(packages) > 15 and len(roles) > 10 and len(playbooks) > 8
    core = text.partition("### The core")[2].partition("### The daemons")[0]
    rooms = text.partition("## The rooms")[2].partition("### The core")[0]
    assert [name for name in packages if f"| {name} |" not in core] == []
    assert [name for name in [*roles, *playbooks] if name not in rooms] == []


@pytest.mark.parametrize("path", sources(*(SPEAKER / name for name in DAEMONS)), ids=identify)
def test_daemons_import_what_their_row_allows(path: Path) -> None:
    folder = path.relative_to(SPEAKER).parts[0]
    friends, core, pure = DAEMONS[folder]
    wrong = []
    for line, name in imports(path, "dualstack_speaker", SPEAKER):
        top, *rest = name.split(".")
        if top == "dualstack_speaker":
            allowed = bool(rest) and rest[0] in {*friends, folder, "__version__"}
        elif top == "dualstack":
            allowed = core
        else:
            allowed = top in sys.stdlib_module_names and not (pure and top in NO_IO)
        if not allowed:
            wrong.append(f"line {line}: {name}")
    assert wrong == []


@pytest.mark.parametrize(
    "path", sources(*(ROOT / name for name in ("plugins", "speaker", "molecule", "scripts", "tests"))), ids=identify
)
def test_no_file_is_long(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("path", sources(ROOT / "plugins", ROOT / "speaker"), ids=identify)
def test_every_file_has_the_licence_and_postpones_annotations(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    head = text.removeprefix("#!/usr/bin/python\n").splitlines()[:3]
    assert head == [
        "# Copyright (c) the baremetal.dualstack authors",
        "# GNU General Public License v3.0+ "
        "(see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)",
        "# SPDX-License-Identifier: GPL-3.0-or-later",
    ]
    only_words = all(isinstance(node, ast.Expr) for node in ast.parse(text).body)
    assert only_words or "from __future__ import annotations" in text
