# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the files of our daemons are on a host, and the Secrets among them: what hosts themselves must know of it."""

from __future__ import annotations

from typing import Any

from ..resources.words import BASIC_AUTH, NAMESPACE

CONFIG_FOLDER = "/etc/dualstack"
RESOURCES = "resources"


def secret_object(name: str, password: str) -> dict[str, Any]:
    """The Secret that a BGPPeer's passwordSecret names."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "type": BASIC_AUTH,
        "stringData": {"password": password},
    }
