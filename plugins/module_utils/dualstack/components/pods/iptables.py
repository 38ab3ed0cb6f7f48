# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Masquerading by iptables: a chain of our own in the table nat of each family.

nft before 1.1 ends with a segmentation fault as soon as it looks at tables that a newer nft has written, as
kube-proxy's image has one (kubernetes/kubernetes#136786); iptables looks at its own tables alone. The rules are those
of ``masquerade``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...addresses.blocks import IPV4, IPV6, parse
from ...addresses.sets import cidrs
from .bridge import BRIDGE

CHAIN = "DUALSTACK-PODS"
JUMP = f"-A POSTROUTING -j {CHAIN}"
PROGRAMS = {IPV4: "iptables", IPV6: "ip6tables"}


def restored(network: Mapping[str, Any], family: str) -> str:
    """A file for ``iptables-restore --noflush``, which makes the chain anew."""
    rules = "".join(f"{rule}\n" for rule in _rules(network, family))
    return f"*nat\n:{CHAIN} - [0:0]\n{rules}COMMIT\n"


def script(network: Mapping[str, Any], folder: str) -> str:
    """What a boot runs: the chains, and the jumps to them where there is none yet."""
    lines = ["set -e"]
    for family, program in PROGRAMS.items():
        if family in network["cidrs"]:
            lines.append(f"{program}-restore --wait --noflush {folder}/{family}.rules")
            jump = f"POSTROUTING -j {CHAIN}"
            lines.append(f"{program} -w -t nat -C {jump} 2>/dev/null || {program} -w -t nat -A {jump}")
    return "".join(f"{line}\n" for line in lines)


def expected(network: Mapping[str, Any]) -> dict[str, list[str]]:
    """What ``found`` gives once the rules are there, by family."""
    return {family: [JUMP, *_rules(network, family)] for family in PROGRAMS if family in network["cidrs"]}


def found(chain: str, postrouting: str) -> list[str]:
    """Our rules of a family, from what ``iptables -S`` says of the two chains; nothing says nothing."""
    jumps = [line for line in postrouting.splitlines() if line == JUMP]
    return [*jumps, *(line for line in chain.splitlines() if line.startswith("-A "))]


def _rules(network: Mapping[str, Any], family: str) -> list[str]:
    """The rules as ``iptables -S`` writes them."""
    if family not in network["masquerade"]:
        return []
    kept = [part for text in network["masquerade"][family] for part in cidrs(parse(text))]
    matches = [f"! -s {network['cidrs'][family]}", f"-o {BRIDGE}", *(f"-d {part}" for part in kept)]
    return [*(f"-A {CHAIN} {match} -j RETURN" for match in matches), f"-A {CHAIN} -j MASQUERADE --random-fully"]
