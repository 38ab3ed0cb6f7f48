#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give a Node that was there before its cluster had a second family its pod CIDR of that family."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kube_node_families
short_description: Give a Node its pod CIDR of a family that its cluster got later
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - The pod CIDRs of a Node can not be changed. So the Node is deleted and made again in one step, with its labels,
    taints, annotations, status and first pod CIDR as they were, and one pod CIDR more. Its pods keep running with
    their addresses.
  - The new block has the number, inside the CIDR of the cluster, that the Node's own block has in the first one; where
    that is not free, the first free one. No block is given twice.
  - Before a Node is deleted the API server judges the new one without storing it, and the Node is kept in a file on
    this host. A run that was cut in between restores it from there; so run it on the same host again.
  - The API servers and kube-controller-manager must know both families already, and the kubelet both addresses. Between
    O(step=replace) and O(step=settle) the kubelet is started anew.
  - Runs on a control plane, for one node after another.
options:
  name:
    description: The node.
    type: str
    required: true
  pods:
    description: The pod CIDRs of the cluster by family, in the order of its families.
    type: dict
    required: true
  lengths:
    description: The prefix length of a Node's block, by family.
    type: dict
    required: true
  step:
    description:
      - V(replace) makes the Node anew where it lacks a pod CIDR.
      - V(settle) waits until the kubelet that was started anew has reported, and takes the note away.
    type: str
    choices: [replace, settle]
    default: replace
  timeout:
    description: Seconds to go on trying to make a Node that was deleted, or to wait for its kubelet.
    type: int
    default: 180
  notes:
    description: The folder on this host for the Node under way, and for copies of Nodes.
    type: path
    default: /var/lib/dualstack-components
extends_documentation_fragment: [baremetal.dualstack.kubectl]
attributes:
  check_mode:
    description: Predicts the pod CIDRs. The API server judges the new Node without storing it.
    support: full
  diff_mode:
    description: Shows the pod CIDRs of the Node before and after.
    support: full
"""

EXAMPLES = r"""
- name: Give the Node both pod CIDRs
  baremetal.dualstack.kube_node_families:
    name: node2
    pods: {ipv4: 10.244.0.0/16, ipv6: "fd00:10:244::/56"}
    lengths: {ipv4: 24, ipv6: 64}
  delegate_to: node1
  register: found

- name: Start the kubelet anew
  ansible.builtin.systemd_service:
    name: kubelet
    state: restarted
  when: found.restart
"""

RETURN = r"""
cidrs:
  description: The pod CIDRs of the Node, as they are afterwards.
  returned: success
  type: list
  elements: str
  sample: [10.244.1.0/24, "fd00:10:244:1::/64"]
assigned:
  description: The pod CIDRs that Nodes shall have which lacked one before, of all Nodes of the cluster.
  returned: with O(step=replace)
  type: dict
restart:
  description: Whether the kubelet has to be started anew.
  returned: success
  type: bool
backups:
  description: Copies of the Node as it was, which C(kubectl create) takes.
  returned: success
  type: list
  elements: str
"""

import json
import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils import kube_health
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.addresses.blocks import family_of
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.components import node_families
from ansible_collections.baremetal.dualstack.plugins.module_utils.kube_change import Change
from ansible_collections.baremetal.dualstack.plugins.module_utils.kube_look import condition
from ansible_collections.baremetal.dualstack.plugins.module_utils.kubectl import (
    ARGUMENTS,
    Kubectl,
    KubectlError,
    Object,
)

THERE = "AlreadyExists"


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "pods": {"type": "dict", "required": True},
            "lengths": {"type": "dict", "required": True},
            "step": {"type": "str", "choices": ["replace", "settle"], "default": "replace"},
            "timeout": {"type": "int", "default": 180},
            "notes": {"type": "path", "default": "/var/lib/dualstack-components"},
            **ARGUMENTS,
        },
        supports_check_mode=True,
    )
    run = _Run(module)
    try:
        module.exit_json(**(run.replace() if module.params["step"] == "replace" else run.settle()))
    except (KubectlError, OSError, ValueError) as problem:
        module.fail_json(msg=f"{module.params['name']}: {problem}")


class _Run:
    def __init__(self, module: AnsibleModule) -> None:
        given = module.params
        self.module = module
        self.name: str = given["name"]
        self.pods = {str(family): str(cidr) for family, cidr in given["pods"].items()}
        self.lengths = {str(family): int(length) for family, length in given["lengths"].items()}
        self.kubectl = Kubectl(given["kubectl"], given["kubeconfig"])
        self.change = Change(f"node-{self.name}", given["notes"], module.tmpdir, module.atomic_move)

    def replace(self) -> dict[str, Any]:
        """Makes the Node anew where it lacks a pod CIDR. Raises KubectlError, OSError, NodeFamilyError."""
        there = self._nodes()
        now, note = self._own(there), self._note()
        node = now
        if note and (
            now is None or now["metadata"]["uid"] != node_families.replaced(note) != node_families.replaced(now)
        ):
            node = note  # a run was cut after it was deleted; the kubelet may have made an empty one since
        if node is None:
            raise KubectlError(
                "there is no such Node. Where an earlier run was cut on another control plane, run from there again; "
                "else the host has to join: run site"
            )
        others = [each for each in there if each is not now]
        assigned = node_families.assign([*others, node], self.pods, self.lengths)
        cidrs = assigned.get(self.name) or node_families.pod_cidrs(node)
        if node is now and self.name not in assigned:
            restart = bool(node_families.replaced(node))
            return {"changed": False, "cidrs": cidrs, "assigned": assigned, "restart": restart, "backups": []}
        wanted = node_families.replacement(node, cidrs)
        self._judge(wanted)
        backups: list[str] = []
        if not self.module.check_mode:
            kept = json.dumps(node_families.replacement(node, node_families.pod_cidrs(node)), indent=1)
            backups = self.change.begin({"Node": kept})
            self._exchange(wanted, delete=now is not None)
        return {
            "changed": True,
            "cidrs": cidrs,
            "assigned": assigned,
            "restart": True,
            "backups": backups,
            "diff": {"before": _text(self.name, now), "after": _text(self.name, wanted)},
        }

    def settle(self) -> dict[str, Any]:
        """Waits for the kubelet, and ends the change. Raises KubectlError."""
        note = self._note()
        end = time.monotonic() + self.module.params["timeout"]
        while True:
            there = self._nodes()
            now = self._own(there)
            if now is not None and not node_families.replaced(now) and not note:
                break
            missing = self._missing(now, note, there)
            if not missing and now is not None:
                self._finish(note)
                break
            if time.monotonic() > end:
                raise KubectlError(f"after {self.module.params['timeout']} s, {missing}. See journalctl --unit kubelet")
            time.sleep(1)
        return {"changed": False, "cidrs": node_families.pod_cidrs(now), "restart": False, "backups": []}

    def _nodes(self) -> list[Object]:
        words = ("get", "nodes", "--output=json", "--show-managed-fields")
        return list(json.loads(self.kubectl.run(*words))["items"])

    def _own(self, there: list[Object]) -> Object | None:
        return next((each for each in there if each["metadata"]["name"] == self.name), None)

    def _note(self) -> Object | None:
        text = self.change.pending().get("Node")
        return json.loads(text) if text else None

    def _judge(self, wanted: Object) -> None:
        """That the API server would take it. One of that name may be there: this is what it looks at last."""
        try:
            self._create(wanted, "--dry-run=server")
        except KubectlError as problem:
            if THERE not in str(problem):
                raise

    def _exchange(self, wanted: Object, *, delete: bool) -> None:
        """One Node for another, as fast as can be: pods of a Node that is gone are deleted after 40 s."""
        end = time.monotonic() + self.module.params["timeout"]
        while True:
            try:
                if delete:
                    self.kubectl.run("delete", "node", self.name, "--ignore-not-found", "--wait=true", "--timeout=30s")
                self._create(wanted)
                break
            except KubectlError as problem:
                delete = THERE in str(problem)  # its kubelet was started meanwhile
                if time.monotonic() > end:
                    raise KubectlError(
                        f"the Node was deleted and could not be made again: {problem}. It is kept on this host; run "
                        "the playbook again"
                    ) from None
            time.sleep(0.5)
        # It belongs to the Node that is gone and would be collected, at worst after the kubelet has looked for it.
        self.kubectl.run("delete", "csinode", self.name, "--ignore-not-found", "--wait=true", "--timeout=30s")

    def _create(self, wanted: Object, *words: str) -> None:
        self.kubectl.run("create", "--filename=-", *words, given=json.dumps(wanted))

    def _missing(self, now: Object | None, note: Object | None, there: list[Object]) -> str:
        if now is None:
            return "there is no such Node"
        shared = node_families.shared(there, self.name)
        if shared:
            raise KubectlError(
                f"its pod CIDRs are those of {', '.join(shared)} too, which joined at the same moment. Remove that one "
                "with the playbook node_remove, and let it join again"
            )
        found = self.kubectl.run("get", "csinode", self.name, "--ignore-not-found", "--output=json")
        owners = json.loads(found)["metadata"].get("ownerReferences", []) if found.strip() else []
        if now["metadata"]["uid"] not in [each["uid"] for each in owners]:
            return "its kubelet was not started anew"
        have = {family_of(each) for each in kube_health.internal_addresses(now)}
        lacking = [family for family in self.pods if family not in have]
        if lacking:
            return f"it has no InternalIP of {' and '.join(lacking)}"
        ready = condition(now)
        if ready.get("status") != "True":
            return f"it is not Ready: {ready.get('message', '')}"
        heard = condition(note).get("lastHeartbeatTime") if note else None
        return "its kubelet has not reported yet" if ready.get("lastHeartbeatTime") == heard else ""

    def _finish(self, note: Object | None) -> None:
        """The fields belong to whom they belonged: the one who made the Node would own them all."""
        owners = {"managedFields": note["metadata"]["managedFields"]} if note else {}
        patch = {"metadata": {"annotations": {node_families.REPLACED: None}, **owners}}
        self.kubectl.run("patch", "node", self.name, "--type=merge", f"--patch={json.dumps(patch)}")
        self.change.end()


def _text(name: str, node: Object | None) -> str:
    held = node_families.pod_cidrs(node) if node else []
    return json.dumps({"node": name, "podCIDRs": held}, indent=2) + "\n"


if __name__ == "__main__":
    main()
