# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the checks of a group, cheap ones first, all of them also when one fails, and says at the end which failed.

    check.py GROUP|CHECK…      lint, unit, all, or the names of single checks; ``list`` shows them
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import links

ROOT = links.CHECKOUT
PYTEST = ["python3", "-m", "pytest", "-q"]
OLDEST = "3.9"


@dataclass(frozen=True)
class Check:
    """One command, or a function that prints and returns an exit status, in the groups that run it."""

    name: str
    group: str
    command: list[str]


def checks() -> list[Check]:
    """All checks, in the order in which they run."""
    this = ["python3", "scripts/check.py", "--run"]
    return [
        Check("ruff", "lint", ["ruff", "check", "."]),
        Check("format", "lint", ["ruff", "format", "--check", "."]),
        Check("mypy", "lint", [*this, "mypy"]),
        Check("yamllint", "lint", ["yamllint", "--strict", "."]),
        Check("changelog", "lint", ["antsibull-changelog", "lint"]),
        Check("docs", "lint", [*this, "docs"]),
        Check("repository", "lint", [*PYTEST, "tests/unit/repository"]),
        Check("ansible-lint", "lint", ["ansible-lint", "--profile", "production", "--offline"]),
        Check("unit", "unit", [*PYTEST, "tests/unit", "tests/golden"]),
        Check("oldest", "unit", [*this, "oldest"]),
        Check("sanity", "all", [*this, "sanity"]),
        Check("interop", "all", [*PYTEST, "tests/interop"]),
        Check("lab", "all", [*PYTEST, "tests/lab"]),
    ]


def mypy() -> int:
    """``mypy --strict`` on the core, on the daemons, and on what stands around them."""
    folder = links.make()
    here = {**os.environ, "MYPYPATH": os.pathsep.join([str(folder / "lib"), str(ROOT / "scripts")])}
    return subprocess.call(["mypy", "-p", "dualstack", "-p", "dualstack_speaker"], env=here)


def docs() -> int:
    """The documentation of the plugins and roles, as the collection's documentation site would read it."""
    return subprocess.call(
        ["antsibull-docs", "lint-collection-docs", "--plugin-docs", "--skip-rstcheck", "--disallow-unknown-collection-refs"]
        + [str(links.make() / "ansible_collections" / "baremetal" / "dualstack")]
    )


def oldest() -> int:
    """The unit tests of core and daemons on the oldest Python that hosts may have, where this machine has it."""
    interpreter = find_oldest()
    if interpreter is None:
        print(f"no Python {OLDEST} on this machine: mypy checks for it, and nothing is run on it here")
        return 0
    requirements = ROOT / "requirements" / "oldest.txt"
    venv = links.cache() / f"venv-oldest-{links.short_hash(interpreter + requirements.read_text(encoding='utf-8'))}"
    if not (venv / ".complete").exists():
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.check_call([interpreter, "-m", "venv", str(venv)])
        pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.check_call([*pip, "-r", str(requirements)])
        (venv / ".complete").touch()
    folders = [name for name in ("core", "speaker") if (ROOT / "tests" / "unit" / name).is_dir()]
    return subprocess.call([str(venv / "bin" / "python"), "-m", "pytest", "-q", *(f"tests/unit/{name}" for name in folders)])


def find_oldest() -> str | None:
    """The path of a Python of the oldest version that really runs (a version manager's stub does not)."""
    versions = Path.home() / ".pyenv" / "versions"
    candidates = [str(path) for path in versions.glob(f"{OLDEST}.*/bin/python{OLDEST}")]
    found = shutil.which(f"python{OLDEST}")
    for candidate in [*candidates, *([found] if found else [])]:
        if subprocess.run([candidate, "-c", "import venv, ensurepip"], capture_output=True).returncode == 0:
            return candidate
    return None


GET_PIP = '''\
# Stands where ansible-test looks for its downloaded pip bootstrap: the pip that Python itself carries, then what was asked for.
import os, subprocess, sys, ensurepip
ensurepip.bootstrap()
wanted = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
certificates = os.environ.get("SSL_CERT_FILE") or "/etc/ssl/certs/ca-certificates.crt"
options = ["--cert", certificates] if os.path.exists(certificates) else []
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *options, *wanted]))
'''


def sanity() -> int:
    """``ansible-test sanity`` without containers, on a copy of the committed tree: it refuses links and other places."""
    home = links.cache() / "ansible-test"
    tree = home / "ansible_collections" / "baremetal" / "dualstack"
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    listed = subprocess.check_output(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT)
    for name in filter(None, listed.decode().split("\0")):
        source, target = ROOT / name, tree / name
        if source.is_symlink() or source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    subprocess.check_call(["git", "init", "--quiet"], cwd=tree)
    subprocess.check_call(["git", "add", "--all", "--force"], cwd=tree)
    bootstrap = Path.home() / ".ansible" / "test" / "cache" / "get_pip_25_2.py"
    if not bootstrap.exists():
        bootstrap.parent.mkdir(parents=True, exist_ok=True)
        bootstrap.write_text(GET_PIP, encoding="utf-8")
    version = "%d.%d" % sys.version_info[:2]
    return subprocess.call(["ansible-test", "sanity", "--color", "no", "--python", version], cwd=tree)


STEPS = {"mypy": mypy, "docs": docs, "oldest": oldest, "sanity": sanity}


def run(chosen: list[Check]) -> int:
    """Run the checks one after the other and print the summary; 1 when one failed."""
    failed = []
    for number, check in enumerate(chosen, 1):
        print(f"\n=== {number}/{len(chosen)} {check.name}: {' '.join(check.command)}", flush=True)
        began = time.monotonic()
        status = subprocess.call(check.command, cwd=ROOT)
        print(f"=== {check.name}: {'passed' if status == 0 else f'FAILED ({status})'}", end="")
        print(f" in {time.monotonic() - began:.0f} s", flush=True)
        if status != 0:
            failed.append(check.name)
    print()
    if failed:
        print(f"failed: {', '.join(failed)}")
    print(f"checks: {len(chosen) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


def main(words: list[str]) -> int:
    if words[:1] == ["--run"]:
        return STEPS[words[1]]()
    everything = checks()
    if words == ["list"]:
        print("\n".join(f"{check.group:6} {check.name}" for check in everything))
        return 0
    known = {check.name for check in everything} | {check.group for check in everything}
    unknown = [word for word in words if word not in known]
    if unknown or not words:
        sys.exit(f"unknown: {' '.join(unknown)}; known are {' '.join(sorted(known))}")
    return run([check for check in everything if "all" in words or check.group in words or check.name in words])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
