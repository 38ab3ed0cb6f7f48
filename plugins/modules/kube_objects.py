#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of a cluster that somebody else's program reads, by server-side apply; nothing is deleted."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kube_objects
short_description: Apply objects to a cluster
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Applies objects with the kubectl of this host, by server-side apply with our field manager, after the API server has
    judged all of them. What others own in them and is not stated stays, and nothing is deleted.
options:
  objects:
    description: The objects, in order.
    type: list
    elements: dict
    required: true
  manifests:
    description: Objects that are applied before, but for those that O(objects) has as well.
    type: list
    elements: dict
    default: []
extends_documentation_fragment: [baremetal.dualstack.kubectl]
attributes:
  check_mode:
    description: Predicts the change, as the API server foresees it.
    support: full
  diff_mode:
    description: Shows each object that changes.
    support: full
"""

EXAMPLES = r"""
- name: Give the pod network what is planned
  baremetal.dualstack.kube_objects:
    objects: "{{ dualstack_plan | baremetal.dualstack.pod_network_objects }}"
"""

RETURN = r"""
applied:
  description: The objects that changed.
  returned: success
  type: list
  elements: str
"""

import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.kubernetes import applying
from ansible_collections.baremetal.dualstack.plugins.module_utils.kubectl import ARGUMENTS, Kubectl, KubectlError

CRD = "CustomResourceDefinition"
PATIENCE = 60  # seconds
PAUSE = 0.5  # seconds


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "objects": {"type": "list", "elements": "dict", "required": True},
            "manifests": {"type": "list", "elements": "dict", "default": []},
            **ARGUMENTS,
        },
        supports_check_mode=True,
    )
    kubectl = Kubectl(module.params["kubectl"], module.params["kubeconfig"])
    ours = module.params["objects"]
    names = {applying.identity(item) for item in ours}
    others = [item for item in module.params["manifests"] if applying.identity(item) not in names]
    try:
        found = [change for part in _parts(others, ours) for change in _bring(module, kubectl, part)]
    except KubectlError as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=bool(found),
        applied=[str(change.identity) for change in found],
        diff=[change.diff() for change in found],
    )


def _parts(others: list[dict[str, Any]], ours: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Namespaces and definitions first, as the API server judges the rest by them."""
    ground = [item for item in (*others, *ours) if item["kind"] in ("Namespace", CRD)]
    rest = [[item for item in part if item["kind"] not in ("Namespace", CRD)] for part in (others, ours)]
    return [part for part in (ground, *rest) if part]


def _bring(module: AnsibleModule, kubectl: Kubectl, wanted: list[dict[str, Any]]) -> list[applying.Change]:
    if not kubectl.knows(wanted):
        if module.check_mode and module.params["manifests"]:
            return [applying.Change(applying.identity(item), None, applying.plain(item)) for item in wanted]
        kinds = ", ".join(sorted({f"{item['kind']} ({item['apiVersion']})" for item in wanted}))
        raise KubectlError(
            f"the API server does not know all of {kinds}: install whose objects these are first, or give its manifests"
        )
    there = kubectl.existing(wanted)
    found = applying.changes(there, kubectl.apply(wanted, dry=True))
    if found and not module.check_mode:
        kubectl.apply(wanted, dry=False)
        for item in wanted:
            if item["kind"] == CRD:
                _await(kubectl, f"{item['spec']['names']['plural']}.{item['spec']['group']}")
    return found


def _await(kubectl: Kubectl, kind: str) -> None:
    """Waits until the API server serves a kind that was defined a moment ago."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            kubectl.run("get", kind, "--ignore-not-found")
            return
        except KubectlError:
            if time.monotonic() >= end:
                raise
        time.sleep(PAUSE)


if __name__ == "__main__":
    main()
