# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the rules about ends that run different software."""

from __future__ import annotations

from cases import BOTH, Case, Edit, put, steps
from edits import FABRIC, unnumbered

LINKS, RACKS = f"{FABRIC}.peer_groups.links", f"{FABRIC}.peer_groups.racks"


def runs(router: str, platform: str) -> Edit:
    """A router of another platform."""
    return put(f"{router}: dualstack_host.platform", platform)


CASES = [
    Case(
        "unnumbered-bird",
        BOTH,
        steps(unnumbered(), runs("core", "bird"), runs("tor1", "bird")),
        f"{FABRIC}.links[0].unnumbered",
    ),
    *(
        Case(
            "bfd-ttl-security",
            BOTH,
            steps(put(f"{LINKS}.ttl_security", 1), runs("tor1", platform)),
            f"{LINKS}.ttl_security",
        )
        for platform in ("bird", "eos")
    ),
    Case(
        "bfd-ttl-security",
        BOTH,
        steps(put(f"{RACKS}.ttl_security", 1), put(f"{RACKS}.bfd", "fast")),
        f"{RACKS}.ttl_security",
    ),
]
