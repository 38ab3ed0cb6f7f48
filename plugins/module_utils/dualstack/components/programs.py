# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a node gets its programs from: packages of a distribution, files of a mirror, or nowhere, as they are there.

A mirror has the layout of the project's own site: ``v1.36.3/bin/linux/amd64/kubelet``. Left out on purpose: containerd
from a mirror by name, as its archives are called differently everywhere; they are stated as downloads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..findings import nearest
from .program_names import FOLDER, PROGRAMS
from .reading import Plan, cluster_of

SOURCES = ("packages", "mirror", "present")
_DOWNLOAD = {"url", "sha256", "dest", "unpack"}


def wanted(
    plan: Plan,
    node: str,
    source: str,
    *,
    mirror: str = "",
    checksums: Mapping[str, str] | None = None,
    downloads: Sequence[Mapping[str, Any]] = (),
    packages: Sequence[str] = (),
) -> dict[str, Any]:
    """What the module kube_install is told of a node: ``version``, ``image_repository``, ``cgroup_driver`` (the
    kubelet's), ``packages`` and ``downloads``.

    Args:
        source: one of SOURCES.
        mirror: the URL above ``v1.36.3/``; the host fills ``{arch}`` in.
        checksums: SHA-256 by program; those that are missing are asked of the mirror.
        downloads: further files and archives, each ``url``, ``sha256``, ``dest`` and perhaps ``unpack``.
        packages: those of the distribution that a node needs besides.

    Raises:
        ValueError: for a source, program or key that is not known, and a download without a checksum.
    """
    cluster = cluster_of(plan, node)["kubernetes"]
    version = cluster["version"]
    _known("source", [source], SOURCES)
    _known("checksums", checksums or {}, PROGRAMS)
    for place, each in enumerate(downloads):
        _known(f"downloads[{place}]", each, sorted(_DOWNLOAD))
        lacking = [key for key in ("url", "sha256", "dest") if not each.get(key)]
        if lacking:
            raise ValueError(f"downloads[{place}]: {', '.join(lacking)}: missing")
    result: dict[str, Any] = {
        "version": version,
        "image_repository": cluster["image_repository"],
        "cgroup_driver": cluster["configuration"].get("kubelet", {}).get("cgroupDriver", "systemd"),
        "packages": [],
        "downloads": [dict(each) for each in downloads],
    }
    if source != "present":
        result["packages"] = [{"name": name, "version": "", "held": False} for name in packages]
    if source == "packages":
        result["packages"] += [{"name": name, "version": version, "held": True} for name in PROGRAMS]
    elif source == "mirror":
        base = f"{mirror.rstrip('/')}/v{version}/bin/linux/{{arch}}"
        result["downloads"] = [
            {"url": f"{base}/{name}", "sha256": (checksums or {}).get(name, ""), "dest": f"{FOLDER}/{name}"}
            for name in PROGRAMS
        ] + result["downloads"]
    return result


def _known(place: str, given: Sequence[str] | Mapping[str, Any], known: Sequence[str]) -> None:
    for name in given:
        if name not in known:
            raise ValueError(f"{place}: {name}: unknown; {nearest(str(name), known)}")
