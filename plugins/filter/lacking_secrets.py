# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secrets that a run lacks."""

from __future__ import annotations

DOCUMENTATION = r"""
name: lacking_secrets
short_description: Name the secrets of a plan that a run lacks
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Names every secret that a router or node of ours needs and that was not given, or whose value can't be used, with
    the hosts and what is wrong. Values are never part of the result.
options:
  _input:
    description: The plan, as M(baremetal.dualstack.plan) returns it.
    type: dict
    required: true
  secrets:
    description: Values by name, usually the variable C(dualstack_secrets).
    type: dict
    required: true
positional: secrets
seealso:
  - plugin: baremetal.dualstack.speaker_secrets
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Without a vault
  ansible.builtin.debug:
    msg: "{{ dualstack_plan | baremetal.dualstack.lacking_secrets({}) }}"
  # => ["bgp-auth (br1, br2, isp1 and 6 more) was not given"]
- name: With one
  ansible.builtin.debug:
    msg: "{{ dualstack_plan | baremetal.dualstack.lacking_secrets({'bgp-auth': 'a-password'}) }}"
  # => []
"""

RETURN = r"""
_value:
  description: Sentences, by the names of the secrets.
  type: list
  elements: str
"""

from collections.abc import Mapping
from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.routers.secrets import lacking
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plain import plain
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plans import opened


def lacking_secrets(plan: Mapping[str, Any], secrets: Mapping[str, Any]) -> list[str]:
    """``routers.secrets.lacking`` of the core."""
    if not isinstance(secrets, Mapping):
        raise AnsibleFilterError("lacking_secrets: the secrets are no mapping; write NAME: value for each")
    return lacking(opened("lacking_secrets", plan), plain(secrets))


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {"lacking_secrets": lacking_secrets}
