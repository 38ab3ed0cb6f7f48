# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pages of health say of a speaker.

It is ready once it has read its source and ``wire`` is there. It is degraded, and no less ready, while the API server
is away or resources are refused: it goes on with what it knows, and a restart would help nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dualstack.findings import ERROR, Finding

from ..observe.health import DEGRADED, NOT_READY, OK, Check

KUBERNETES = "kubernetes-"  # begins the id of every finding about the API server


def checks(loaded: bool, findings: Sequence[Finding], connected: bool, link_error: str) -> Iterator[Check]:
    """One after the other."""
    yield Check("source", OK) if loaded else Check("source", NOT_READY, "not everything was read yet")
    yield Check("wire", OK) if connected else Check("wire", NOT_READY, link_error)
    api = [finding for finding in findings if finding.id.startswith(KUBERNETES)]
    yield Check("api", DEGRADED, _text(api)) if api else Check("api", OK)
    wrong = [finding for finding in findings if finding.severity == ERROR and finding not in api]
    yield Check("configuration", DEGRADED, _text(wrong)) if wrong else Check("configuration", OK)


def _text(findings: Iterable[Finding]) -> str:
    first, *more = findings
    return f"{first.path}: {first.reason}{f', and {len(more)} more' if more else ''}"
