#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take nodes out of a cluster: drain them, delete their Nodes, and the etcd members of control planes that are gone."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kube_node_remove
short_description: Drain nodes and delete them from the cluster
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Drains a node, so that its pods go where they may, and deletes the Node. The host itself is reset by
    M(baremetal.dualstack.kubeadm) in between, which for a control plane takes its etcd member away.
  - Runs on a control plane that stays, and asks the API server of that host. What all others ask by, a name or a
    load balancer, may lead to the control plane that leaves.
options:
  name:
    description: The node.
    type: str
    required: true
  step:
    description:
      - V(drain) cordons it and evicts its pods; V(delete) deletes the Node.
    type: str
    choices: [drain, delete]
    required: true
  etcd_member:
    description:
      - Whether V(delete) removes the etcd member of the node's name too, for a control plane whose host is gone, where
        C(kubeadm reset) could not do it.
    type: bool
    default: false
  timeout:
    description: Seconds for draining.
    type: int
    default: 300
  force:
    description:
      - Whether to go on when pods can not be evicted within O(timeout), as with a disruption budget that allows none,
        or on a host that is gone.
    type: bool
    default: false
  gone:
    description:
      - Whether the host is gone, so that nobody ends its pods. They are evicted, which disruption budgets may still
        forbid, and not waited for any longer than their own time to end.
    type: bool
    default: false
extends_documentation_fragment: [baremetal.dualstack.kubectl]
attributes:
  check_mode:
    description: Looks whether the Node is there.
    support: full
  diff_mode:
    description: Has nothing to show.
    support: none
"""

EXAMPLES = r"""
- name: Drain the node
  baremetal.dualstack.kube_node_remove:
    name: node3
    step: drain
"""

RETURN = r"""
done:
  description: What was done.
  returned: success
  type: list
  elements: str
  sample: [drain node3]
"""

import json
import re

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils.kubectl import ARGUMENTS, Kubectl, KubectlError

MANIFEST = "/etc/kubernetes/manifests/kube-apiserver.yaml"
ETCD = (
    "etcdctl",
    "--endpoints=https://localhost:2379",
    "--cacert=/etc/kubernetes/pki/etcd/ca.crt",
    "--cert=/etc/kubernetes/pki/etcd/healthcheck-client.crt",
    "--key=/etc/kubernetes/pki/etcd/healthcheck-client.key",
)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "step": {"type": "str", "choices": ["drain", "delete"], "required": True},
            "etcd_member": {"type": "bool", "default": False},
            "timeout": {"type": "int", "default": 300},
            "force": {"type": "bool", "default": False},
            "gone": {"type": "bool", "default": False},
            **ARGUMENTS,
        },
        supports_check_mode=True,
    )
    given = module.params
    kubectl = Here(given["kubectl"], given["kubeconfig"])
    try:
        done = _drain(module, kubectl) if given["step"] == "drain" else _delete(module, kubectl)
    except KubectlError as problem:
        module.fail_json(msg=str(problem))
        return
    module.exit_json(changed=bool(done), done=done)


class Here(Kubectl):
    """One cluster, by the API server of this host where kubeadm has noted its address, which its certificate has."""

    def __init__(self, program: str, kubeconfig: str) -> None:
        super().__init__(program, kubeconfig)
        try:
            with open(MANIFEST, encoding="utf-8") as file:
                noted = re.search(r"kube-apiserver\.advertise-address\.endpoint: *[\"']?([^\s\"']+)", file.read())
        except OSError:
            noted = None
        self._command += [f"--server=https://{noted[1]}"] if noted else []


def _there(kubectl: Kubectl, name: str) -> bool:
    return bool(kubectl.run("get", "node", name, "--ignore-not-found", "--output=name").strip())


def _drain(module: AnsibleModule, kubectl: Kubectl) -> list[str]:
    given = module.params
    if not _there(kubectl, given["name"]):
        return []
    if not module.check_mode:
        words = ["drain", given["name"], "--ignore-daemonsets", "--delete-emptydir-data", "--force"]
        words += ["--skip-wait-for-delete-timeout=1"] if given["gone"] else []
        try:
            kubectl.run(*words, f"--timeout={given['timeout']}s")
        except KubectlError as problem:
            if not given["force"]:
                raise KubectlError(
                    f"{given['name']} is cordoned, and could not be drained within {given['timeout']} s: {problem}. "
                    "Mend what holds its pods, or state force; kubectl uncordon takes it back"
                ) from None
            module.warn(f"{given['name']} was not drained: {problem}")
    return [f"drain {given['name']}"]


def _delete(module: AnsibleModule, kubectl: Kubectl) -> list[str]:
    name = module.params["name"]
    done = []
    member = _etcd_member(kubectl, name) if module.params["etcd_member"] else ""
    if member:
        done.append(f"remove the etcd member of {name}")
        if not module.check_mode:
            _etcd(kubectl, name, "member", "remove", member)
    if _there(kubectl, name):
        done.append(f"delete node {name}")
        if not module.check_mode:
            kubectl.run("delete", "node", name, "--wait=true", "--timeout=60s")
    return done


def _etcd_member(kubectl: Kubectl, name: str) -> str:
    """The ID of a member of etcd by that name, in hexadecimal; empty when there is none, or no etcd in pods."""
    answer = _etcd(kubectl, name, "member", "list", "--write-out=json")
    members = json.loads(answer)["members"] if answer else []
    found = [each for each in members if each.get("name") == name]
    return f"{found[0]['ID']:x}" if found and len(members) > 1 else ""


def _etcd(kubectl: Kubectl, leaving: str, *words: str) -> str:
    """What etcdctl says on one of the control planes that stay, the first one that answers."""
    pods = kubectl.run(
        *("get", "pods", "--namespace=kube-system", "--selector=component=etcd"),
        "--field-selector=status.phase=Running",
        "--output=jsonpath={.items[*].metadata.name}",
    ).split()
    there = [pod for pod in pods if pod.startswith("etcd-") and pod != f"etcd-{leaving}"]
    for pod in there:
        try:
            return kubectl.run("exec", "--namespace=kube-system", pod, "--", *ETCD, *words)
        except KubectlError:
            if pod == there[-1]:
                raise
    return ""


if __name__ == "__main__":
    main()
