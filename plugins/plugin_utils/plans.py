# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan at the door of the filters that render something out of it.

What one host is told follows from few parts of a plan. To rebuild all of it as plain Python takes most of a filter's
time, and templates call filters once for each reference; so a part is rebuilt when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plain import plain


class Opened(Mapping[str, Any]):
    """A plan whose parts (its first level) are plain Python, each from the moment on in which it is read."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self._given = plan
        self._parts: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        if key not in self._parts:
            self._parts[key] = plain(self._given[key])
        return self._parts[key]

    def __iter__(self) -> Iterator[str]:
        return map(plain, self._given)

    def __len__(self) -> int:
        return len(self._given)


def opened(face: str, plan: Any) -> Opened:
    """The plan, to be read by ``face``, a filter. Raises AnsibleFilterError for what is none."""
    if not isinstance(plan, Mapping):
        raise AnsibleFilterError(f"{face}: this is no plan; give what the module baremetal.dualstack.plan returns")
    return Opened(plan)


def host(face: str, plan: Mapping[str, Any], group: str, name: str) -> tuple[Opened, str]:
    """The plan, opened, and the name.

    ``group`` is ``nodes`` or ``routers``. Raises AnsibleFilterError, in which ``face`` is the filter, when the plan has
    no such host there.
    """
    known = list(plan.get(group, {})) if isinstance(plan, Mapping) else []
    if name not in known:
        have = ", ".join(known) or "none"
        raise AnsibleFilterError(f"{face}: the plan has no {group[:-1]} {str(name)!r}; it has {have}")
    return opened(face, plan), str(name)
