# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What components of Kubernetes are told on a host. Each filter is documented in the file of its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.components import settings
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.findings import nearest
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plans import opened


def component_settings(plan: Mapping[str, Any], component: str, node: str) -> dict[str, Any]:
    """``components.settings.settings`` of the core."""
    given, name, host = opened("component_settings", plan), str(component), str(node)
    if name not in settings.COMPONENTS:
        raise AnsibleFilterError(
            f"component_settings: {name!r}: unknown component; {nearest(name, settings.COMPONENTS)}"
        )
    if host not in given.get("nodes", {}):
        raise AnsibleFilterError(f"component_settings: the plan has no node {host!r}; {nearest(host, given['nodes'])}")
    try:
        return settings.settings(given, name, host)
    except ValueError as problem:
        raise AnsibleFilterError(f"component_settings: {problem}") from None


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {"component_settings": component_settings}
