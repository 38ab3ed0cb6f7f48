# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes, etcd, CoreDNS, MetalLB and the server of the lab's pods as programs, built from Go modules where the
cache does not have them.

    building.py [--kubernetes VERSION] [PROGRAM…]
        builds them (default: what a control plane needs) and prints where they are

``modules/NAME`` pins a module and all that it needs (go.mod, go.sum) and lists its programs as tools. What was built
lies in ``<cache>/NAME-<hash of all that it was made from>/``, one file a program, so another program is added to those
that are there. A newer Kubernetes: its version in ``VERSION`` and in go.mod, there also in each replacement (v0.N.P for
v1.N.P; their list can change with a minor), then ``go mod tidy`` there. Go's own caches stay where Go has them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "molecule"), str(HERE.parent)]

from cluster.toolchain import BuildError, environment, go  # noqa: E402
from lab.paths import cache, locked  # noqa: E402

GO = "1.26.0"
VERSION = "1.36.3"  # of Kubernetes
_VERSIONED = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
CONTROL_PLANE = ("etcd", "kube-apiserver", "kubectl")


@dataclass(frozen=True)
class Module:
    """A folder of ``modules``: the package of each of its programs, and how they are built."""

    name: str
    packages: dict[str, str]
    arguments: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Where its go.mod is."""
        return HERE / "modules" / self.name

    @property
    def built(self) -> Path:
        """Where its programs are, or will be."""
        parts = [repr((self.packages, self.arguments)).encode()]
        parts += [path.read_bytes() for path in sorted(self.folder.iterdir())]  # go.mod, go.sum, and sources of our own
        return cache() / f"{self.name}-{hashlib.sha256(b''.join(parts)).hexdigest()[:12]}"


def _kubernetes_flags(version: str) -> str:
    major, minor = version.split(".")[:2]
    values = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    words = [f"-X {package}.{key}={value}" for package in _VERSIONED for key, value in values.items()]
    return " ".join(["-s -w", *words])


_NAMES = ("kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubeadm", "kubectl", "kubelet")


def _kubernetes(folder: str, version: str) -> Module:
    packages = {name: f"k8s.io/kubernetes/cmd/{name}" for name in _NAMES}
    return Module(folder, packages, ("-tags", "providerless,notest", "-ldflags", _kubernetes_flags(version)))


KUBERNETES = {
    VERSION: _kubernetes("kubernetes", VERSION),
    "1.35.4": _kubernetes("kubernetes-1.35", "1.35.4"),  # the minor before, for `make soak`
}
MODULES = (
    Module(
        "metallb",  # what ours is measured against
        {
            "metallb-controller": "go.universe.tf/metallb/controller",
            "metallb-speaker": "go.universe.tf/metallb/speaker",
        },
        ("-ldflags", "-s -w"),
    ),
    Module(
        "etcd", {"etcd": "go.etcd.io/etcd/server/v3", "etcdctl": "go.etcd.io/etcd/etcdctl/v3"}, ("-ldflags", "-s -w")
    ),
    Module("coredns", {"coredns": "github.com/coredns/coredns"}, ("-ldflags", "-s -w")),
    Module("server", {"server": "."}, ("-ldflags", "-s -w")),  # what the lab's pods run
    Module("flannel", {"flannel-config": "."}, ("-ldflags", "-s -w")),  # reads net-conf.json as Flannel does
)
METALLB_SOURCE = ("metallb", "go.universe.tf/metallb")


def programs(names: Iterable[str] = CONTROL_PLANE, kubernetes: str = VERSION) -> dict[str, Path]:
    """The programs of these names, Kubernetes' own of that version; those that are missing are built first, all of a
    module at once.

    Raises:
        BuildError: there is no Go, a build failed, or no module pins that version of Kubernetes.
    """
    if kubernetes not in KUBERNETES:
        raise BuildError(f"Kubernetes {kubernetes} is not pinned; there are {', '.join(sorted(KUBERNETES))}")
    wanted = list(names)
    modules = (KUBERNETES[kubernetes], *MODULES)
    known = {name for module in modules for name in module.packages}
    if unknown := sorted(set(wanted) - known):
        raise BuildError(f"no such program: {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    found: dict[str, Path] = {}
    for module in modules:
        mine = [name for name in wanted if name in module.packages]
        found.update((name, module.built / name) for name in mine)
        if not all(found[name].exists() for name in mine):
            with locked(cache() / f"{module.built.name}.lock", f"another process is building {module.name}"):
                _build(module, [name for name in mine if not found[name].exists()])
    return found


def source(module: str, path: str) -> Path:
    """The folder of a Go module, by its path, in the version that a folder of ``modules`` pins; fetched where missing.

    Raises:
        BuildError: there is no Go, or the module can't be had.
    """
    folder = next(each.folder for each in MODULES if each.name == module)
    words = [str(go(GO)), "mod", "download", "-json", path]
    done = subprocess.run(words, cwd=folder, env=environment(), check=False, stdout=subprocess.PIPE, text=True)
    answer = json.loads(done.stdout or "{}")
    if "Dir" not in answer:
        raise BuildError(f"{path}: {answer.get('Error', 'not fetched')}")
    return Path(answer["Dir"])


def _build(module: Module, names: list[str]) -> None:
    if not names:
        return
    program = go(GO)
    print(f"set-up: {', '.join(names)} from Go modules; this takes some minutes", file=sys.stderr, flush=True)
    fresh = module.built / f".{os.getpid()}"
    fresh.mkdir(parents=True)
    output = str(fresh / names[0]) if len(names) == 1 else f"{fresh}/"
    words = [str(program), "build", *module.arguments, "-o", output, *(module.packages[name] for name in names)]
    try:
        if subprocess.run(words, cwd=module.folder, env=environment(), stdout=sys.stderr, check=False).returncode != 0:
            raise BuildError(f"{', '.join(names)}: the build failed, Go's output is above")
        for name in names:
            written = name if len(names) == 1 else _written(module.packages[name])
            (fresh / written).rename(module.built / name)
    finally:
        shutil.rmtree(fresh)


def _written(package: str) -> str:
    """How Go names the program of a package: its last word that is no major version."""
    words = package.split("/")
    return words[-2] if len(words) > 1 and re.fullmatch(r"v\d+", words[-1]) else words[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description="Builds programs from their Go modules and prints where they are.")
    parser.add_argument("--kubernetes", default=VERSION, metavar="VERSION", help=", ".join(sorted(KUBERNETES)))
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", default=CONTROL_PLANE)
    arguments = parser.parse_args()
    try:
        found = programs(arguments.programs, arguments.kubernetes)
        for name in arguments.programs:
            print(found[name])
    except BuildError as error:
        sys.exit(f"set-up: {error}")


if __name__ == "__main__":
    main()
