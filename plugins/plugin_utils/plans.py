# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan at the door of the filters that render something for one of its hosts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plain import plain


def host(face: str, plan: Mapping[str, Any], group: str, name: str) -> tuple[dict[str, Any], str]:
    """The plan and the name as plain Python.

    ``group`` is ``nodes`` or ``routers``. Raises AnsibleFilterError, in which ``face`` is the filter, when the plan has
    no such host there.
    """
    known = list(plan.get(group, {})) if isinstance(plan, Mapping) else []
    if name not in known:
        have = ", ".join(known) or "none"
        raise AnsibleFilterError(f"{face}: the plan has no {group[:-1]} {str(name)!r}; it has {have}")
    return plain(plan), str(name)
