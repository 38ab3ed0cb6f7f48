# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the lab's hosts are reached: keys, known hosts, and an inventory to combine with the intent's."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from . import documents, mirror
from .commands import run
from .network import NAMESPACES
from .state import Lab


def create_key(lab: Lab) -> None:
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"lab {lab.name}", "-f", str(lab.key)])


def write(lab: Lab) -> None:
    """Writes known_hosts, the ssh wrapper and the inventory."""
    lab.sockets.mkdir(mode=0o700, exist_ok=True)
    known = lab.folder / "known_hosts"
    keys = ((host, (lab.root(host) / "etc/ssh/ssh_host_ed25519_key.pub").read_text()) for host in lab.numbers)
    known.write_text("".join(f"{lab.address(host)} {' '.join(key.split()[:2])}\n" for host, key in keys))

    # The wrapper joins the lab's cgroup, so that a connection kept open ends with the lab at the latest.
    wrapper = lab.folder / "ssh"
    group = shlex.quote(str(Path(lab.cgroups[0]) / "cgroup.procs"))
    namespace = shlex.quote(str(NAMESPACES / lab.controller))
    wrapper.write_text(f'#!/bin/sh\necho $$ > {group}\nexec nsenter --net={namespace} ssh "$@"\n')
    wrapper.chmod(0o755)

    options = {
        "IdentitiesOnly": "yes",
        "UserKnownHostsFile": str(known),
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "ControlMaster": "auto",
        "ControlPersist": "60s",
        "ControlPath": f"{lab.sockets}/%C",
        "ServerAliveInterval": "10",  # a host whose power was cut says nothing
        "ServerAliveCountMax": "6",
    }
    inventory = {
        "all": {
            "hosts": {host: {"ansible_host": lab.address(host)} for host in lab.numbers},
            "vars": {
                "ansible_connection": "ssh",
                "ansible_user": "root",
                "ansible_ssh_private_key_file": str(lab.key),
                "ansible_ssh_executable": str(wrapper),
                "ansible_ssh_transfer_method": "piped",
                "ansible_ssh_args": " ".join(f"-o {name}={shlex.quote(value)}" for name, value in options.items()),
                "ansible_pipelining": True,
                "ansible_python_interpreter": "/usr/bin/python3",
                **({"lab_mirror": mirror.URL} if mirror.wanted(lab) else {}),
            },
        }
    }
    documents.write(lab.inventory, inventory)


def status(lab: Lab, running: dict[str, int | None]) -> str:
    """The lab as JSON, for tests and tools: names of namespaces, addresses, process numbers, files."""
    hosts = {
        host.name: {
            "kind": host.kind,
            "suite": lab.suites[host.name],
            "namespace": lab.namespace(host.name),
            "address": lab.address(host.name),
            "pid": running[host.name],
            "root": str(lab.root(host.name)),
            "console": str(lab.of_host(host.name) / "console.log"),
            "interfaces": {i.name: {"segment": i.segment, "addresses": i.addresses} for i in host.interfaces},
        }
        for host in lab.topology.hosts
    }
    record = {
        "name": lab.name,
        "ready": lab.ready,
        "inventory": str(lab.inventory),
        "switch": lab.switch,
        "hosts": hosts,
    }
    return json.dumps({**record, "controller": lab.controller}, indent=2)
