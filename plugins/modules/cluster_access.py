#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host needs to reach the API server as one of our accounts."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_access
short_description: Look up what a host needs to reach the API server as one of our accounts
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Returns where the API server is, who signed its certificate and which account there is, and, when asked, a new
    token of the account and the key of heartbeats.
  - Runs on a host that has kubectl and the kubeconfig of an administrator. Nothing is changed. Its result holds
    secrets; use C(no_log).
options:
  account:
    description: The ServiceAccount, C(dualstack-speaker) or C(dualstack-controller).
    type: str
    required: true
  token_hours:
    description: Ask for a token that is valid for so many hours. V(0) is none. In check mode there is none either.
    type: int
    default: 0
  heartbeat_key:
    description: Whether the key of heartbeats is looked up.
    type: bool
    default: false
  server:
    description: The URL of the API server as the hosts reach it. Without it, the one in the kubeconfig.
    type: str
  namespace:
    description: The namespace of the account.
    type: str
    default: metallb-system
extends_documentation_fragment: [baremetal.dualstack.kubectl]
attributes:
  check_mode:
    description: Looks up the same, but for the token.
    support: full
  diff_mode:
    description: Nothing is changed.
    support: none
"""

EXAMPLES = r"""
- name: Look up where the API server is
  baremetal.dualstack.cluster_access:
    account: dualstack-speaker
    heartbeat_key: true
  delegate_to: "{{ groups.dualstack_kubernetes[0] }}"
  run_once: true
  no_log: true
  register: access
"""

RETURN = r"""
api:
  description: The API server, for P(baremetal.dualstack.speaker_files#filter).
  returned: success
  type: dict
  sample: {server: 'https://10.0.0.10:6443', namespace: metallb-system, certificate_authority: LS0t}
uid:
  description: The UID of the account, empty when there is none yet.
  returned: success
  type: str
token:
  description: The new token, empty without one.
  returned: success
  type: str
heartbeat_key:
  description: The key of heartbeats, empty without one.
  returned: success
  type: str
"""

import base64
import json
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.resources.words import (
    HEARTBEAT,
    HEARTBEAT_KEY,
    NAMESPACE,
)
from ansible_collections.baremetal.dualstack.plugins.module_utils.kubectl import ARGUMENTS, Kubectl, KubectlError


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "account": {"type": "str", "required": True},
            "token_hours": {"type": "int", "default": 0, "no_log": False},
            "heartbeat_key": {"type": "bool", "default": False, "no_log": False},
            "server": {"type": "str"},
            "namespace": {"type": "str", "default": NAMESPACE},
            **ARGUMENTS,
        },
        supports_check_mode=True,
    )
    given = module.params
    kubectl = Kubectl(given["kubectl"], given["kubeconfig"])
    try:
        found = _existing(kubectl, given)
        account, key = found.get("ServiceAccount", {}), found.get("Secret", {})
        wanted = given["token_hours"] and account and not module.check_mode
        module.exit_json(
            changed=False,
            api={**_api(kubectl, given["server"]), "namespace": given["namespace"]},
            uid=account.get("metadata", {}).get("uid", ""),
            token=_token(kubectl, given) if wanted else "",
            heartbeat_key=base64.b64decode(key.get("data", {}).get(HEARTBEAT_KEY, "")).decode().strip(),
        )
    except KubectlError as problem:
        module.fail_json(msg=f"the cluster refuses: {problem}")


def _api(kubectl: Kubectl, server: str | None) -> dict[str, str]:
    cluster = json.loads(kubectl.run("config", "view", "--raw", "--minify", "--flatten", "--output=json"))
    found = cluster["clusters"][0]["cluster"]
    return {
        "server": server or found["server"],
        "certificate_authority": found.get("certificate-authority-data", ""),
        "tls_server_name": found.get("tls-server-name", ""),
    }


def _token(kubectl: Kubectl, given: dict[str, Any]) -> str:
    place, hours = f"--namespace={given['namespace']}", f"--duration={given['token_hours']}h"
    return kubectl.run("create", "token", given["account"], place, hours).strip()


def _existing(kubectl: Kubectl, given: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The account, and the Secret of heartbeats where it is asked for, by kind; without what is not there."""
    names = {"ServiceAccount": given["account"], **({"Secret": HEARTBEAT} if given["heartbeat_key"] else {})}
    wanted = [
        {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": given["namespace"]}}
        for kind, name in names.items()
    ]
    return {each["kind"]: each for each in kubectl.existing(wanted)}


if __name__ == "__main__":
    main()
