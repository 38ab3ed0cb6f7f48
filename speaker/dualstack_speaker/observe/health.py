# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages /healthz and /readyz of a daemon: one line per check, and a status that follows from the checks.

/healthz says whether the process works at all (whoever asks may restart it), /readyz whether it does its work. What is
degraded is told and fails neither: a daemon that goes on with what it knows while the API server is away must not be
restarted for that (Kubernetes' API conventions for health checks; MetalLB's pages are a plain ping).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from .http import Page, Unavailable

CONTENT_TYPE = "text/plain; charset=utf-8"
OK, DEGRADED, NOT_READY, DEAD = "ok", "degraded", "not ready", "dead"


class Check(NamedTuple):
    """One thing that must work; ``state`` is OK, DEGRADED, NOT_READY or DEAD, ``text`` says more (one line)."""

    name: str
    state: str
    text: str = ""


Checks = Callable[[], Iterable[Check]]


def pages(checks: Checks) -> Mapping[str, Page]:
    """The two pages for a PageServer."""

    async def healthz() -> str:
        return _page(list(checks()), (DEAD,))

    async def readyz() -> str:
        return _page(list(checks()), (DEAD, NOT_READY))

    return {"/healthz": healthz, "/readyz": readyz}


def _page(found: list[Check], failing: tuple[str, ...]) -> str:
    lines = [f"{check.name}: {check.state}{' (' + check.text + ')' if check.text else ''}" for check in found]
    fails = any(check.state in failing for check in found)
    text = "\n".join([*lines, "failed" if fails else "ok", ""])
    if fails:
        raise Unavailable(text)
    return text
