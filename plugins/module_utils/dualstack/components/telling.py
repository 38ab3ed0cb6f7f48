# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host tells of the command line of a component: its flags, so that they can be compared and no secret read.

Values of flags that are about addresses are told as they are, all others as a short digest. A digest of a path begins
with a slash, as paths may differ between hosts that are told the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from .editing import arguments

DNS = "cluster-dns"
PATH = "/"
_ADDING = (arguments.GATES, DNS)  # stated twice, both count
_OPEN = frozenset(  # nothing in these is secret
    {
        "advertise-address",
        "allocate-node-cidrs",
        "bind-address",
        "cloud-provider",
        "cluster-cidr",
        DNS,
        "cluster-domain",
        arguments.GATES,
        "node-cidr-mask-size",
        "node-cidr-mask-size-ipv4",
        "node-cidr-mask-size-ipv6",
        "node-ip",
        "proxy-mode",
        "service-cluster-ip-range",
    }
)


def told(words: Sequence[str]) -> dict[str, str]:
    """Flag → what is told of its value, of the arguments of a process. Of a flag that stands twice the last counts."""
    found: dict[str, str] = {}
    for each in arguments.stated(words):
        value = "true" if each.value_at is None else each.value
        before = [found[each.name]] if each.name in found and each.name in _ADDING else []
        found[each.name] = ",".join([*before, shown(each.name, value)])
    return found


def shown(name: str, value: str) -> str:
    """What is told of the value of a flag."""
    if name in _OPEN:
        return value
    digest = hashlib.sha256(f"{name}={value}".encode()).hexdigest()[:8]
    return f"{PATH if value.startswith(PATH) else ''}#{digest}"


def is_open(name: str) -> bool:
    """Whether the value of a flag is told as it is."""
    return name in _OPEN
