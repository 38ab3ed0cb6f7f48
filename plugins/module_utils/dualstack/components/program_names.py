# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs of Kubernetes that a node has; apart from all else, as hosts load it alone."""

from __future__ import annotations

PROGRAMS = ("kubeadm", "kubectl", "kubelet")
FOLDER = "/usr/local/bin"
