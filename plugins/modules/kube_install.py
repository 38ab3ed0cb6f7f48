#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give a host what a node of Kubernetes needs before kubeadm: programs, containerd's configuration, units."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kube_install
short_description: Give a host the programs of Kubernetes, containerd's configuration and the units
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Does in one call all that a node needs before C(kubeadm), but packages, which RV(missing) names.
  - Downloads are checked against their SHA-256 before the first of them is put in place, each atomically.
  - A host that is in a cluster keeps the version that it runs, and files that this module did not write.
options:
  version:
    description: The version of Kubernetes that the plan says.
    type: str
    required: true
  packages:
    description: Debian packages. As long as one is missing, nothing else is done.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The package.
        type: str
        required: true
      version:
        description: Upstream's version. Empty, any.
        type: str
        default: ""
      held:
        description: Whether apt is told to leave it as it is.
        type: bool
        default: false
  after_packages:
    description: That the packages were just asked for. A missing one is then an error, or foreseen in check mode.
    type: bool
    default: false
  apt_said:
    description: What apt said where it failed. Part of the error about packages that are missing then, else a warning.
    type: str
    default: ""
  downloads:
    description: Files of a mirror.
    type: list
    elements: dict
    default: []
    suboptions:
      url:
        description: Where it is. C({arch}) is replaced by V(amd64), V(arm64) or what the host is.
        type: str
        required: true
      sha256:
        description: Its checksum. Empty, what the mirror says in the file of that name with C(.sha256) at its end.
        type: str
        default: ""
      dest:
        description: The path of the program, or the folder of an archive's files.
        type: path
        required: true
      unpack:
        description: Whether it is an archive.
        type: bool
        default: false
  units:
    description: Text by name below C(/etc/systemd/system), for those that no package brings.
    type: dict
    default: {}
  image_repository:
    description: Where the images of Kubernetes are, for that of pods' sandboxes.
    type: str
    default: registry.k8s.io
  cgroup_driver:
    description: Who makes the cgroups of containers; the same as the kubelet's.
    type: str
    choices: [systemd, cgroupfs]
    default: systemd
  restrict_oom_score_adj:
    description: Whether containerd lowers no score below its own, for hosts that may not.
    type: bool
    default: false
  plugins_from:
    description: The folder of a distribution's CNI plugins, which C(/opt/cni/bin) gets links to.
    type: path
    default: /usr/lib/cni
  runtime:
    description: Whether containerd's configuration and unit are ours.
    type: bool
    default: true
  record:
    description: The file in which the module remembers what it installed.
    type: path
    default: /var/lib/dualstack-kubernetes/installed.json
attributes:
  check_mode:
    description: Fetches nothing. What depends on programs that are not there yet is foreseen without its text.
    support: full
  diff_mode:
    description: Shows files of text, and for programs the version or checksum.
    support: full
"""

EXAMPLES = r"""
- name: Install the programs of Kubernetes from a mirror
  baremetal.dualstack.kube_install:
    version: 1.36.3
    downloads:
      - url: http://mirror.example.net/v1.36.3/kubelet
        sha256: "{{ checksums.kubelet }}"
        dest: /usr/local/bin/kubelet
"""

RETURN = r"""
missing:
  description: Packages that must be installed before anything else is done.
  returned: success
  type: list
  elements: str
done:
  description: What was done, in order.
  returned: success
  type: list
  elements: str
  sample: [install /usr/local/bin/kubelet, write /etc/containerd/config.toml, restart containerd]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils.downloads import DownloadError
from ansible_collections.baremetal.dualstack.plugins.module_utils.kube_host import HostError
from ansible_collections.baremetal.dualstack.plugins.module_utils.kube_install import Installer

ARGUMENTS = {
    "version": {"type": "str", "required": True},
    "packages": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "version": {"type": "str", "default": ""},
            "held": {"type": "bool", "default": False},
        },
    },
    "after_packages": {"type": "bool", "default": False},
    "apt_said": {"type": "str", "default": ""},
    "downloads": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "url": {"type": "str", "required": True},
            "sha256": {"type": "str", "default": ""},
            "dest": {"type": "path", "required": True},
            "unpack": {"type": "bool", "default": False},
        },
    },
    "units": {"type": "dict", "default": {}},
    "image_repository": {"type": "str", "default": "registry.k8s.io"},
    "cgroup_driver": {"type": "str", "choices": ["systemd", "cgroupfs"], "default": "systemd"},
    "restrict_oom_score_adj": {"type": "bool", "default": False},
    "plugins_from": {"type": "path", "default": "/usr/lib/cni"},
    "runtime": {"type": "bool", "default": True},
    "record": {"type": "path", "default": "/var/lib/dualstack-kubernetes/installed.json"},
}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        installer = Installer(module.params, module.check_mode)
        installer.run()
    except (HostError, DownloadError) as problem:
        module.fail_json(msg=str(problem))
        return
    for warning in installer.warnings:
        module.warn(warning)
    module.exit_json(changed=bool(installer.done), done=installer.done, missing=installer.missing, diff=installer.diff)


if __name__ == "__main__":
    main()
