# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why the values of a plan are what they are. Each filter is documented in the file of its name."""

from __future__ import annotations

from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.explaining import text
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.explaining.explain import Explainer
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.explaining.origins import Origins
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.explaining.paths import UnknownPath
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plain import plain


def explain(plan: Any, path: Any, everything: Any = False) -> dict[str, Any]:
    """The explanation as a dict."""
    try:
        explainer = _explainer(plan)
        found = explainer.explain(_path(path)).as_dict()
        if _flag(everything):
            found["everything"] = Origins(explainer).of(explainer.tree.read(_path(path)))
    except UnknownPath as problem:
        raise AnsibleFilterError(f"explain: {problem}") from None
    return found


def explain_text(plan: Any, path: Any, everything: Any = False) -> list[str]:
    """The explanation as lines."""
    try:
        return text.text(_explainer(plan), _path(path), _flag(everything))
    except UnknownPath as problem:
        raise AnsibleFilterError(f"explain_text: {problem}") from None


def _explainer(plan: Any) -> Explainer:
    if not isinstance(plan := plain(plan), dict):
        raise UnknownPath("give the plan, as the module plan returns it")
    return Explainer(plan)


def _path(path: Any) -> str:
    if not isinstance(path, str):
        raise UnknownPath(f"a path is text, not {type(path).__name__}")
    return str(plain(path))


def _flag(everything: Any) -> bool:
    if not isinstance(everything, bool):
        raise UnknownPath("everything is true or false, without quotes")
    return everything


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {"explain": explain, "explain_text": explain_text}
