# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node's speaker gets, out of the plan. Each filter is documented in the file of its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.render import speaker
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plain import plain
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plans import host


def speaker_files(
    plan: Mapping[str, Any], node: str, listen_port: int | str | None = None, layer2_refresh: int | str | None = None
) -> dict[str, str]:
    """``speaker.render`` of the core; numbers may be text, as extra variables are."""
    numbers = _whole("listen_port", listen_port), _whole("layer2_refresh", layer2_refresh)
    return speaker.render(*host("speaker_files", plan, "nodes", node), *numbers)


def _whole(name: str, value: int | str | None) -> int | None:
    """``value`` as a number; empty text is none. What range is right, the daemon knows."""
    if value is None or value == "":
        return None
    if isinstance(value, (int, str)) and not isinstance(value, bool) and re.fullmatch("[0-9]+", str(value), re.ASCII):
        return int(value)
    raise AnsibleFilterError(f"speaker_files: {name}: a whole number is expected, not {plain(value)!r}")


def speaker_secrets(plan: Mapping[str, Any], node: str) -> list[str]:
    """``speaker.secrets`` of the core; of a host that is no node of the plan, none."""
    return speaker.secrets(plain(plan), str(node))


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {"speaker_files": speaker_files, "speaker_secrets": speaker_secrets}
