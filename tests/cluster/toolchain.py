# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Go that is new enough: the one that is installed, else ``VERSION`` as the Go module that it is published as.

Any Go with modules can fetch and verify that module (Debian 12 has Go 1.19), so a distribution's own is enough to start
with.
Left out on purpose: GOTOOLCHAIN, which does the same but is not known to Go before 1.21.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from lab.paths import cache, locked

VERSION = "1.26.8"
MODULE = "golang.org/toolchain"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


class BuildError(Exception):
    """What is missing for a build, and where to get it."""


def go(least: str) -> Path:
    """The program ``go`` of at least that version.

    Raises:
        BuildError: there is no Go at all, or the module of a newer one can't be had.
    """
    found = shutil.which("go")
    if found is None:
        raise BuildError(
            f"Go is missing; install a package of it (golang-go in Debian) or put Go {least} or newer on the PATH"
        )
    installed = Path(found)
    return installed if _numbers(_version(installed)) >= _numbers(least) else _published(installed, least)


def environment() -> dict[str, str]:
    """What Go is started with: pinned modules only, the toolchain that was chosen, programs without a C library."""
    return {
        **{name: value for name, value in os.environ.items() if name != "GOROOT"},  # it would be another Go's
        "GOFLAGS": "-mod=readonly -trimpath -buildvcs=false",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
    }


def _version(program: Path) -> str:
    words = [str(program), "env", "GOVERSION"]  # "go1.26.8", or with a suffix
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, env=environment(), cwd="/")
    return done.stdout.strip()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def _published(installed: Path, least: str) -> Path:
    """Go ``VERSION``, fetched by an older one, in the cache."""
    folder = cache() / f"go-{VERSION}"
    program = folder / "bin" / "go"
    with locked(cache() / f"{folder.name}.lock", f"another process is fetching Go {VERSION}"):
        if not program.exists():
            _fetch(installed, least, folder)
    return program


def _fetch(installed: Path, least: str, folder: Path) -> None:
    architecture = ARCHITECTURES.get(platform.machine())
    if architecture is None:
        raise BuildError(f"Go {least} or newer is needed, {installed} is older, and none is known for this processor")
    name = f"{MODULE}@v0.0.1-go{VERSION}.linux-{architecture}"
    print(f"set-up: Go {VERSION}, as {installed} is older than {least}", file=sys.stderr, flush=True)
    words = [str(installed), "mod", "download", "-json", name]
    unpinned = {**environment(), "GOFLAGS": "-mod=mod"}
    done = subprocess.run(words, check=False, stdout=subprocess.PIPE, text=True, env=unpinned, cwd="/")
    answer = json.loads(done.stdout or "{}")
    if done.returncode != 0 or "Dir" not in answer:
        raise BuildError(f"{name}: {answer.get('Error', 'not fetched')}; put Go {least} or newer on the PATH instead")
    fresh = folder.with_name(f"{folder.name}.{os.getpid()}")
    shutil.copytree(answer["Dir"], fresh, copy_function=shutil.copy)
    for path in [fresh, *fresh.rglob("*")]:  # a module's files are read-only, and none is a program
        tool = path.parent.name == "bin" or "tool" in path.parent.parts
        path.chmod(0o755 if path.is_dir() or tool else 0o644)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
