# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controller shows of itself: its status as plain data, and the checks of its health pages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from dualstack.findings import ERROR

from ..observe.health import DEGRADED, NOT_READY, OK, Check
from .process import Process

MOST_SHOWN = 100  # Services that lack an address, or whose status is refused


def view(process: Process) -> dict[str, Any]:
    """The status; counts are exact."""
    heart, writer, source = process.heart, process.writer, process.source
    found = process.findings()
    errors = [str(finding) for finding in found if finding.severity == ERROR]
    waiting = heart.waiting()
    total, assigned = heart.services()
    lacking = sum(key in waiting for key in heart.without_addresses())
    return {
        "identity": process.candidate.identity,
        "lease": {
            "holder": process.candidate.holder,
            "leading": process.holding.leading,
            "acting": heart.acting,
            "term": process.candidate.term,
            "remaining_s": round(process.holding.remaining(), 3),
            "error": process.holding.problem,
        },
        "kubernetes": {
            "loaded": process.listed,
            "away": [watched.query.kind for watched in source.watched if watched.trouble is not None],
            "objects": sum(watched.events for watched in source.watched),
        },
        "config": "invalid" if errors else "valid" if process.listed else "unknown",
        "errors": errors,
        "warnings": [str(finding) for finding in found if finding.severity != ERROR],
        "services": {
            "total": total,
            "assigned": assigned,
            "waiting": lacking,
            "other": total - assigned - lacking,
        },
        "waiting": dict(list(waiting.items())[:MOST_SHOWN]),
        "other_writers": heart.others(time.monotonic()),
        "pools": {
            name: {family: {"assigned": count.assigned, "available": count.available} for family, count in counts}
            for name, counts in ((name, families.items()) for name, families in sorted(heart.counts().items()))
        },
        "writes": {
            "pending": len(heart.ordering),
            "under_way": writer.busy,
            "written": writer.written,
            "conflicts": writer.conflicts,
            "failed": writer.failed,
            "refused": dict(list(writer.refusals.items())[:MOST_SHOWN]),
            "error": writer.problem,
        },
        "events": {"written": process.recorder.written, "dropped": process.recorder.dropped},
        "deprecated_annotations": heart.deprecated,
    }


def checks(process: Process) -> Iterator[Check]:
    """What must work. The API server being away degrades a process that knows everything, and no restart mends it."""
    for kind, watched in sorted(process.watched.items()):
        trouble = watched.trouble
        text = trouble.reason if trouble is not None else ""
        if not watched.listed_at:
            yield Check(kind, NOT_READY, text or "not listed yet")
        else:
            yield Check(kind, OK if trouble is None else DEGRADED, text)
    holder, holding = process.candidate.holder, process.holding
    if holding.leading:
        acts = process.heart.acting
        yield Check("lease", OK if acts else NOT_READY, "active" if acts else "active soon: Services are listed anew")
    elif holder:
        yield Check("lease", DEGRADED if holding.problem else OK, holding.problem or f"standby of {holder}")
    else:
        yield Check("lease", NOT_READY, holding.problem or "nobody holds it yet")
    refused = len(process.writer.refusals)
    yield Check("writes", DEGRADED if refused else OK, f"{refused} refused" if refused else "")
