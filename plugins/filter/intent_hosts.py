# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts' own facts, gathered from the inventory for the planner."""

from __future__ import annotations

DOCUMENTATION = r"""
name: intent_hosts
short_description: Gather the facts of routers, nodes and clients from the inventory
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Returns C(dualstack_host) of every host of the groups V(routers), V(kube_control_plane), V(kube_node) and
    V(clients), in the order of the inventory, as O(baremetal.dualstack.plan#module:hosts) wants it.
  - A host with C(dualstack_host) in none of these groups is an error, because a misspelt group would drop it silently.
  - A control plane host without C(dualstack_host) is not a node of the fabric and left out; any other host without it
    is kept, so that the planner can name what is missing.
  - The members of V(kube_control_plane) and V(kube_node) are named besides, as they tell which hosts are control planes
    and which run pods.
options:
  _input:
    description: The magic variable C(groups).
    type: dict
    required: true
  hostvars:
    description: The magic variable C(hostvars).
    type: dict
    required: true
positional: hostvars
"""

EXAMPLES = r"""
- name: The nodes that the planner sees in the demo fabric
  ansible.builtin.debug:
    msg: "{{ (groups | baremetal.dualstack.intent_hosts(hostvars)).nodes | list }}"
  # => [node1, node2, node3]
"""

RETURN = r"""
_value:
  description:
    - C({routers, nodes, clients}), each a mapping from host to its C(dualstack_host).
    - C(kube_control_plane) and C(kube_node), each a mapping from the members of the group to nothing.
  type: dict
"""

import difflib
from collections.abc import Mapping
from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plain import plain

GROUPS = {"routers": ("routers",), "nodes": ("kube_control_plane", "kube_node"), "clients": ("clients",)}
OPTIONAL = "kube_control_plane"
FACTS = "dualstack_host"


def intent_hosts(
    groups: Mapping[str, list[str]], hostvars: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """``{routers|nodes|clients: {host: facts}, kube_control_plane|kube_node: {host: None}}``."""
    result: dict[str, dict[str, Any]] = {}
    for kind, names in GROUPS.items():
        result[kind] = {}
        for name in names:
            for host in groups.get(name, []):
                facts = hostvars[host].get(FACTS)
                if facts is not None or name != OPTIONAL:
                    result[kind][str(host)] = plain(facts)
    for name in GROUPS["nodes"]:
        result[name] = {str(host): None for host in groups.get(name, [])}
    _refuse_strays(groups, hostvars)
    return result


def _refuse_strays(groups: Mapping[str, list[str]], hostvars: Mapping[str, Mapping[str, Any]]) -> None:
    """A host with facts in none of the groups would silently be no part of the fabric; mostly a group is misspelt."""
    names = [name for group in GROUPS.values() for name in group]
    members = {host for name in names for host in groups.get(name, [])}
    for host in groups.get("all", []):
        if host not in members and hostvars[host].get(FACTS) is not None:
            own = sorted(name for name, hosts in groups.items() if host in hosts and name not in ("all", "ungrouped"))
            close = next((near for group in own for near in difflib.get_close_matches(group, names, n=1)), None)
            hint = f"did you mean the group {close}?" if close else f"put it into one of {', '.join(names)}"
            where = f"it is in {', '.join(own)}" if own else "it is in no group"
            raise AnsibleFilterError(f"{host} has {FACTS} and is no part of the fabric: {where}; {hint}")


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {"intent_hosts": intent_hosts}
