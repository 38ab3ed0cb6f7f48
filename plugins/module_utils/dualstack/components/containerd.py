# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""containerd's configuration for a kubelet: the shape of 1.x (``version = 2``) and that of 2.x (``version = 3``).

What is not stated keeps containerd's default, above all the folders of the CNI (``/opt/cni/bin``, ``/etc/cni/net.d``).
Left out on purpose: registries (``/etc/containerd/certs.d`` is read, and is the operator's) and runtimes besides runc.
"""

from __future__ import annotations

import re
from typing import NamedTuple

HEADER = (
    "# Written by the role kube_packages of baremetal.dualstack; additions belong into /etc/containerd/conf.d/*.toml.\n"
)
IMPORTS = 'imports = ["/etc/containerd/conf.d/*.toml"]\n'
CERTS = "/etc/containerd/certs.d"
_VERSION = re.compile(r"^containerd\s+\S+\s+v?(\d+)\.(\d+)\.(\d+)\S*(\s|$)")
_CRI = 'plugins."io.containerd.grpc.v1.cri"'
_IMAGES = 'plugins."io.containerd.cri.v1.images"'
_RUNTIME = 'plugins."io.containerd.cri.v1.runtime"'


class Settings(NamedTuple):
    """What a kubelet needs of containerd. ``sandbox_image``: empty keeps containerd's own."""

    sandbox_image: str = ""
    cgroup_driver: str = "systemd"
    restrict_oom_score_adj: bool = False


def version(text: str) -> tuple[int, int, int]:
    """The version in what ``containerd --version`` prints. Raises ValueError."""
    found = _VERSION.match(text.strip())
    if not found:
        raise ValueError(f"not what containerd --version prints: {text.strip()!r}")
    return int(found[1]), int(found[2]), int(found[3])


def config(release: tuple[int, int, int], settings: Settings) -> str:
    """The text of ``/etc/containerd/config.toml``.

    Source: containerd's docs/cri/config.md. 2.0 split the CRI plugin in two and renamed the sandbox image; a file of
    ``version = 2`` is migrated by 2.x at each start, at a cost, and pinned there less surely.
    """
    lines = _third(settings) if release >= (2, 0, 0) else _second(settings)
    return HEADER + "\n".join(lines) + "\n"


def _second(settings: Settings) -> list[str]:
    lines = ["version = 2", IMPORTS, f"[{_CRI}]"]
    lines += [f'  sandbox_image = "{settings.sandbox_image}"'] if settings.sandbox_image else []
    lines += [f"  restrict_oom_score_adj = {_truth(settings.restrict_oom_score_adj)}", ""]
    lines += [f"[{_CRI}.registry]", f'  config_path = "{CERTS}"', ""]
    return lines + _runc(_CRI, settings)


def _third(settings: Settings) -> list[str]:
    lines = ["version = 3", IMPORTS]
    if settings.sandbox_image:
        lines += [f"[{_IMAGES}.pinned_images]", f'  sandbox = "{settings.sandbox_image}"', ""]
    lines += [f"[{_IMAGES}.registry]", f'  config_path = "{CERTS}"', ""]
    lines += [f"[{_RUNTIME}]", f"  restrict_oom_score_adj = {_truth(settings.restrict_oom_score_adj)}", ""]
    return lines + _runc(_RUNTIME, settings)


def _runc(plugin: str, settings: Settings) -> list[str]:
    runtime = f"{plugin}.containerd.runtimes.runc"
    return [
        f"[{runtime}]",
        '  runtime_type = "io.containerd.runc.v2"',
        "",
        f"[{runtime}.options]",
        f"  SystemdCgroup = {_truth(settings.cgroup_driver == 'systemd')}",
    ]


def _truth(value: bool) -> str:
    return "true" if value else "false"
