# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``oldest.py -m pytest …``: Python with these words, the oldest one that hosts may have, where this machine has it.

Beside the tools of the tests it has what a module finds on a host: ``ansible.module_utils`` of the ansible-core in use,
which supports older Pythons than the rest of it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import links

OLDEST = "3.9"


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


def module_utils() -> Path:
    """A folder from which ``ansible.module_utils`` can be imported, and nothing else of Ansible."""
    spec = importlib.util.find_spec("ansible")
    assert spec is not None and spec.submodule_search_locations
    source = Path(spec.submodule_search_locations[0]) / "module_utils"
    folder = links.cache() / "module-utils" / hashlib.sha256(str(source).encode()).hexdigest()[:12]
    package = folder / "ansible"
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").touch()
    if not (package / "module_utils").is_symlink():
        (package / "module_utils").symlink_to(source)
    return folder


def main(words: list[str]) -> int:
    python = interpreter(OLDEST)
    if python is None:
        print(f"this machine has no Python {OLDEST}: the type checker alone looks after it here")
        return 0
    own = environment(python, "oldest", ["-r", "oldest.txt"])
    path = os.pathsep.join([str(module_utils()), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.call([str(own), *words], cwd=links.CHECKOUT, env={**os.environ, "PYTHONPATH": path})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
