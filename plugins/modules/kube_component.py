#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the flags and the configuration of a component of Kubernetes on a host to what is wanted, with a way back."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kube_component
short_description: Bring a component of Kubernetes on a host to what is wanted, with a way back
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Edits the flags of a component where they stand, in the manifest of its static pod or in its unit, drop-ins and
    files with environment, and the fields of its configuration file. Comments, order and what is not named stay.
  - Waits until the component runs with these flags and is healthy. For a kubelet this means that its Node is Ready and
    has the wanted addresses, for a kube-controller-manager that its controllers run or that another one leads, for
    etcd that its members agree and that the API server is ready.
  - When it does not come up, the files of before are put back, the component is waited for, and the module fails
    with the component's last words.
  - A run that is cut leaves a note on the host; the next run goes on from there, and knows the way back.
  - Pod and service CIDRs of a component that has them are refused, before anything is written and in check mode too,
    if they do not begin with these. A second family may be appended.
  - No Python library is needed on the host.
options:
  component:
    description: The component, by the name of its program.
    type: str
    required: true
    choices: [kube-apiserver, kube-controller-manager, kube-scheduler, etcd, kubelet, kube-proxy]
  flags:
    description: Flags, without dashes, that have exactly this value.
    type: dict
    default: {}
  absent:
    description: Flags that are not there.
    type: list
    elements: str
    default: []
  gates:
    description: Feature gates inside C(--feature-gates). V(null) takes one away; others stay.
    type: dict
    default: {}
  fields:
    description:
      - Fields of the file of C(--config), by their path with dots. A list or a single value is exactly that
        afterwards, a dictionary is merged, V(null) takes a field away.
    type: dict
    default: {}
  wanted:
    description:
      - Whether the component is to be told anything. With V(false) nothing is looked at, and the task is skipped.
    type: bool
    default: true
  run_by:
    description:
      - Who runs the component where no O(unit) is named. V(kubeadm) means a static pod, V(systemd) the unit of the
        component's name. Kubelets and kube-proxies that are configured on a host always have a unit.
    type: str
    choices: [kubeadm, systemd]
    default: kubeadm
  unit:
    description: The systemd unit that runs the component, where it has another name or O(run_by) does not say so.
    type: str
  manifests:
    description: The folder of the manifests of static pods.
    type: path
    default: /etc/kubernetes/manifests
  node:
    description:
      - The name of this host's Node. For a kubelet, its Node is looked at; for O(names), it is in the certificate.
    type: str
  addresses:
    description: The InternalIPs that the Node must have, in this order.
    type: list
    elements: str
    default: []
  names:
    description:
      - Names and addresses that the certificate of a kube-apiserver has. Where one is lacking, C(kubeadm) on this host
        makes another certificate with these and with all that were there; C(kubeadm-config) tells the rest. The API
        server takes it up without a restart. When it does not, the pair of before is put back.
      - A certificate that kubeadm's authority did not sign, or can't sign on this host, is left alone with a warning.
    type: list
    elements: str
    default: []
  documents:
    description:
      - Documents in ConfigMaps that must say the same, so that the next C(kubeadm upgrade) keeps it. They are
        edited once the component is up.
    type: list
    elements: dict
    default: []
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
        description: Fields, as in O(fields).
        type: dict
        default: {}
      arguments:
        description:
          - What C(extraArgs) of the parts of a ClusterConfiguration say, by the part (V(apiServer)), with C(flags),
            C(absent) and C(gates) as above.
        type: dict
        default: {}
      names:
        description: Names that C(certSANs) of a ClusterConfiguration have; others stay.
        type: list
        elements: str
        default: []
  timeout:
    description:
      - Seconds to wait until the component is up, and again on the way back. One that ends by itself is noticed at
        once.
    type: int
    default: 120
  notes:
    description: The folder on the host for the notes of changes under way and for copies of files.
    type: path
    default: /var/lib/dualstack-components
extends_documentation_fragment: [baremetal.dualstack.kubectl]
attributes:
  check_mode:
    description: Compares, and writes nothing. The API server judges documents without storing them.
    support: full
  diff_mode:
    description: Shows the files and documents.
    support: full
"""

EXAMPLES = r"""
- name: Give the API server a second service range
  baremetal.dualstack.kube_component:
    component: kube-apiserver
    flags: {service-cluster-ip-range: "10.96.0.0/16,fd42:b1:9::/112"}
    documents:
      - name: kubeadm-config
        key: ClusterConfiguration
        fields: {networking.serviceSubnet: "10.96.0.0/16,fd42:b1:9::/112"}

- name: Give a node both addresses
  baremetal.dualstack.kube_component:
    component: kubelet
    unit: kubelet.service
    node: "{{ inventory_hostname }}"
    flags: {node-ip: "192.0.2.11,2001:db8::11"}
    addresses: [192.0.2.11, "2001:db8::11"]
"""

RETURN = r"""
files:
  description: The files that changed.
  returned: when wanted
  type: list
  elements: str
documents:
  description: The documents in ConfigMaps that changed.
  returned: when wanted
  type: list
  elements: str
backups:
  description: Copies of the files as they were.
  returned: when wanted
  type: list
  elements: str
names:
  description: The names that the certificate got.
  returned: when wanted
  type: list
  elements: str
restarted:
  description: Whether the component was started anew.
  returned: when wanted
  type: bool
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils import kube_documents, kube_health
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.components import ranges
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.components.editing import (
    arguments,
    yaml_text,
)
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.components.editing.owned import EditError
from ansible_collections.baremetal.dualstack.plugins.module_utils.kube_certificate import ServingCertificate
from ansible_collections.baremetal.dualstack.plugins.module_utils.kube_change import Change, NotUp, switch, wait
from ansible_collections.baremetal.dualstack.plugins.module_utils.kube_look import Looker, condition
from ansible_collections.baremetal.dualstack.plugins.module_utils.kube_runners import Runner, StaticPod, Unit, read
from ansible_collections.baremetal.dualstack.plugins.module_utils.kubeadm import KubeadmError
from ansible_collections.baremetal.dualstack.plugins.module_utils.kubectl import ARGUMENTS as KUBECTL
from ansible_collections.baremetal.dualstack.plugins.module_utils.kubectl import Kubectl, KubectlError

COMPONENTS = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd", "kubelet", "kube-proxy"]
ARGUMENTS: dict[str, Any] = {
    "component": {"type": "str", "required": True, "choices": COMPONENTS},
    **kube_documents.OWNED,
    "fields": {"type": "dict", "default": {}},
    "wanted": {"type": "bool", "default": True},
    "run_by": {"type": "str", "choices": ["kubeadm", "systemd"], "default": "kubeadm"},
    "unit": {"type": "str"},
    "manifests": {"type": "path", "default": "/etc/kubernetes/manifests"},
    "node": {"type": "str"},
    "addresses": {"type": "list", "elements": "str", "default": []},
    "names": {"type": "list", "elements": "str", "default": []},
    "documents": {"type": "list", "elements": "dict", "default": [], "options": kube_documents.DOCUMENT},
    "timeout": {"type": "int", "default": 120},
    "notes": {"type": "path", "default": "/var/lib/dualstack-components"},
    **KUBECTL,
}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    component = module.params["component"]
    if not module.params["wanted"]:
        module.exit_json(changed=False, skipped=True, msg=f"{component} is not to be told anything")
    try:
        module.exit_json(**_Run(module).result())
    except (EditError, ranges.RangeError, KubeadmError, OSError, NotUp) as problem:
        module.fail_json(msg=f"{component}: {problem}", rolled_back=isinstance(problem, NotUp))
    except KubectlError as problem:
        module.fail_json(msg=f"{component}: the cluster refuses: {problem}")


class _Run:
    def __init__(self, module: AnsibleModule) -> None:
        given = module.params
        self.module = module
        self.component = given["component"]
        self.owned = kube_documents.owned(given)
        self.kubectl = Kubectl(given["kubectl"], given["kubeconfig"])
        self.runner = self._runner()
        self.change = Change(self.component, given["notes"], module.tmpdir, module.atomic_move)
        self.texts = self.runner.texts()
        ranges.keep_flags(self.runner.flags({**self.texts, **self.change.pending()}), self.owned.flags)
        self.after = self._after()
        self.look = Looker(self.runner, self.owned, self.kubectl)
        self.look.node = given["node"] or ""
        self.look.addresses = given["addresses"]

    def result(self) -> dict[str, Any]:
        """Brings everything about and tells of it. Raises EditError, OSError, NotUp, KubectlError."""
        check = self.module.check_mode
        unfinished = bool(self.change.pending())
        restart = bool(self.after) or (isinstance(self.runner, Unit) and (unfinished or not self.look.process()))
        backups: list[str] = []
        if not check and (restart or unfinished):
            backups = self._switch()
        elif not check:
            self._confirm()
        documents = kube_documents.bring(self.kubectl, self.module.params["documents"], check)
        certificate = self._certificate(check)
        files = sorted(self.after)
        diffs = [_diff(path, self.texts[path], self.after[path]) for path in files]
        diffs += [each.diff() for each in documents]
        return {
            "changed": restart or bool(documents or certificate),
            "files": files,
            "documents": [each.name for each in documents],
            "backups": backups,
            "names": certificate.added if certificate else [],
            "restarted": restart,
            "diff": [*diffs, certificate.diff()] if certificate else diffs,
        }

    def _certificate(self, check: bool) -> ServingCertificate | None:
        """The certificate where it differed, with the names that it lacked."""
        given = self.module.params
        if not given["names"]:
            return None
        flags = self.runner.flags({**self.texts, **self.after})
        change = Change(f"{self.component}-certificate", given["notes"], self.module.tmpdir, self.module.atomic_move)
        certificate = ServingCertificate(flags, given["node"] or "", self.kubectl, change)
        certificate.bring(given["names"], given["timeout"], check)
        for warning in certificate.warnings:
            self.module.warn(warning)
        return certificate if certificate.added else None

    def _runner(self) -> Runner:
        given = self.module.params
        if given["unit"]:
            return Unit(self.component, given["unit"], self.module.run_command)
        if given["run_by"] == "systemd" or self.component in ("kubelet", "kube-proxy"):
            return Unit(self.component, f"{self.component}.service", self.module.run_command)
        return StaticPod(self.component, os.path.join(given["manifests"], f"{self.component}.yaml"))

    def _after(self) -> dict[str, str]:
        after: dict[str, str] = self.runner.edit(self.texts, self.owned)
        fields = self.module.params["fields"]
        if not fields:
            return after
        path = arguments.value(self.runner.flags({**self.texts, **after}), "config")
        if not path:
            raise OSError("it has no --config, so there is no file for fields; give it one")
        self.texts[path] = read(path)
        changed = yaml_text.edit(self.texts[path], fields)
        return after if changed == self.texts[path] else {**after, path: changed}

    def _confirm(self) -> None:
        """That what is as wanted in files is so in truth. Raises OSError."""
        self.look.ready = False  # a Node may wait for its network
        timeout = self.module.params["timeout"]
        missing = wait(self.runner, self.look.missing, timeout, 0.0, 0.0, patient=True)
        if missing:
            raise OSError(f"its files are as wanted, and yet {missing}\n{self.runner.words(0.0)}".strip())

    def _switch(self) -> list[str]:
        self.look.ready = self._node_is_ready()
        before = {path: self.texts[path] for path in self.after}
        old = Looker(self.runner, None, self.kubectl)
        timeout = self.module.params["timeout"]
        return switch(self.runner, self.change, self.after, before, self.look.missing, old.missing, timeout)

    def _node_is_ready(self) -> bool:
        if self.component != "kubelet" or not self.look.node:
            return False
        kubeconfig = arguments.value(self.runner.flags(self.texts), "kubeconfig") or "/etc/kubernetes/kubelet.conf"
        held, _problem = kube_health.node(kubeconfig, self.look.node)
        return condition(held).get("status") == "True"


def _diff(path: str, before: str, after: str) -> dict[str, str]:
    return {"before_header": path, "after_header": path, "before": before, "after": after}


if __name__ == "__main__":
    main()
