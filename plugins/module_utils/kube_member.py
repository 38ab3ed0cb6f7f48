# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether this host is in a cluster that kubeadm made, and in which."""

from __future__ import annotations

import hashlib
import os
from typing import Any

from .dualstack.components.membership import BARE, MEMBER, UNFINISHED

FOLDER = "/etc/kubernetes"
KUBELET_CONF = f"{FOLDER}/kubelet.conf"
MARK = f"{FOLDER}/.dualstack-unfinished"  # there while our own init or join runs
MANIFEST = f"{FOLDER}/manifests/kube-apiserver.yaml"
AUTHORITY = f"{FOLDER}/pki/ca.crt"


def in_cluster() -> bool:
    """Whether this host is in a cluster; not when only a half of our own init or join was done."""
    return os.path.exists(KUBELET_CONF) and not os.path.exists(MARK)


def state() -> dict[str, Any]:
    """What this host is, in the words of ``components.membership``."""
    found = UNFINISHED if os.path.exists(MARK) else MEMBER if os.path.exists(KUBELET_CONF) else BARE
    try:
        with open(AUTHORITY, "rb") as file:
            authority = hashlib.sha256(file.read().strip()).hexdigest()
    except OSError:
        authority = ""
    return {"state": found, "control_plane": os.path.exists(MANIFEST), "ca": authority if found == MEMBER else ""}
