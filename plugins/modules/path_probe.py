#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answer and probe in the network namespace of a pod, and on its host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: path_probe
short_description: Answer and probe from a host and from within a pod
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - With O(listen), answers on a TCP port in both families, within the network namespace of a pod or on the host; who
    asks is told who answers and whom it saw. The process ends with the pod, after O(lifetime), or by O(end).
  - With O(probes), asks others, from the host or from within the pod, over TCP or with questions of DNS.
  - Nothing needs to be in the pod; Python on the host is enough. Failed probes are results, no failures.
options:
  pod:
    description: UID of a pod on this host. Empty means the host itself.
    type: str
    default: ''
  listen:
    description: TCP port to answer on.
    type: int
  name:
    description: By which name it answers.
    type: str
    default: ''
  lifetime:
    description: Seconds after which the answering ends, whatever happens.
    type: float
    default: 900
  probes:
    description: What to ask, as P(baremetal.dualstack.proof_asks#filter) says.
    type: list
    elements: dict
    default: []
  timeout:
    description: Seconds that one attempt may take.
    type: float
    default: 2
  patience:
    description: Seconds for which a probe that fails is tried again.
    type: float
    default: 10
  end:
    description: A RV(listener) that is to end.
    type: str
    default: ''
attributes:
  check_mode:
    description: Probes as it always does, and answers nobody.
    support: full
  diff_mode:
    description: Changes nothing.
    support: N/A
"""

EXAMPLES = r"""
- name: Answer in a pod
  baremetal.dualstack.path_probe:
    pod: 7d1c0c0e-6a1d-4d0e-9a44-9a3f7d0f6f11
    listen: 8080
    name: node1
"""

RETURN = r"""
probes:
  description: The probes with C(ok), C(detail), C(node) (who answered), C(sources) (whom it saw), C(answers) (of DNS).
  returned: success
  type: list
  elements: dict
listener:
  description: By what O(end) knows the process that answers. Empty when there is none, or one had been there.
  returned: success
  type: str
error:
  description: Why nothing could be done, else empty.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils import path_probing, pod_namespace


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "pod": {"type": "str", "default": ""},
            "listen": {"type": "int"},
            "name": {"type": "str", "default": ""},
            "lifetime": {"type": "float", "default": 900},
            "probes": {"type": "list", "elements": "dict", "default": []},
            "timeout": {"type": "float", "default": 2},
            "patience": {"type": "float", "default": 10},
            "end": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    given = module.params
    pod = pod_namespace.process_of(given["pod"]) if given["pod"] else None
    if given["pod"] and pod is None:
        error = f"no process of the pod {given['pod']} is on this host"
        module.exit_json(changed=False, probes=[], listener="", error=error)
    listener = ""
    try:
        if given["end"]:
            pod_namespace.end(given["end"])
        if given["listen"] and not module.check_mode:
            listener = pod_namespace.listen(given["name"], given["listen"], pod, given["lifetime"])
        found = path_probing.run(given["probes"], pod, given["timeout"], given["patience"])
    except OSError as error:
        module.exit_json(changed=False, probes=[], listener=listener, error=str(error))
        return
    module.exit_json(changed=False, probes=found, listener=listener, error="")


if __name__ == "__main__":
    main()
