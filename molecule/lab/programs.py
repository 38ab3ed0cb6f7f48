# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes' own programs, as ``tests/cluster/building.py`` builds and caches them."""

from __future__ import annotations

import functools
import subprocess
import sys
from pathlib import Path

from . import paths
from .errors import LabError

BUILDING = paths.PACKAGE.parents[1] / "tests" / "cluster" / "building.py"
CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")
TOOLS = {"etcd": ("etcdctl",)}  # what an image has beside its own program
EVERYWHERE = ("kube-proxy", "coredns", "server")
BARE = ("kubeadm", "kubelet", "kubectl")  # what a host fetches


@functools.cache
def found(version: str) -> dict[str, Path]:
    """All programs of that version of Kubernetes, built where the cache has them not (about ten minutes).

    Raises:
        LabError: that version cannot be built, or the build failed; its output has been shown.
    """
    names = (*CONTROL_PLANE, *(tool for tools in TOOLS.values() for tool in tools), *EVERYWHERE, *BARE)
    words = [sys.executable, str(BUILDING), "--kubernetes", version, *names]
    done = subprocess.run(words, check=False, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise LabError(f"the programs of Kubernetes {version} could not be built: see above")
    return dict(zip(names, map(Path, done.stdout.split())))
