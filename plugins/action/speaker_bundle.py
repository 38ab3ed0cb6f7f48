# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bundles the daemons inside of Ansible: where nothing is written, no process need be started for it."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

from ansible_collections.baremetal.dualstack.plugins.module_utils import bundle


class ActionModule(ActionBase):
    """The module's work, or with ``dest`` the module."""

    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """The bundles."""
        outcome: dict[str, Any] = super().run(tmp, task_vars)
        _unused, given = self.validate_argument_spec(argument_spec=bundle.ARGUMENTS)
        if given["dest"]:
            return dict(self._execute_module(task_vars=task_vars))
        try:
            bundles = bundle.every(given["collection"])
        except OSError as error:
            raise AnsibleError(bundle.UNREADABLE.format(error)) from None
        return {
            **outcome,
            "changed": False,
            "diff": {"before": "", "after": ""},
            **bundle.result(bundles, given["contents"]),
        }
