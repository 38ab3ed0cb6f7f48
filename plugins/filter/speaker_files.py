# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a node's speaker, rendered from the plan."""

from __future__ import annotations

DOCUMENTATION = r"""
name: speaker_files
short_description: Render the configuration and resources of a node's speaker from the plan
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Returns C(speaker.json), C(wire.json) and the metallb.io resources, Nodes and Services as JSON files.
  - Secrets are named, never rendered.
options:
  _input:
    description: The plan, as M(baremetal.dualstack.plan) returns it.
    type: dict
    required: true
  node:
    description: A node of the plan.
    type: str
    required: true
positional: node
seealso:
  - plugin: baremetal.dualstack.speaker_secrets
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show what a node gets beside the resources
  ansible.builtin.debug:
    msg: "{{ dualstack_plan | baremetal.dualstack.speaker_files('node1') | reject('match', 'resources/') }}"
  # => [speaker.json, wire.json]
"""

RETURN = r"""
_value:
  description: Text by path below C(/etc/dualstack).
  type: dict
"""

from collections.abc import Mapping
from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.render import speaker
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plain import plain


def speaker_files(plan: Mapping[str, Any], node: str) -> dict[str, str]:
    """``speaker.render`` of the core."""
    known = list(plan.get("nodes", {})) if isinstance(plan, Mapping) else []
    if node not in known:
        raise AnsibleFilterError(
            f"speaker_files: the plan has no node {str(node)!r}; it has {', '.join(known) or 'none'}"
        )
    return speaker.render(plain(plan), str(node))


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {"speaker_files": speaker_files}
