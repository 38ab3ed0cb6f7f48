# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the hosts' root file systems once, and finds them again by the hash of everything that went into them.

There are two flavours of each suite: lean ones, and those of nodes that run Kubernetes, with a container runtime.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
from pathlib import Path

from . import paths
from .commands import phase, run, run_long
from .errors import LabError

SUITES = ("bookworm", "trixie")
LEAN, KUBERNETES = "lean", "kubernetes"
PACKAGES = {
    LEAN: (paths.PACKAGE / "packages.txt",),
    KUBERNETES: (paths.PACKAGE / "packages.txt", paths.PACKAGE / "packages_kubernetes.txt"),
}
CUSTOMIZE = paths.PACKAGE / "customize_root.sh"
OPTIONS = (
    "--variant=minbase",
    *(f"--dpkgopt=path-exclude={path}/*" for path in ("/usr/share/doc", "/usr/share/man", "/usr/share/locale")),
)


def location(suite: str, flavour: str = LEAN) -> Path:
    texts = [path.read_text() for path in (*PACKAGES[flavour], CUSTOMIZE)]
    digest = hashlib.sha256(chr(0).join([suite, platform.machine(), *OPTIONS, *texts]).encode()).hexdigest()
    return paths.roots() / f"{suite}-{'' if flavour == LEAN else flavour + '-'}{digest[:12]}"


def ensure(suite: str, flavour: str = LEAN) -> Path:
    """The folder of the suite's root file system, built when it is missing; of two processes that ask, one waits."""
    if suite not in SUITES:
        raise LabError(f"suite {suite!r} is not known: use one of {', '.join(SUITES)}")
    target = location(suite, flavour)
    if target.is_dir():
        return target
    with paths.locked(paths.roots() / f".{target.name}.lock", f"waiting for another process that builds {target.name}"):
        if not target.is_dir():
            with phase(f"root file system {target.name} built"):
                _build(suite, PACKAGES[flavour], target)
    return target


def _build(suite: str, lists: tuple[Path, ...], target: Path) -> None:
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    lines = [line for path in lists for line in path.read_text().split("\n")]
    packages = [line for line in lines if line and not line.startswith("#")]
    # The build ends with this process, and its mounts with the build.
    own_namespaces = [
        "setpriv",
        "--pdeathsig",
        "KILL",
        "unshare",
        "--mount",
        "--pid",
        "--mount-proc",
        "--fork",
        "--kill-child",
    ]
    command = [
        *own_namespaces,
        *("mmdebstrap", "--mode=root", "--format=directory", *OPTIONS, f"--include={','.join(packages)}"),
        *(f"--customize-hook={CUSTOMIZE}", suite, str(partial), *mirrors(suite)),
    ]
    if shutil.which("mmdebstrap") is None:
        raise LabError("mmdebstrap is not installed: apt-get install mmdebstrap")
    code, _unused, errors = run_long(command, env={**os.environ, "LC_ALL": "C"})
    if code != 0:
        shutil.rmtree(partial, ignore_errors=True)
        raise LabError(f"building the {suite} root file system failed ({code}):\n{errors.strip()[-4000:]}")
    partial.rename(target)


def mirrors(suite: str) -> list[str]:
    """Debian's archives, for the wanted suite, where this machine's own apt finds them.

    None on another system: that leaves the choice to mmdebstrap.
    """
    release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().split("\n") if "=" in line)
    own = release.get("VERSION_CODENAME", "").strip('"')
    if release.get("ID") != "debian" or not own:
        return []
    targets = run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Identifier: Packages"])
    found: dict[str, str] = {}
    for line in targets.splitlines():
        uri, _unused, name = line.partition(" ")
        if name in (own, f"{own}-updates", f"{own}-security"):
            found.setdefault(name.replace(own, suite, 1), uri)
    if suite not in found:
        return []
    return [f"deb {uri} {name} main" for name, uri in sorted(found.items())]
