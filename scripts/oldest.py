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


def interpreter() -> str | None:
    """The path of a Python of that version that really runs (a version manager's stub may not)."""
    candidates = [str(path) for path in Path.home().glob(f".pyenv/versions/{OLDEST}.*/bin/python{OLDEST}")]
    for candidate in [*candidates, f"python{OLDEST}"]:
        path = shutil.which(candidate)
        if (
            path
            and subprocess.run([path, "-c", "import venv, ensurepip"], capture_output=True, check=False).returncode == 0
        ):
            return path
    return None


def environment(python: str) -> Path:
    """The interpreter of a virtual environment with the pinned test tools, made where it is missing."""
    requirements = links.CHECKOUT / "requirements" / "oldest.txt"
    inputs = python + requirements.read_text(encoding="utf-8")
    venv = links.cache() / f"venv-oldest-{hashlib.sha256(inputs.encode()).hexdigest()[:12]}"
    own = venv / "bin" / "python"
    if not (venv / ".complete").exists():
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.check_call([python, "-m", "venv", str(venv)])
        subprocess.check_call(
            [str(own), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(requirements)]
        )
        (venv / ".complete").touch()
    return own


def main() -> int:
    python = interpreter()
    if python is None:
        print(f"this machine has no Python {OLDEST}: the type checker alone looks after it here")
        return 0
    return subprocess.call([str(environment(python)), "-m", "pytest", "-q", *TESTS], cwd=links.CHECKOUT)


if __name__ == "__main__":
    sys.exit(main())
