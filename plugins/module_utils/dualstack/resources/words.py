# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words that both resources and what writes them need; apart from all else, as hosts load them alone."""

from __future__ import annotations

NAMESPACE = "metallb-system"  # where MetalLB's resources are by default
BASIC_AUTH = "kubernetes.io/basic-auth"  # the type of a Secret with a password
HEARTBEAT, HEARTBEAT_KEY = "dualstack-heartbeat", "key"  # the Secret that signs heartbeats, and its entry
