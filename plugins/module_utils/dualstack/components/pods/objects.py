# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects that a cluster's pod network is given, whatever its plugin."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ...plan.cluster_lookup import named
from . import calico, flannel, ip_masq_agent

Object = dict[str, Any]


def objects(plan: Mapping[str, Any], cluster: str, agent: bool = False) -> list[Object]:
    """Objects in the order to apply them; none for plugins that take none.

    ``agent``: with the ConfigMap of ip-masq-agent. Raises ValueError where the plan can't be said to the plugin.
    """
    given = named(plan, cluster)
    found: list[Object] = []
    plugin = given["kubernetes"]["cni"]["plugin"]
    if plugin == "calico":
        found += calico.objects(given)
    if plugin == "flannel":
        flannel.arguments(given)
        found += flannel.objects(given)
    if agent:
        found.append(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": ip_masq_agent.NAME, "namespace": ip_masq_agent.NAMESPACE},
                "data": {"config": json.dumps(ip_masq_agent.config(plan, given), indent=2) + "\n"},
            }
        )
    return found
