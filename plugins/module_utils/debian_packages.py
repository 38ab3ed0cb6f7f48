# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian packages of a host: what apt still has to do, and why it could not. Installing them is the role's business."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from .kube_host import HostError

_UPDATE = "update apt cache"  # part of what Ansible's module says when a source fails
_SHOWN = 2  # of apt's complaints, each long


@dataclass(frozen=True)
class Package:
    """A Debian package; ``version`` is that of upstream (empty: any), ``held``: apt leaves it as it is."""

    name: str
    version: str
    held: bool


@dataclass(frozen=True)
class Packages:
    """Names of packages that have to be installed, and of those that are but are not held."""

    missing: list[str]
    loose: list[str]


def packages(wanted: Sequence[Package]) -> Packages:
    """What apt still has to do. Raises HostError where there is no dpkg."""
    if not wanted:
        return Packages([], [])
    form = "--showformat=${Package}\t${Version}\t${db:Status-Want}\t${db:Status-Status}\n"
    command = ["dpkg-query", "--show", form, *(package.name for package in wanted)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        raise HostError("packages are for Debian and its like: this host has no dpkg; use mirror or present") from None
    found = {line.split("\t")[0]: line.split("\t")[1:] for line in done.stdout.splitlines() if line.count("\t") == 3}
    missing, loose = [], []
    for package in wanted:
        installed, want, status = found.get(package.name, ["", "", ""])
        if status != "installed" or not _fits(installed, package.version):
            missing.append(package.name)
        elif package.held and want != "hold":
            loose.append(package.name)
    return Packages(missing, loose)


def not_brought(missing: Sequence[Package], said: str) -> str:
    """What to tell of packages that were asked for and did not come; ``said``: the words of apt, where it failed."""
    names = ", ".join(f"{package.name} {package.version}".rstrip() for package in missing)
    said = said.strip().rstrip(".:")
    if _UPDATE in said:
        fix = "Correct uris, suites and signed_by in kube_packages_apt, or other sources of the host that fail"
        return f"apt did not bring {names}: {said}: {_update() or 'now it does'}. {fix}"
    pinned = [package for package in missing if package.version]
    offered = {package.name: _offered(package.name) for package in pinned}
    known = "".join(f"; {name} {', '.join(versions) or 'of no version'}" for name, versions in offered.items())
    message = f"apt did not bring {names}" + (f": {said}" if said else "")
    if known:
        message += f". The sources of this host have {known[2:]}"
    if all(any(_fits(version, package.version) for version in offered[package.name]) for package in pinned):
        return f"{message}. apt-get install on the host says more"
    return (
        f"{message}. Name a repository that has {pinned[0].version} in kube_packages_apt, or state a version that is "
        f"there as dualstack.cluster.kubernetes.version"
    )


def _update() -> str:
    """What apt has against the sources of this host: Ansible keeps that to itself."""
    try:
        done = subprocess.run(["apt-get", "update"], capture_output=True, text=True, check=False)
    except OSError as error:
        return f"apt-get: {error.strerror}"
    told = [line[2:].strip().rstrip(".") for line in done.stderr.splitlines() if line.startswith(("E:", "W:"))]
    return "; ".join([line for line in told if "index files" not in line][:_SHOWN])


def _offered(name: str) -> list[str]:
    """The versions of a package that apt could install, newest first."""
    try:
        done = subprocess.run(["apt-cache", "madison", name], capture_output=True, text=True, check=False)
    except OSError:
        return []
    return list(dict.fromkeys(line.split("|")[1].strip() for line in done.stdout.splitlines() if line.count("|") > 1))


def _fits(installed: str, wanted: str) -> bool:
    upstream = installed.split(":", 1)[-1]
    return not wanted or upstream == wanted or upstream.startswith((f"{wanted}-", f"{wanted}+", f"{wanted}~"))
