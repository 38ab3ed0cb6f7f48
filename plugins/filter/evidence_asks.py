# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the evidence asks of a host, for the gathering tasks."""

from __future__ import annotations

DOCUMENTATION = r"""
name: evidence_asks
short_description: What the evidence asks of a host
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Says which VIPs a client probes, which addresses a host beside a layer-2 VIP resolves, and which prefixes a router
    is asked for.
options:
  _input:
    description: The plan, as P(baremetal.dualstack.plan#module) makes it.
    type: dict
    required: true
  host:
    description: The host's name in the inventory.
    type: str
    required: true
positional: host
"""

EXAMPLES = r"""
- name: What an IPv4-only client of the demo fabric probes
  ansible.builtin.debug:
    msg: "{{ (dualstack_plan | baremetal.dualstack.evidence_asks('client4')).probes | map(attribute='vip') }}"
  # => [192.168.100.1, 192.168.100.50, 192.168.100.129, 192.168.100.130, 10.0.1.200, 10.0.1.201]
"""

RETURN = r"""
_value:
  description:
    - C(probes), a list of C({vip, port}) for P(baremetal.dualstack.vip_probe#module).
    - C(resolve), a list of addresses for the same module.
    - C(prefixes), a list for P(baremetal.dualstack.frr_info#module).
  type: dict
"""

from collections.abc import Mapping
from typing import Any, Callable

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.evidence.asks import asks
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plans import opened


def evidence_asks(plan: Mapping[str, Any], host: str) -> dict[str, list[Any]]:
    """``{"probes", "resolve", "prefixes"}`` of a host."""
    return asks(opened("evidence_asks", plan), str(host))


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {"evidence_asks": evidence_asks}
