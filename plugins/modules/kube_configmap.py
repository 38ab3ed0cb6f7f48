#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edit a document inside a ConfigMap, and roll out the DaemonSet that reads it, with a way back."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kube_configmap
short_description: Edit a document inside a ConfigMap and roll out who reads it, with a way back
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Edits YAML inside a ConfigMap in place. Comments, order and fields that are not named stay. Another writer in
    between is noticed, and the edit is made anew.
  - C(networking) of a ClusterConfiguration is refused, in check mode too, if it does not begin with the CIDRs that
    are there. A second family may be appended.
  - With O(daemonset), its pods are started anew and waited for on every node that is Ready. When they do not come up,
    the document is put back, the pods are started with it, and the module fails with the last words of a pod.
  - A run that is cut leaves the text of before in the annotation C(baremetal.dualstack/before); the next run rolls out
    what is left, and knows the way back.
options:
  documents:
    description: The documents. Those that belong to O(daemonset) are in one ConfigMap.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The ConfigMap.
        type: str
        required: true
      namespace:
        description: Its namespace.
        type: str
        default: kube-system
      key:
        description: The key with the document.
        type: str
        required: true
      fields:
        description: Fields, as in M(baremetal.dualstack.kube_component).
        type: dict
        default: {}
      arguments:
        description: What C(extraArgs) of a ClusterConfiguration say, as in M(baremetal.dualstack.kube_component).
        type: dict
        default: {}
      names:
        description: Names in C(certSANs) of a ClusterConfiguration, as in M(baremetal.dualstack.kube_component).
        type: list
        elements: str
        default: []
  daemonset:
    description: The DaemonSet in the namespace of the document whose pods read it. Without it, nothing is rolled out.
    type: str
  families:
    description:
      - IP families of which every Node must have an InternalIP before anything is changed, as kube-proxy looks at these
        when it starts.
    type: list
    elements: str
    choices: [ipv4, ipv6]
    default: []
  timeout:
    description:
      - Seconds to wait for the pods, and again on the way back. Pods that end again and again are noticed at once.
    type: int
    default: 180
extends_documentation_fragment: [baremetal.dualstack.kubectl]
attributes:
  check_mode:
    description: The API server judges the edit without storing it.
    support: full
  diff_mode:
    description: Shows the document.
    support: full
"""

EXAMPLES = r"""
- name: Have kube-proxy use nftables
  baremetal.dualstack.kube_configmap:
    documents:
      - name: kube-proxy
        key: config.conf
        fields: {mode: nftables, clusterCIDR: "10.244.0.0/16,fd42:b1:a::/56"}
    daemonset: kube-proxy
    families: [ipv4, ipv6]
"""

RETURN = r"""
documents:
  description: The documents that changed.
  returned: success
  type: list
  elements: str
rolled_out:
  description: Whether pods were started anew.
  returned: success
  type: bool
"""

import ipaddress
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils import kube_documents, kube_health, kube_rollout
from ansible_collections.baremetal.dualstack.plugins.module_utils.kubectl import ARGUMENTS, Kubectl, KubectlError

NOTE = "baremetal.dualstack/before"


class NotUp(Exception):
    """Pods did not come up; the message tells what was done."""


def main() -> None:
    """Entry point."""
    documents = {"type": "list", "elements": "dict", "required": True, "options": kube_documents.DOCUMENT}
    module = AnsibleModule(
        argument_spec={
            "documents": documents,
            "daemonset": {"type": "str"},
            "families": {"type": "list", "elements": "str", "choices": ["ipv4", "ipv6"], "default": []},
            "timeout": {"type": "int", "default": 180},
            **ARGUMENTS,
        },
        supports_check_mode=True,
    )
    given = module.params
    kubectl = Kubectl(given["kubectl"], given["kubeconfig"])
    try:
        module.exit_json(**_run(module, kubectl))
    except KubectlError as problem:
        module.fail_json(msg=f"the cluster refuses: {problem}")
    except NotUp as problem:
        module.fail_json(msg=str(problem), rolled_back=True)


def _run(module: AnsibleModule, kubectl: Kubectl) -> dict[str, Any]:
    given, check = module.params, module.check_mode
    wanted, daemonset = given["documents"], given["daemonset"]
    kube_documents.keep(kubectl, wanted)
    if not daemonset:
        found = kube_documents.bring(kubectl, wanted, check)
        return _result(found, bool(found), False)
    place = wanted[0]
    foreseen = kube_documents.bring(kubectl, wanted, True)
    unfinished = _note(kubectl, place) is not None
    if not (foreseen or unfinished):
        return _result([], False, False)
    lacking = _lacking(kubectl, given["families"])
    if lacking and check:
        module.warn(f"{lacking}; it must have one before this is done")  # the kubelets' step is only foreseen as well
    elif lacking:
        raise KubectlError(f"{lacking}; run the role kubelet on these nodes first")
    if not check:
        kube_documents.bring(kubectl, wanted, False, NOTE)
        _roll_out(kubectl, place, kube_rollout.Rollout(kubectl, place["namespace"], daemonset, given["timeout"]))
    return _result(foreseen, True, True)


def _roll_out(kubectl: Kubectl, place: Mapping[str, Any], rollout: kube_rollout.Rollout) -> None:
    rollout.start()
    missing = rollout.wait()
    if missing:
        words = rollout.words()
        _restore(kubectl, place)
        rollout.start()
        still = rollout.wait(patient=True)
        end = f"and yet the pods are not up again: {still}" if still else "and all pods are up again."
        raise NotUp(f"{missing}. Its last words:\n{words}\nThe document is as before, {end}")
    _annotate(kubectl, place)


def _restore(kubectl: Kubectl, place: Mapping[str, Any]) -> None:
    held = kube_documents.get(kubectl, place["namespace"], place["name"])
    held["data"][place["key"]] = held["metadata"]["annotations"].pop(NOTE)
    kubectl.replace([held], dry=False)


def _annotate(kubectl: Kubectl, place: Mapping[str, Any]) -> None:
    kubectl.run("annotate", "configmap", place["name"], f"--namespace={place['namespace']}", f"{NOTE}-")


def _note(kubectl: Kubectl, place: Mapping[str, Any]) -> str | None:
    held = kube_documents.get(kubectl, place["namespace"], place["name"])
    note: str | None = held["metadata"].get("annotations", {}).get(NOTE)
    return note


def _lacking(kubectl: Kubectl, families: list[str]) -> str:
    told = []
    for node in kube_rollout.nodes(kubectl):
        found = {f"ipv{ipaddress.ip_address(each).version}" for each in kube_health.internal_addresses(node)}
        for family in families:
            if family not in found:
                told.append(f"{node['metadata']['name']} has no {family.replace('ip', 'IP')} InternalIP")
    return "; ".join(told)


def _result(found: list[kube_documents.Document], changed: bool, rolled_out: bool) -> dict[str, Any]:
    return {
        "changed": changed,
        "documents": [each.name for each in found],
        "rolled_out": rolled_out,
        "diff": [each.diff() for each in found],
    }


if __name__ == "__main__":
    main()
