# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a node's pod network: the configuration list for the runtime, and what a boot restores.

A oneshot unit sets the kernel up by ``nft`` or ``iptables`` and the batch modes of ``ip`` and ``bridge``. It runs again
with whatever takes its work away: a restart of nftables.service, whose configuration mostly flushes all rules, or of
systemd-networkd, which removes routes that it does not know (unless told not to, ``networkd``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from . import iptables, masquerade
from .state import commands, desired

FOLDER = "/etc/dualstack/pods"
CONFLIST = "/etc/cni/net.d/05-dualstack.conflist"
UNIT = "dualstack-pods.service"
UNIT_FILE = f"/etc/systemd/system/{UNIT}"
NETWORKD = "/etc/systemd/networkd.conf.d/50-dualstack.conf"
RULES = f"{FOLDER}/masquerade.nft"
SCRIPT = f"{FOLDER}/masquerade.sh"
HEAD = "# Written by Ansible (baremetal.dualstack); change the inventory, not this file.\n"

_UNIT = """\
[Unit]
Description=Pod network: routes to the pods of other nodes, VXLAN, masquerading
Wants=network-online.target
After=network-online.target nftables.service systemd-networkd.service NetworkManager.service
Before=kubelet.service
PartOf=nftables.service systemd-networkd.service NetworkManager.service
ReloadPropagatedFrom=nftables.service
StartLimitIntervalSec=0

[Service]
Type=oneshot
RemainAfterExit=yes
Restart=on-failure
RestartSec=2
{steps}
[Install]
WantedBy=multi-user.target
"""


def files(network: Mapping[str, Any], mtu: int, *, networkd: bool, nft: bool) -> dict[str, str]:
    """Path to text.

    ``mtu`` is that of the pods in bytes; ``networkd`` says that systemd-networkd runs on the host, ``nft`` that rules
    are made by nft, and not by iptables.
    """
    steps = commands(desired(network, mtu), {})
    result = {
        CONFLIST: conflist(network, mtu),
        **_rules(network, nft),
        f"{FOLDER}/device.batch": "".join(f"{line}\n" for line in steps.device),
        f"{FOLDER}/bridge.batch": "".join(f"{line}\n" for line in steps.bridge),
        f"{FOLDER}/ip.batch": "".join(f"{line}\n" for line in steps.ip),
        UNIT_FILE: HEAD + _UNIT.format(steps=_steps(nft)),
    }
    if networkd:
        result[NETWORKD] = f"{HEAD}[Network]\nManageForeignRoutes=no\n"
    return result


def conflist(network: Mapping[str, Any], mtu: int) -> str:
    """The configuration list with the MTU of the pods."""
    first, *others = network["conflist"]["plugins"]
    return json.dumps({**network["conflist"], "plugins": [{**first, "mtu": mtu}, *others]}, indent=2) + "\n"


def _rules(network: Mapping[str, Any], nft: bool) -> dict[str, str]:
    if nft:
        return {RULES: HEAD + masquerade.rules(network)}
    chains = {f"{FOLDER}/{family}.rules": iptables.restored(network, family) for family in network["cidrs"]}
    return {SCRIPT: HEAD + iptables.script(network, FOLDER), **chains}


def _steps(nft: bool) -> str:
    """A batch line that fails does not keep the others from being run, and the unit tries again."""
    steps = (
        f"nft --file {RULES}" if nft else f"sh {SCRIPT}",
        f"-ip -batch {FOLDER}/device.batch",
        f"ip -force -batch {FOLDER}/ip.batch",
        f"bridge -force -batch {FOLDER}/bridge.batch",
    )
    return "".join(f"Exec{verb}={step}\n" for verb in ("Start", "Reload") for step in steps)
