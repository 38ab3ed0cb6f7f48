# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The images of a cluster, made of programs: those of the control plane, under the names that kubeadm asks for, and
those that every node has (kube-proxy, pause, CoreDNS, and ``server``, which the lab's pods run)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from .commands import run
from .errors import LabError
from .images import File, Image
from .programs import CONTROL_PLANE, TOOLS

SERVER = "lab.example/k8s/server:1"
XTABLES = "xtables-nft-multi"
# nft lists a protocol by its number where it has no names; kube-proxy, which expects names, then takes the elements
# that it finds for somebody else's and deletes them: Services lead nowhere after its next full synchronisation.
PROTOCOLS = "/etc/protocols"
XTABLES_NAMES = tuple(f"{ip}{what}" for ip in ("iptables", "ip6tables") for what in ("", "-save", "-restore"))


def names(kubeadm: Path, version: str, repository: str) -> dict[str, str]:
    """The names of the images that kubeadm of this version wants, by the last word of their path."""
    asked = ["config", "images", "list", "--image-repository", repository, "--kubernetes-version", f"v{version}"]
    found = run([str(kubeadm), *asked]).split()
    return {name.rpartition("/")[2].partition(":")[0]: name for name in found}


def of_control_plane(programs: dict[str, Path], named: dict[str, str]) -> list[Image]:
    return [
        Image(
            named[name], tuple(File(f"/usr/local/bin/{each}", programs[each]) for each in (name, *TOOLS.get(name, ())))
        )
        for name in CONTROL_PLANE
    ]


def of_every_node(programs: dict[str, Path], named: dict[str, str], root: Path) -> list[Image]:
    """``root``: the root file system of which kube-proxy's image has nft and iptables."""
    server = programs["server"]
    proxy = (File("/usr/local/bin/kube-proxy", programs["kube-proxy"]), *_packet_filters(root))
    return [
        Image(named["kube-proxy"], proxy),
        Image(named["coredns"], (File("/coredns", programs["coredns"]),), ("/coredns",)),
        Image(named["pause"], (File("/pause", server),), ("/pause",)),
        Image(SERVER, (File("/server", server),), ("/server",)),
    ]


def _packet_filters(root: Path) -> list[File]:
    folder = next(root.glob("usr/lib/*/xtables"), None)
    if folder is None:
        raise LabError(f"{root} has no plugins of iptables: its package list must have iptables and nftables")
    plugins = [f"/{path.relative_to(root)}" for path in sorted(folder.iterdir())]
    programs = ["/usr/sbin/nft", f"/usr/sbin/{XTABLES}"]
    # Plugins load libraries of their own, which the program that loads them does not have.
    libraries = _libraries(root, [*programs, *plugins])
    files = [File(path, (root / path[1:]).resolve()) for path in [*programs, *plugins, *libraries, PROTOCOLS]]
    return files + [File(f"/usr/sbin/{name}", target=XTABLES) for name in XTABLES_NAMES]


def _libraries(root: Path, paths: Iterable[str]) -> list[str]:
    told = run(["chroot", str(root), "ldd", *paths])
    if missing := re.findall(r"(\S+) => not found", told):
        raise LabError(f"{root} lacks libraries of its packet filters: {', '.join(sorted(set(missing)))}")
    return sorted(set(re.findall(r"(/\S+) \(0x", told)))
