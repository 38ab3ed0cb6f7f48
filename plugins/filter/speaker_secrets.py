# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secrets that a node's speaker needs, named by the plan."""

from __future__ import annotations

DOCUMENTATION = r"""
name: speaker_secrets
short_description: Name the secrets that a node's speaker needs
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Returns the names of the secrets that the sessions of a node use, so that a host gets no others.
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
"""

EXAMPLES = r"""
- name: Show which secrets a node needs
  ansible.builtin.debug:
    msg: "{{ dualstack_plan | baremetal.dualstack.speaker_secrets('node1') }}"
  # => [bgp-auth]
"""

RETURN = r"""
_value:
  description: Names, sorted.
  type: list
  elements: str
"""

from collections.abc import Mapping
from typing import Any, Callable

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.render import speaker
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plain import plain


def speaker_secrets(plan: Mapping[str, Any], node: str) -> list[str]:
    """``speaker.secrets`` of the core."""
    return speaker.secrets(plain(plan), str(node))


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {"speaker_secrets": speaker_secrets}
