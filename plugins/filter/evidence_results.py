# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The results of the gathering tasks, from all hosts."""

from __future__ import annotations

DOCUMENTATION = r"""
name: evidence_results
short_description: Gather the registered results of all hosts for the evidence
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Takes what the gathering tasks of the role C(evidence) registered on every host of the plan, also where a task was
    skipped, failed or could not reach the host.
  - With a host that was asked for the API of the cluster, C(kubernetes) is among it.
options:
  _input:
    description: The plan, as P(baremetal.dualstack.plan#module) makes it.
    type: dict
    required: true
  hostvars:
    description: The magic variable C(hostvars).
    type: dict
    required: true
  kubernetes:
    description: The host that was asked for the API of the cluster. Empty when the cluster itself was not asked.
    type: str
    default: ''
positional: hostvars, kubernetes
"""

EXAMPLES = r"""
- name: The clients of the demo fabric of which nothing has been gathered
  ansible.builtin.debug:
    msg: "{{ clients | dict2items | rejectattr('value') | map(attribute='key') }}"
  vars:
    clients: "{{ (dualstack_plan | baremetal.dualstack.evidence_results(hostvars)).clients }}"
  # => [client4, client6, client46]
"""

RETURN = r"""
_value:
  description: C({nodes, routers, resolved, clients}), each a mapping from host to result, as
    O(baremetal.dualstack.evidence#module:results) wants it; and C(kubernetes), where the cluster itself was asked.
  type: dict
"""

from collections.abc import Mapping
from typing import Any, Callable

from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plain import plain

# What it is of, the group of hosts in the plan, and the variable in which the role's task registers it.
RESULTS = (
    ("nodes", "nodes", "evidence_speaker"),
    ("routers", "routers", "evidence_router"),
    ("resolved", "routers", "evidence_probed"),
    ("clients", "clients", "evidence_probed"),
)


def evidence_results(
    plan: Mapping[str, Any], hostvars: Mapping[str, Mapping[str, Any]], kubernetes: str = ""
) -> dict[str, dict[str, Any]]:
    """``{nodes|routers|resolved|clients: {host: result}}``, and ``kubernetes`` where the cluster itself was asked."""

    def registered(host: str, variable: str) -> Any:
        return plain(hostvars[host].get(variable)) if host in hostvars else None

    found = {kind: {str(host): registered(host, variable) for host in plan[group]} for kind, group, variable in RESULTS}
    if kubernetes:
        found["kubernetes"] = {
            "api": registered(kubernetes, "evidence_api"),
            "stand": registered(kubernetes, "evidence_stand"),
            "hosts": {str(host): registered(host, "evidence_node") for host in plan["nodes"]},
            "paths": {str(host): registered(host, "evidence_paths") for host in plan["nodes"]},
        }
    return found


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {"evidence_results": evidence_results}
