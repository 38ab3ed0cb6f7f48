# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules that ask the API server by kubectl have in common in their documentation."""

from __future__ import annotations


class ModuleDocFragment:
    """How the API server is reached."""

    DOCUMENTATION = r"""
options:
  kubectl:
    description: The program kubectl on this host.
    type: str
    default: kubectl
  kubeconfig:
    description: The kubeconfig of an administrator on this host.
    type: path
    default: /etc/kubernetes/admin.conf
"""
