#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings and modules of a node's kernel, now and after a boot, without losing a default route; in one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_network
short_description: Give the kernel of a node what its pods and Services need
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Turns forwarding on for the families of the cluster, lets rules see what passes bridges, makes room for neighbours,
    and loads modules that are neither loaded nor built in; in files for the next boot as well.
  - Keeps default routes. An interface that has its own from router advertisements, and whose kernel handles them, gets
    C(accept_ra) 2 before forwarding is turned on. When a default route is lost all the same, the settings are taken
    back, the route is put back, and the call fails.
options:
  needs:
    description: What P(baremetal.dualstack.host_needs#filter) returns for the node.
    type: dict
    required: true
  settings:
    description: Further settings of the kernel by key, which win over ours.
    type: dict
    default: {}
attributes:
  check_mode:
    description: Predicts the change.
    support: full
  diff_mode:
    description: Shows the files and the values that change.
    support: full
"""

EXAMPLES = r"""
- name: Prepare the kernel
  baremetal.dualstack.host_network:
    needs: "{{ dualstack_plan | baremetal.dualstack.host_needs(inventory_hostname) }}"
"""

RETURN = r"""
set:
  description: The settings that the running kernel did not have.
  returned: always
  type: list
  elements: str
loaded:
  description: The modules that were, or would be, loaded.
  returned: always
  type: list
  elements: str
absent:
  description: Settings that this kernel does not have, or does not let anybody write, and that it can do without.
  returned: always
  type: list
  elements: str
advertised:
  description: Default routes that live by router advertisements, with the seconds that they have left.
  returned: always
  type: list
  elements: dict
"""

import os
import subprocess
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils import sysctls
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.components.hosts.settings import (
    modules,
    settings,
)
from ansible_collections.baremetal.dualstack.plugins.module_utils.host_files import HostFile, apply, compare
from ansible_collections.baremetal.dualstack.plugins.module_utils.host_reading import module_states, network_facts

HEAD = "# Written by Ansible (baremetal.dualstack); change the inventory, not this file.\n"
SYSCTLS = "/etc/sysctl.d/60-dualstack.conf"
MODULES = "/etc/modules-load.d/dualstack.conf"
LATER = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d")
OF_MODULES = {"net/bridge/": "br_netfilter"}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={"needs": {"type": "dict", "required": True}, "settings": {"type": "dict", "default": {}}},
        supports_check_mode=True,
    )
    needs, facts = module.params["needs"], network_facts()
    states = module_states(modules(needs))
    wanted, harmless = _settings(needs, facts, module.params["settings"])
    coming = [name for name, state in states.items() if state == "available"]
    _refuse(module, states, [key for key in wanted if key not in harmless], coming)
    there = {key: value for key, value in wanted.items() if sysctls.exists(key)}
    stale = sysctls.stale(there)
    absent = [
        key for key in harmless if key not in there or (key in stale and not os.access(sysctls.file_of(key), os.W_OK))
    ]
    stale = [key for key in stale if key not in absent]
    changes = compare(_files(wanted, harmless, states))
    diff = [change.diff() for change in changes] + ([sysctls.diff(stale, there)] if stale else [])
    if not module.check_mode:
        for change in changes:
            os.makedirs(os.path.dirname(change.path), exist_ok=True)
        apply(changes)
        _load(module, coming)
        late = [key for key in wanted if key not in there and sysctls.exists(key)]
        stale += sysctls.stale({key: wanted[key] for key in late})
        _set(module, [key for key in wanted if key in stale], wanted, facts)
    for text in _overridden(wanted):
        module.warn(text)
    module.exit_json(
        changed=bool(changes or stale or coming),
        set=stale,
        loaded=coming,
        absent=absent,
        advertised=[route for route in facts["default_routes"]["ipv6"] if route["expires"] is not None],
        diff=diff,
    )


def _settings(needs: dict[str, Any], facts: dict[str, Any], given: dict[str, Any]) -> tuple[dict[str, str], list[str]]:
    """The wanted values in the order to set them, and the keys that a kernel can do without."""
    ours = settings(needs, facts)
    own = {(key if "/" in key else key.replace(".", "/")): str(value) for key, value in given.items()}
    wanted = {each.key: own.get(each.key, each.value) for each in ours}
    return {**wanted, **own}, [each.key for each in ours if each.harmless and each.key not in own]


def _refuse(module: AnsibleModule, states: dict[str, str], keys: list[str], coming: list[str]) -> None:
    """Fails before anything is changed when something can't be had."""
    lacking = [name for name, state in states.items() if state == "missing"]
    brought = tuple(prefix for prefix, name in OF_MODULES.items() if name in coming)
    unknown = [key for key in keys if not sysctls.exists(key) and not key.startswith(brought or ("\0",))]
    if lacking:
        module.fail_json(msg=f"this kernel has no module {', '.join(lacking)}; install its package of modules")
    if unknown:
        module.fail_json(msg=f"this kernel has no setting {', '.join(unknown)}; is the family switched off?")


def _files(wanted: dict[str, str], harmless: list[str], states: dict[str, str]) -> list[HostFile]:
    lines = "".join(f"{'-' if key in harmless else ''}{key} = {value}\n" for key, value in wanted.items())
    names = [name for name, state in states.items() if state in ("loaded", "available")]
    files = [HostFile(SYSCTLS, (HEAD + lines).encode(), 0o644)]
    if names:
        files.append(HostFile(MODULES, (HEAD + "".join(f"{name}\n" for name in names)).encode(), 0o644))
    return files


def _load(module: AnsibleModule, names: list[str]) -> None:
    for name in names:
        done = subprocess.run(["modprobe", name], capture_output=True, text=True, check=False)
        if done.returncode:
            module.fail_json(msg=f"modprobe {name}: {done.stderr.strip()}")


def _set(module: AnsibleModule, keys: list[str], wanted: dict[str, str], facts: dict[str, Any]) -> None:
    """Sets the values; with a way back when a default route goes by it."""
    before = {key: sysctls.read(key) for key in wanted if sysctls.exists(key)}
    try:
        for key in keys:
            sysctls.write(key, wanted[key])
        moved = [key for key, value in before.items() if key not in keys and sysctls.read(key) != value]
        for key in moved:  # forwarding on all interfaces turns it on by default as well
            sysctls.write(key, wanted[key])
    except OSError as error:
        module.fail_json(msg=str(error.strerror))
    now = network_facts()["default_routes"]
    lost = [
        (family, route)
        for family, routes in facts["default_routes"].items()
        for route in routes
        if not any(_same(route, other) for other in now[family])
    ]
    if not lost:
        return
    for key in reversed(keys + moved):
        sysctls.write(key, before[key])
    told = []
    for family, route in lost:
        words = ["default", *(["via", route["via"]] if route["via"] else []), "dev", route["device"]]
        subprocess.run(["ip", f"-{family[-1]}", "route", "replace", *words], capture_output=True, check=False)
        told.append(" ".join(words))
    module.fail_json(
        msg=f"with these settings, the kernel dropped {'; '.join(told)}. The settings are as they were, and the route "
        "is back. Find out who sets it: router advertisements need accept_ra 2 on its interface"
    )


def _same(route: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(route[key] == other[key] for key in ("via", "device"))


def _overridden(wanted: dict[str, str]) -> list[str]:
    """What files that are read after ours set otherwise, so that it would hold after a boot."""
    own, told = os.path.basename(SYSCTLS), []
    files = {name: folder for folder in reversed(LATER) if os.path.isdir(folder) for name in os.listdir(folder)}
    for name in sorted(name for name in files if name > own and name.endswith(".conf")):
        with open(os.path.join(files[name], name), encoding="utf-8", errors="replace") as stream:
            for line in stream:
                key, equals, value = (part.strip() for part in line.partition("="))
                path = key.lstrip("-") if "/" in key else key.lstrip("-").replace(".", "/")
                if equals and path in wanted and not key.startswith(("#", ";")) and value != wanted[path]:
                    told.append(
                        f"{files[name]}/{name} is read after {SYSCTLS} and sets {key} to {value}: remove it there"
                    )
    return told


if __name__ == "__main__":
    main()
