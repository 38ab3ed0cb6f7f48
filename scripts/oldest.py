# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the unit tests of core and daemons on the oldest Python that hosts may have, where this machine has it."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import links

OLDEST = "3.9"
TESTS = ("tests/unit/core", "tests/unit/speaker")


def interpreter(version: str) -> str | None:
    """The path of a Python of that version that really runs (a version manager's stub may not)."""
    candidates = [str(path) for path in Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}")]
    for candidate in [*candidates, f"python{version}"]:
        path = shutil.which(candidate)
        if (
            path
            and subprocess.run([path, "-c", "import venv, ensurepip"], capture_output=True, check=False).returncode == 0
        ):
            return path
    return None


def environment(python: str, name: str, requirements: list[str]) -> Path:
    """The interpreter of a virtual environment with what is pinned, made where it is missing.

    ``requirements`` are arguments of pip, run in the folder ``requirements``.
    """
    folder = links.CHECKOUT / "requirements"
    pinned = [(folder / word).read_text(encoding="utf-8") for word in requirements if word.endswith(".txt")]
    inputs = "\n".join([python, *requirements, *pinned])
    venv = links.cache() / f"venv-{name}-{hashlib.sha256(inputs.encode()).hexdigest()[:12]}"
    own = venv / "bin" / "python"
    if not (venv / ".complete").exists():
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.check_call([python, "-m", "venv", str(venv)])
        subprocess.check_call(
            [str(own), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements], cwd=folder
        )
        (venv / ".complete").touch()
    return own


def main() -> int:
    python = interpreter(OLDEST)
    if python is None:
        print(f"this machine has no Python {OLDEST}: the type checker alone looks after it here")
        return 0
    own = environment(python, "oldest", ["-r", "oldest.txt"])
    brief = ["--numprocesses=2", "--dist=worksteal", "--hypothesis-profile=brief", "--ignore=tests/unit/core/mutants"]
    return subprocess.call([str(own), "-m", "pytest", "-q", *brief, *TESTS], cwd=links.CHECKOUT)


if __name__ == "__main__":
    sys.exit(main())
