# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node's speaker gets, out of the plan. Each filter is documented in the file of its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.render import speaker
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plain import plain
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plans import host


def speaker_files(
    plan: Mapping[str, Any], node: str, listen_port: int | None = None, layer2_refresh: int | None = None
) -> dict[str, str]:
    """``speaker.render`` of the core."""
    return speaker.render(*host("speaker_files", plan, "nodes", node), listen_port, layer2_refresh)


def speaker_secrets(plan: Mapping[str, Any], node: str) -> list[str]:
    """``speaker.secrets`` of the core; of a host that is no node of the plan, none."""
    return speaker.secrets(plain(plan), str(node))


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {"speaker_files": speaker_files, "speaker_secrets": speaker_secrets}
