# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields of Kubernetes objects under the names that an intent has for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def renamed(spec: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The fields of ``spec`` that are stated, in the order of ``names`` (field → key of the intent)."""
    return {key: spec[field] for field, key in names.items() if field in spec}
