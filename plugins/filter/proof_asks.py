# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the evidence of the cluster itself asks of a host, for the gathering tasks."""

from __future__ import annotations

DOCUMENTATION = r"""
name: proof_asks
short_description: What the evidence of a cluster asks of a host
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Says on which nodes pods are put, in which pod a host answers, and what is sent from it and from its pod.
options:
  _input:
    description: The plan, as P(baremetal.dualstack.plan#module) makes it.
    type: dict
    required: true
  host:
    description: The host's name in the inventory.
    type: str
    required: true
  cluster:
    description: What P(baremetal.dualstack.cluster_info#module) said, as far as anybody was asked.
    type: dict
    default: {}
  said:
    description: What P(baremetal.dualstack.node_info#module) said of the host, as far as it was asked.
    type: dict
    default: {}
positional: host, cluster, said
"""

EXAMPLES = r"""
- name: On which nodes of the demo fabric pods are put
  ansible.builtin.debug:
    msg: "{{ (dualstack_plan | baremetal.dualstack.proof_asks('node1')).nodes }}"
  # => [node1, node2, node3]
"""

RETURN = r"""
_value:
  description:
    - Of the cluster C(nodes), C(families) and C(image_repository) for P(baremetal.dualstack.proof_pods#module).
    - Of the host C(node) (whether it is one), and for P(baremetal.dualstack.path_probe#module) C(pod) (the UID of its
      pod, or empty), C(port), C(outside) (the port on which a client answers, or null) and C(probes).
  type: dict
"""

from collections.abc import Mapping
from typing import Any, Callable

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.components import proof
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plain import plain
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plans import opened


def proof_asks(
    plan: Mapping[str, Any],
    host: str,
    cluster: Mapping[str, Any] | None = None,
    said: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """``proof.asks`` of the core."""
    return proof.asks(opened("proof_asks", plan), str(host), plain(cluster or {}), plain(said or {}))


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {"proof_asks": proof_asks}
