# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rule says of a host, before it is known which host that is."""

from __future__ import annotations

from typing import NamedTuple

from ...findings import Finding


class Said(NamedTuple):
    """A finding whose place is told without the host."""

    id: str
    severity: str
    place: str
    value: str
    reason: str
    fix: str


def finding(host: str, said: Said) -> Finding:
    """What is said, of this host."""
    return Finding(said.id, said.severity, f"{host}: {said.place}", said.value, said.reason, said.fix)
