# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible callback: how long each task took on each host, from its start there to its result; JSON in $TASK_SECONDS."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """Seconds by host and task."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "task_seconds"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._began: dict[tuple[str, str], float] = {}
        self._taken: list[tuple[str, str, float]] = []

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """A task begins on a host."""
        self._began[host.get_name(), task._uuid] = time.monotonic()

    def _ended(self, result: Any, **_unused: Any) -> None:
        host, task = result._host.get_name(), result._task
        since = time.monotonic() - self._began.pop((host, task._uuid), time.monotonic())
        self._taken.append((host, task.get_name(), since))

    v2_runner_on_ok = v2_runner_on_failed = v2_runner_on_skipped = v2_runner_on_unreachable = _ended

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """The end of the run."""
        with open(os.environ["TASK_SECONDS"], "w", encoding="utf-8") as file:
            json.dump(self._taken, file)
