# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node's speaker gets, out of the plan. Each filter is documented in the file of its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.render import speaker
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.api import api, whole
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plain import plain
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plans import host, opened


def speaker_files(
    plan: Mapping[str, Any],
    node: str,
    listen_port: int | str | None = None,
    layer2_refresh: int | str | None = None,
    heartbeat_port: int | str | None = None,
    health: str | None = None,
    api_server: Mapping[str, Any] | None = None,
    load_balancer_class: str | None = None,
    ignore_exclude_label: bool = False,
    endpoints: str | None = None,
) -> dict[str, str]:
    """``speaker.render`` of the core; numbers may be text, as extra variables are."""
    options = speaker.Options(
        whole("speaker_files: listen_port", listen_port),
        whole("speaker_files: layer2_refresh", layer2_refresh),
        whole("speaker_files: heartbeat_port", heartbeat_port),
        plain(health) or None,
        None if api_server is None else api("speaker_files", api_server),
        plain(load_balancer_class) or None,
        bool(ignore_exclude_label),
        plain(endpoints) or None,
    )
    return speaker.render(*host("speaker_files", plan, "nodes", node), options)


def speaker_secrets(plan: Mapping[str, Any], node: str) -> list[str]:
    """``speaker.secrets`` of the core; of a host that is no node of the plan, none."""
    return speaker.secrets(opened("speaker_secrets", plan), str(node))


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {"speaker_files": speaker_files, "speaker_secrets": speaker_secrets}
