# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What filters are given beside a plan, as plain values: an API server, whole numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.render.kubeconfig import Api
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plain import plain

_KEYS = ("namespace", "server", "certificate_authority", "tls_server_name")


def api(face: str, given: Mapping[str, Any]) -> Api:
    """An API server. Raises AnsibleFilterError when something is missing."""
    values = plain(given) if isinstance(given, Mapping) else {}
    namespace, server, authority, name = (str(values.get(key) or "") for key in _KEYS)
    for key, value in (("namespace", namespace), ("server", server)):
        if not value:
            raise AnsibleFilterError(f"{face}: the API server has no {key}; give {', '.join(_KEYS)}")
    return Api(namespace, server, authority, name)


def whole(name: str, value: int | str | None) -> int | None:
    """``value`` as a number; empty text is none. What range is right, the daemon knows."""
    if value is None or value == "":
        return None
    if isinstance(value, (int, str)) and not isinstance(value, bool) and re.fullmatch("[0-9]+", str(value), re.ASCII):
        return int(value)
    raise AnsibleFilterError(f"{name}: a whole number is expected, not {plain(value)!r}")
