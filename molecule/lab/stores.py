# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What containerd has on a host before anything is configured: images of a cluster, imported once, cloned per host.

A template is made by the containerd of its suite, and found again by the hash of what went into it.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from . import images, kube_images, paths, programs, roots
from .commands import phase, run, run_long
from .errors import LabError

SOURCES = ("images.py", "kube_images.py", "make_store.sh")
PROXY_SUITE = "trixie"  # of which kube-proxy's image has nft


@dataclass(frozen=True)
class Kind:
    """Which images: those of this version and repository, for a node of this suite and role."""

    suite: str
    version: str
    repository: str
    control_plane: bool


def location(kind: Kind) -> Path:
    built = [str(path.relative_to(paths.cache())) for path in programs.found(kind.version).values()]
    rooted = [roots.location(suite, roots.KUBERNETES).name for suite in (kind.suite, PROXY_SUITE)]
    texts = [(paths.PACKAGE / name).read_text() for name in SOURCES]
    digest = hashlib.sha256("\0".join([repr(kind), *built, *rooted, *texts]).encode()).hexdigest()
    role = "control-plane" if kind.control_plane else "worker"
    return paths.cache() / "stores" / f"{kind.suite}-{role}-{digest[:12]}"


def ensure(kind: Kind) -> Path:
    """The folder of the template, made when it is missing; of two processes that ask, one waits."""
    target = location(kind)
    if target.is_dir():
        return target
    root = roots.ensure(kind.suite, roots.KUBERNETES)
    proxy_root = roots.ensure(PROXY_SUITE, roots.KUBERNETES)
    with paths.locked(target.parent / f".{target.name}.lock", f"waiting for another process that makes {target.name}"):
        if not target.is_dir():
            with phase(f"images of {target.name} imported"):
                _make(kind, root, proxy_root, target)
    return target


def _make(kind: Kind, root: Path, proxy_root: Path, target: Path) -> None:
    found = programs.found(kind.version)
    named = kube_images.names(found["kubeadm"], kind.version, kind.repository)
    wanted = kube_images.of_every_node(found, named, proxy_root)
    if kind.control_plane:
        wanted += kube_images.of_control_plane(found, named)
    scratch = target.with_name(f".{target.name}.partial")
    shutil.rmtree(scratch, ignore_errors=True)
    for name in ("upper", "work", "root", "store"):
        (scratch / name).mkdir(parents=True)
    try:
        images.write(scratch / "images.tar", wanted)
        own = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--net", "--fork", "--kill-child"]
        code, said, errors = run_long([*own, str(paths.PACKAGE / "make_store.sh"), str(root), str(scratch)])
        if code != 0:
            raise LabError(f"importing images into {target.name} failed ({code}):\n{(said + errors).strip()[-4000:]}")
        (scratch / "store").rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def clone(template: Path, target: Path) -> None:
    """A store of its own for a host: content and layers are shared, as nothing changes them; databases are copied."""
    run(["cp", "-al", str(template), str(target)])
    for database in target.glob("io.containerd.*/*.db"):
        copy = database.with_name(f".{database.name}")
        shutil.copy2(database, copy)
        copy.rename(database)
