# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module ``evidence`` and shows its table on the terminal as a table, not as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

COLOURS = (("✗", "red"), ("✓", "green"))


class ActionModule(ActionBase):
    """The module, and the table on the terminal."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module; show the table, or only its last line when brief and not green."""
        super().run(tmp, task_vars)
        result: dict[str, Any] = self._execute_module(task_vars=task_vars)
        self._show(result)
        return result

    def _show(self, result: Mapping[str, Any]) -> None:
        lines = list(result.get("table") or [])
        if result.get("brief") and not result.get("green"):
            lines = lines[-1:]
        for line in lines:
            sign = next((colour for sign, colour in COLOURS if sign in line), None)
            last = ("green" if result.get("green") else "red") if line is lines[-1] else None
            Display().display(line, color=last or sign)
