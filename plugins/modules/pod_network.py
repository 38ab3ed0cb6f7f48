#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The built-in pod network of a node: files for the runtime and the next boot, and the kernel of now, in one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pod_network
short_description: Keep the built-in pod network of a node as the plan has it
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Writes the CNI configuration list (bridge, host-local with a range per family, portmap), and sets routes to the pods
    of other nodes, a VXLAN device with static entries where nodes have no segment in common, and masquerading per
    family.
  - A unit of systemd restores the same at boot, and after a restart of what takes it away.
  - What is not ours (other routes, tables, devices and configuration lists) stays.
  - A host whose pods another plugin serves is refused, in check mode too, before anything is written. It is known by a
    configuration list in C(/etc/cni/net.d) on a host that never had ours; lists that come with container engines
    (CRI-O, Podman, nerdctl) and loopback don't count.
options:
  network:
    description: What P(baremetal.dualstack.pod_network#filter) returns.
    type: dict
  state:
    description: With V(absent), all of it goes, and the pods' bridge with it.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    description: Predicts the change.
    support: full
  diff_mode:
    description: Shows files, and what changes in the kernel, line by line.
    support: full
requirements:
  - iproute2 and nft on the host
"""

EXAMPLES = r"""
- name: Bring the pod network to the plan
  baremetal.dualstack.pod_network:
    network: "{{ dualstack_plan | baremetal.dualstack.pod_network(inventory_hostname, pod_cidrs) }}"
"""

RETURN = r"""
mtu:
  description: The MTU of pods, in bytes.
  returned: with O(state=present)
  type: int
commands:
  description: What was, or would be, run to change the kernel.
  returned: always
  type: list
  elements: str
overshadowed_by:
  description: Configuration lists of others that the container runtime prefers to ours, as their names stand before it.
  returned: with O(state=present)
  type: list
  elements: str
"""

import os
import shutil
import subprocess

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.components.pods import (
    files,
    masquerade,
    state,
)
from ansible_collections.baremetal.dualstack.plugins.module_utils.host_files import HostFile, apply, compare
from ansible_collections.baremetal.dualstack.plugins.module_utils.pod_host import PodHost, PodHostError

ENABLED = f"/etc/systemd/system/multi-user.target.wants/{files.UNIT}"
NETWORKD_RUNS = "/run/systemd/netif"
SYSTEMD_RUNS = "/run/systemd/system"
LEASES = "/var/lib/cni/networks/dualstack"
RUNTIME_READS = (".conf", ".conflist", ".json")
OF_ENGINES = ("crio", "podman", "containerd", "nerdctl", "loopback")  # part of the names that their packages give


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "network": {"type": "dict"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        required_if=[("state", "present", ["network"])],
        supports_check_mode=True,
    )
    try:
        if module.params["state"] == "present":
            _present(module, PodHost())
        else:
            _absent(module, PodHost())
    except PodHostError as error:
        module.fail_json(msg=str(error))


def _present(module: AnsibleModule, host: PodHost) -> None:
    _refuse_others(module)
    network = module.params["network"]
    mtu = host.pod_mtu(network)
    wanted = files.files(network, mtu, networkd=os.path.isdir(NETWORKD_RUNS), nft=host.nft)
    changes = compare([HostFile(path, text.encode(), 0o644) for path, text in wanted.items()])
    stale_unit = not os.path.islink(ENABLED) or any(change.path == files.UNIT_FILE for change in changes)
    found, want = host.differences(network, mtu), state.desired(network, mtu)
    diff = [change.diff() for change in changes]
    if any(found.commands):
        diff.append(_diff("kernel", state.text(found.state), state.text(want)))
    if found.rules != found.wanted_rules:
        diff.append(_diff("masquerading", masquerade.text(found.rules), masquerade.text(found.wanted_rules)))
    idle = os.path.isdir(SYSTEMD_RUNS) and not _active()
    changed = bool(changes or found.any or stale_unit or idle)
    if changed and not module.check_mode:
        for change in changes:
            os.makedirs(os.path.dirname(change.path), exist_ok=True)
        apply(changes)
        host.bring(network, mtu)
        _enable(module, reload=stale_unit, start=idle)
    module.exit_json(
        changed=changed,
        mtu=mtu,
        commands=[line for lines in found.commands for line in lines],
        overshadowed_by=_overshadowing(),
        diff=diff,
    )


def _absent(module: AnsibleModule, host: PodHost) -> None:
    paths = [files.CONFLIST, files.NETWORKD, ENABLED, files.UNIT_FILE]
    folders = [path for path in (files.FOLDER, LEASES) if os.path.isdir(path)]
    changes = compare([], paths)
    have = host.state()
    commands = state.commands({}, have)
    rules, bridge = host.rules(), host.has_bridge()
    diff = [change.diff() for change in changes]
    if any(commands):
        diff.append(_diff("kernel", state.text(have), ""))
    changed = bool(changes or folders or any(commands) or rules or bridge)
    if changed and not module.check_mode:
        if os.path.isdir(SYSTEMD_RUNS):
            subprocess.run(["systemctl", "stop", files.UNIT], capture_output=True, check=False)
        apply(changes)
        for folder in folders:
            shutil.rmtree(folder)
        host.change(commands)
        host.remove_rules()
        host.remove_bridge()
        _enable(module, reload=True, start=False)
    module.exit_json(changed=changed, commands=[line for lines in commands for line in lines], diff=diff)


def _diff(what: str, before: str, after: str) -> dict[str, str]:
    return {"before_header": what, "after_header": what, "before": before, "after": after}


def _active() -> bool:
    return subprocess.run(["systemctl", "--quiet", "is-active", files.UNIT], check=False).returncode == 0


def _enable(module: AnsibleModule, *, reload: bool, start: bool) -> None:
    if os.path.exists(files.UNIT_FILE) and not os.path.islink(ENABLED):
        os.makedirs(os.path.dirname(ENABLED), exist_ok=True)
        os.symlink(files.UNIT_FILE, ENABLED)
    if not os.path.isdir(SYSTEMD_RUNS):
        return
    steps = (["daemon-reload"] if reload else []), (["start", files.UNIT] if start else [])
    for words in filter(None, steps):
        done = subprocess.run(["systemctl", *words], capture_output=True, text=True, check=False)
        if done.returncode:
            module.fail_json(msg=f"systemctl {' '.join(words)}: {done.stderr.strip()}")


def _refuse_others(module: AnsibleModule) -> None:
    if any(os.path.lexists(path) for path in (files.CONFLIST, files.UNIT_FILE, files.FOLDER)):
        return
    others = [name for name in _lists() if not any(engine in name for engine in OF_ENGINES)]
    if others:
        folder = os.path.dirname(files.CONFLIST)
        module.fail_json(
            msg=f"pods of this host have the network of another plugin ({', '.join(others)} in {folder}), and "
            "cluster.kubernetes.cni.plugin is bridge, so nothing was written. State the plugin that the cluster has "
            "(calico, cilium, flannel), or `other`. Where the files are left over from a cluster that is gone, "
            "take them away"
        )


def _lists() -> list[str]:
    folder, own = os.path.split(files.CONFLIST)
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return sorted(name for name in names if name != own and name.endswith(RUNTIME_READS))


def _overshadowing() -> list[str]:
    own = os.path.basename(files.CONFLIST)
    return [name for name in _lists() if name < own]


if __name__ == "__main__":
    main()
