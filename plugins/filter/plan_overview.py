# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan in a few lines."""

from __future__ import annotations

DOCUMENTATION = r"""
name: plan_overview
short_description: A plan in a few lines
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Says of which clusters a plan is, and counts its hosts, sessions, pools and VIPs per family.
options:
  _input:
    description: The plan, as M(baremetal.dualstack.plan) returns it.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: The demo
  ansible.builtin.debug:
    msg: "{{ (dualstack_plan | baremetal.dualstack.plan_overview)[1:] }}"
  # => ["sessions: 8 of nodes, 10 between routers",
  #     "pools: production (IPv4, IPv6), staging (IPv4, IPv6), edge (IPv4, IPv6)",
  #     "VIPs: 6 IPv4 (4 by BGP, 2 by layer 2), 6 IPv6 (4 by BGP, 2 by layer 2)"]
"""

RETURN = r"""
_value:
  description: Lines.
  type: list
  elements: str
"""

from collections.abc import Mapping
from typing import Any, Callable

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.report.overview import overview
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plain import plain


def plan_overview(plan: Mapping[str, Any]) -> list[str]:
    """``report.overview`` of the core."""
    return overview(plain(plan))


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {"plan_overview": plan_overview}
