# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which node answers for a layer-2 VIP: MetalLB's stateless rule, so that mixed fleets agree.

Source: MetalLB `internal/layer2` and `speaker/layer2_controller.go`: nodes by falling preference, then by rising
SHA-256 of ``<node>#<address>``, where the address is the canonical text of the Service's first ingress address.
The first one announces every address of the Service.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Mapping


def order(candidates: Iterable[str], address: str, preference: Mapping[str, int] | None = None) -> list[str]:
    """The candidates, best first. ``preference`` is the sum of weights per node (0 where absent).

    Raises ValueError when ``address`` is none.
    """
    text = str(ipaddress.ip_address(address))
    scores = preference or {}

    def rank(node: str) -> tuple[int, bytes, str]:
        return -scores.get(node, 0), hashlib.sha256(f"{node}#{text}".encode("utf-8", "surrogatepass")).digest(), node

    return sorted(set(candidates), key=rank)


def elect(candidates: Iterable[str], address: str, preference: Mapping[str, int] | None = None) -> str | None:
    """The announcer, or None without candidates."""
    return next(iter(order(candidates, address, preference)), None)
