# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which parts of the control plane can't stay up: not those that run, though restarted often, as after a power cut."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from dualstack.components.proof.reading import controllers

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=timezone.utc)


def pod(state: dict[str, Any]) -> dict[str, Any]:
    """kube-scheduler, whose last container ended a minute ago."""
    ended = {"terminated": {"finishedAt": "2026-03-01T11:59:00Z", "exitCode": 1}}
    status = {"ready": "running" in state, "restartCount": 6, "state": state, "lastState": ended}
    return {
        "metadata": {"labels": {"component": "kube-scheduler"}},
        "spec": {"nodeName": "node1", "containers": [{"image": "k8s.example/kube-scheduler:v1.36.3"}]},
        "status": {"containerStatuses": [status]},
    }


@pytest.mark.parametrize(
    ("state", "lately", "why"),
    [
        ({"running": {"startedAt": "2026-03-01T11:59:30Z"}}, True, ""),
        ({"running": {"startedAt": "2026-03-01T11:57:00Z"}}, False, ""),
        ({"waiting": {"reason": "CrashLoopBackOff"}}, False, "CrashLoopBackOff"),
    ],
    ids=["begun just now", "up for minutes", "kept waiting"],
)
def test_what_runs_for_minutes_stays_up(state: dict[str, Any], lately: bool, why: str) -> None:
    (found,) = controllers([pod(state)], NOW)
    assert (found["restarts"], found["lately"], found["why"]) == (6, lately, why)
