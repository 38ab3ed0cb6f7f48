# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flags in a variable of a file with environment, as ``KUBELET_KUBEADM_ARGS="…"`` of kubeadm-flags.env."""

from __future__ import annotations

from . import unit
from .owned import Owned

_PATH, _UNIT = "environment", "/usr/lib/unit"


def edit(text: str, owned: Owned, variable: str = unit.KUBEADM) -> str:
    """The file with what is owned of the flags in the variable. Raises EditError."""
    files = unit.Files({_UNIT: f"[Service]\nExecStart=/{variable} ${variable}\n"}, {_PATH: text})
    return unit.edit(files, owned, variable).get(_PATH, text)
