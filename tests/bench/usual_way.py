# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``usual_way.yml`` is given: what ``site.yml`` has put on each node, read off the nodes themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from real_cluster import RealCluster

from dualstack.components import flags, kubelet

PACKAGES = ["containerd", "containernetworking-plugins", "nftables", "iptables", "conntrack", "ethtool", "socat"]
SERVICES = ("containerd", "kubelet", "dualstack-pods", "dualstack-wire", "dualstack-speaker", "dualstack-controller")
SYSCTLS = "etc/sysctl.d/60-dualstack.conf"
WRITTEN = (
    *("etc/containerd/config.toml", "etc/cni/net.d/*.conflist", "etc/dualstack/**/*", "etc/default/kubelet"),
    *("etc/systemd/networkd.conf.d/*dualstack*", "etc/systemd/system/dualstack-*.service"),
    *("etc/systemd/system/kubelet.service", "etc/systemd/system/kubelet.service.d/*", "etc/modules-load.d/*dualstack*"),
)
COPIED = ("usr/local/bin/dualstack-*", "usr/local/lib/dualstack/*")
MANIFESTS = ("kube-apiserver", "kube-controller-manager")


def gathered(cluster: RealCluster) -> dict[str, Any]:
    """The variables of the playbook; files are kept below the cluster's folder."""
    plan = cluster.plan()
    hosts = json.loads(cluster.lab("status"))["hosts"]
    return {
        name: _node(cluster, plan, name, Path(hosts[name]["root"]))
        for name, node in plan["nodes"].items()
        if node["kubernetes"]
    }


def _node(cluster: RealCluster, plan: Mapping[str, Any], name: str, root: Path) -> dict[str, Any]:
    kept = cluster.folder / "usual" / name
    return {
        "control_plane": plan["nodes"][name]["kubernetes"]["control_plane"],
        "version": plan["cluster"]["kubernetes"]["version"],
        "packages": PACKAGES,
        "sysctl_file": f"/{SYSCTLS}",
        "sysctls": list(_sysctls(root)),
        "links": [_link(path, root) for path in sorted((root / "opt/cni/bin").iterdir())],
        "templates": list(_files(root, WRITTEN, kept)),
        "copies": list(_files(root, COPIED, kept)),
        "lines": list(_lines(plan, name, root)),
        "services": [each for each in SERVICES if _has_unit(root, each)],
    }


def _sysctls(root: Path) -> Iterator[dict[str, str]]:
    """Those that every kernel has; a minus marks the others."""
    for line in (root / SYSCTLS).read_text(encoding="utf-8").splitlines():
        key, found, value = line.partition("=")
        if found and not line.startswith(("#", "-")):
            yield {"name": key.strip(), "value": value.strip()}


def _link(path: Path, root: Path) -> dict[str, str]:
    return {"path": f"/{path.relative_to(root)}", "target": str(path.readlink())}


def _files(root: Path, patterns: tuple[str, ...], kept: Path) -> Iterator[dict[str, str]]:
    for path in sorted({path for pattern in patterns for path in root.glob(pattern) if path.is_file()}):
        inside = path.relative_to(root)
        source = kept / inside
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_bytes(path.read_bytes())
        yield {"source": str(source), "path": f"/{inside}", "mode": f"{path.stat().st_mode & 0o7777:04o}"}


def _lines(plan: Mapping[str, Any], name: str, root: Path) -> Iterator[dict[str, str]]:
    """A line for each flag of a static pod and each plain field of the kubelet that the plan states."""
    if plan["nodes"][name]["kubernetes"]["control_plane"]:
        for component in MANIFESTS:
            for flag in flags.owned(plan, name, component).flags:
                yield _line(root, f"etc/kubernetes/manifests/{component}.yaml", rf"^    - --{re.escape(flag)}=")
    for field, value in kubelet.fields(plan, name).items():
        if not isinstance(value, (list, dict)):
            yield _line(root, "var/lib/kubelet/config.yaml", f"^{field}:")
    yield _line(root, "var/lib/kubelet/kubeadm-flags.env", "^KUBELET_KUBEADM_ARGS=")


def _line(root: Path, path: str, regexp: str) -> dict[str, str]:
    lines = (root / path).read_text(encoding="utf-8").splitlines()
    (line,) = (line for line in lines if re.search(regexp, line))
    return {"path": f"/{path}", "regexp": regexp, "line": line}


def _has_unit(root: Path, name: str) -> bool:
    places = ("etc/systemd/system", "usr/lib/systemd/system")
    return any((root / place / f"{name}.service").exists() for place in places)
