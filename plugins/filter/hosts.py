# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts must have, out of the plan. Each filter is documented in the file of its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.components.hosts import needs, preflight
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.findings import has_errors
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.report.table import table
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plain import plain
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plans import host, opened


def host_needs(plan: Mapping[str, Any], node: str) -> dict[str, Any]:
    """``hosts.needs.needs`` of the core."""
    given, name = host("host_needs", plan, "nodes", node)
    if given["nodes"][name].get("kubernetes") is None:
        raise AnsibleFilterError(
            f"host_needs: the plan does not run Kubernetes on {name}; state dualstack.cluster.kubernetes"
        )
    return needs.needs(given, name)


def host_findings(
    plan: Mapping[str, Any],
    facts: Mapping[str, Mapping[str, Any]],
    installs: Sequence[str] = (),
    ignored: Sequence[str] = (),
) -> dict[str, Any]:
    """``hosts.preflight.preflight`` of the core, as a table and as data."""
    given, gathered = opened("host_findings", plan), plain(facts)
    wanted = {
        name: needs.needs(given, name)
        for name, node in given["nodes"].items()
        if name in gathered and node.get("kubernetes")
    }
    found = preflight.preflight(wanted, gathered, plain(installs))
    kept = [each for each in found if each.id not in plain(ignored)]
    return {
        "msg": table(kept, place="host") if kept else f"{len(wanted)} hosts, no findings",
        "findings": [each.as_dict() for each in kept],
        "errors": has_errors(kept),
    }


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {"host_needs": host_needs, "host_findings": host_findings}
