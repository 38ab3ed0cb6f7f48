# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The FRR configuration of a router, rendered from the plan."""

from __future__ import annotations

DOCUMENTATION = r"""
name: frr_conf
short_description: Render the FRR configuration of a router from the plan
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Returns the text of C(frr.conf) for FRR 8.4 and later, in the form in which FRR writes it itself.
  - Secrets are placeholders, C(@secret:NAME@), for M(baremetal.dualstack.frr_config).
options:
  _input:
    description: The plan, as M(baremetal.dualstack.plan) returns it.
    type: dict
    required: true
  router:
    description: A router of the plan.
    type: str
    required: true
positional: router
"""

EXAMPLES = r"""
- name: Show what a router gets
  ansible.builtin.debug:
    msg: "{{ (dualstack_plan | baremetal.dualstack.frr_conf('tor1')).splitlines() | select('match', 'router') }}"
  # => [router bgp 64500]
"""

RETURN = r"""
_value:
  description: The configuration.
  type: str
"""

from collections.abc import Mapping
from typing import Any, Callable

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.render import frr
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plans import host


def frr_conf(plan: Mapping[str, Any], router: str) -> str:
    """``frr.render`` of the core."""
    return frr.render(*host("frr_conf", plan, "routers", router))


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {"frr_conf": frr_conf}
