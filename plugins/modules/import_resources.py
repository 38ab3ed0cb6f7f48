#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the intent of a cluster from what it has today: metallb.io manifests, Services, Nodes and component flags."""

from __future__ import annotations

DOCUMENTATION = r"""
module: import_resources
short_description: Make an intent from the manifests of a cluster
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Reads metallb.io manifests, Services, Nodes and the flags of Kubernetes components, and writes an inventory whose
    plan renders the same resources.
  - What is wrong with them is refused, all at once, each with its place, the reason and the fix.
  - Every difference between what was imported and what the plan renders is a finding.
  - Secrets are named; no password reaches the inventory or the output.
  - Talks to no cluster. Files of a repository, or what C(kubectl get -o yaml) prints, are enough.
options:
  src:
    description: Files with manifests (YAML or JSON, one or more documents, also lists of objects).
    type: list
    elements: path
    default: []
  objects:
    description:
      - Manifests as data, read after those of O(src).
      - Ansible logs the arguments of a module, so pass Secrets in files.
    type: list
    elements: dict
    default: []
  flags:
    description:
      - Flags of kube-apiserver, kube-controller-manager and kubelet as on their command lines. They say the CIDRs of
        the cluster.
      - For example C(--service-cluster-ip-range), C(--cluster-cidr), C(--node-cidr-mask-size-ipv4) and C(--node-ip).
    type: list
    elements: str
    default: []
  mode:
    description:
      - Who announces in this cluster. It decides what the manifests mean, and becomes C(load_balancer) of the cluster.
      - The Helm chart of MetalLB has V(metallb-frr-k8s) since 0.16, its plain manifests have V(metallb-native).
    type: str
    choices: [speaker, metallb-native, metallb-frr, metallb-frr-k8s]
    default: metallb-frr-k8s
  cluster:
    description: Name of the cluster in the intent.
    type: str
    default: imported
  dest:
    description: The inventory file to write. Without it nothing is written.
    type: path
  force:
    description: Whether a file O(dest) with other content is replaced. By default that is an error; no edit is lost.
    type: bool
    default: false
requirements:
  - PyYAML, when O(src) or O(dest) is given
attributes:
  check_mode:
    description: Predicts the change and writes nothing.
    support: full
  diff_mode:
    description: Shows the change of the inventory.
    support: full
seealso:
  - module: baremetal.dualstack.plan
"""

EXAMPLES = r"""
- name: The intent of a cluster whose manifests are kept in a repository
  baremetal.dualstack.import_resources:
    src: [metallb.yml, services.yml, nodes.yml]
    flags:
      - --service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112
      - --cluster-cidr=10.244.0.0/16,fd00:10:244::/56
    mode: metallb-frr-k8s
    cluster: prod
    dest: inventory.yml
"""

RETURN = r"""
inventory:
  description: The inventory with the intent and the facts of the nodes. Holds no secrets.
  returned: success
  type: dict
msg:
  description: All findings as a table, the heaviest first.
  returned: always
  type: str
findings:
  description: All findings, each with id, severity, path, value, reason and fix.
  returned: always
  type: list
  elements: dict
"""

import os
import traceback
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.baremetal.dualstack.plugins.module_utils import manifests
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.findings import WARNING, has_errors
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.importing import Imported, intent_of
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.report.grouping import summary
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.report.table import table
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.resources.modes import FRR_K8S, MODES
from ansible_collections.baremetal.dualstack.plugins.module_utils.file_tree import FileTree

try:
    import yaml

    YAML_ERROR = None
except ImportError:
    YAML_ERROR = traceback.format_exc()

HEAD = (
    "# Imported from manifests. From here on this is the intent: edit it, and let the resources follow from its plan.\n"
)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "src": {"type": "list", "elements": "path", "default": []},
            "objects": {"type": "list", "elements": "dict", "default": []},
            "flags": {"type": "list", "elements": "str", "default": []},
            "mode": {"type": "str", "choices": list(MODES), "default": FRR_K8S},
            "cluster": {"type": "str", "default": "imported"},
            "dest": {"type": "path"},
            "force": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    imported = _import(module)
    findings = imported.findings
    result: dict[str, Any] = {"changed": False, "findings": [finding.as_dict() for finding in findings]}
    if has_errors(findings):
        msg = f"nothing is imported, the manifests have {summary(findings)}:\n\n{table(findings)}"
        module.fail_json(msg=msg, **result)
    if any(finding.severity == WARNING for finding in findings):
        module.warn(f"the import has {summary(findings)}: they stand in `msg`")
    result.update(inventory=imported.inventory(), msg=table(findings) or "there are no findings")
    if module.params["dest"]:
        result.update(_keep(module, imported.inventory()))
    module.exit_json(**result)


def _import(module: AnsibleModule) -> Imported:
    params = module.params
    if YAML_ERROR is not None and (params["src"] or params["dest"]):
        module.fail_json(msg=missing_required_lib("PyYAML"), exception=YAML_ERROR)
    try:
        objects = [*manifests.load(params["src"]), *params["objects"]]
    except manifests.ManifestError as problem:
        module.fail_json(msg=str(problem))
    return intent_of(objects, params["mode"], params["cluster"], params["flags"])


def _keep(module: AnsibleModule, inventory: dict[str, Any]) -> dict[str, Any]:
    """Write the inventory; a file that somebody may have edited is not replaced unless that is asked for."""
    folder, name = os.path.split(os.path.abspath(module.params["dest"]))
    files = FileTree(folder, [name])
    text = yaml.safe_dump(inventory, sort_keys=False, width=120, default_flow_style=None, allow_unicode=True)
    changes = files.compare({name: HEAD + text})
    diff = [change.diff() for change in changes]
    if any(change.before is not None for change in changes) and not module.params["force"]:
        msg = f"{module.params['dest']} is there with other content: write to another file, or set force: true"
        module.fail_json(msg=msg, diff=diff)
    if not module.check_mode:
        files.apply(changes)
    return {"changed": bool(changes), "diff": diff}


if __name__ == "__main__":
    main()
