# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about the cluster that runs on hosts already: its CIDRs stay (see ``components.ranges``).

Held against the plan is what the files of its control planes tell the components, whether these answer or not. What
all control planes of a cluster have wrong is told of the first one alone. A host where our own init or join was cut
has no cluster yet, and is made anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...findings import ERROR, Finding
from .. import ranges
from ..membership import UNFINISHED
from .said import Said, finding


def ranges_stay(wanted: Mapping[str, Mapping[str, Any]], facts: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Pod and service CIDRs of a running cluster only get a second family behind the first one."""
    said = set()
    for host, needs in wanted.items():
        if host not in facts or facts[host]["membership"]["state"] == UNFINISHED:
            continue
        for component, has in facts[host]["components"].items():
            if needs["ranges"] and has["problem"]:
                fix = "Mend the file, so that the component's flags can be compared and edited."
                yield finding(host, Said("host-flags", ERROR, component, "", has["problem"], fix))
            for problem in ranges.refusals(has["flags"], needs["ranges"].get(component, {})):
                told = (needs["cluster"], str(problem))
                if told not in said:
                    said.add(told)
                    place = f"{component} {problem.place}"
                    reason = f"it {problem.reason}"
                    yield finding(host, Said("host-ranges", ERROR, place, problem.running, reason, problem.fix))
