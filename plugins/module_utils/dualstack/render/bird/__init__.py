# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BIRD 2 configuration of one router (2.0.12 and later): ``render(plan, router)``.

The policy is that of FRR's route maps: a filter per relation, direction and family. The router announces what it
originates when an interface has that network; everything learned goes into the kernel, equal paths together. BIRD uses
equally long AS paths together whatever their ASNs. Secrets are placeholders, ``@secret:NAME@``, for the router's team
to replace: nothing here installs the file.

Left out: what BIRD has no words for (BFD echo, TTL security over several hops of a direct session) is a comment where
it would stand. Graceful restart as the one that restarts needs ``bird -R`` when it starts.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..policy import Plan, View, view
from ..policy.fabric import Fabric
from . import filters, sessions


def render(plan: Plan, router: str, fabric: Fabric | None = None) -> str:
    """The text of ``bird.conf`` with placeholders for secrets. Raises KeyError for an unknown router."""
    seen = view(plan, router, fabric)
    return "\n".join(
        [
            "# Rendered from the plan: change the intent, not this file.",
            "# Put the value of each secret in place of its name, @secret:NAME@.",
            "log syslog all;",
            f"router id {seen.facts['router_id']};",
            "",
            *filters.lines(seen),
            "protocol device {",
            "}",
            "",
            "protocol direct {",
            *(f"    {family};" for family in seen.families),
            "}",
            "",
            *(line for family in seen.families for line in _kernel(seen, family)),
            *sessions.lines(plan, seen),
        ]
    )


def _kernel(seen: View, family: str) -> Iterator[str]:
    most = seen.facts["maximum_paths"]
    yield f"protocol kernel kernel_{family} {{"
    yield f"    merge paths {f'on limit {most}' if most > 1 else 'off'};"
    yield f"    {family} {{"
    yield "        import none;"
    yield "        export where source = RTS_BGP;"
    yield "    };"
    yield "}"
    yield ""
