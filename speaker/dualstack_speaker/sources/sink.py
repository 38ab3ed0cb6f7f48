# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The seam between a source and what it feeds: the core's Collection fits it, and so may others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from dualstack.resources.model import Key


class Sink(Protocol):
    """Takes objects as plain data, one by one; each call returns whether anything changed by it."""

    def put(self, given: Mapping[str, Any]) -> bool:
        """An object is there or has changed. Raises UnnamedObject."""

    def drop(self, key: Key) -> bool:
        """An object is gone."""
