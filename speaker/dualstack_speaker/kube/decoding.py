# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON in octets to plain data and back, by orjson where it is installed: it is quicker, and no more."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from typing import Any


def _quick() -> tuple[Callable[[bytes], Any], Callable[[Any], bytes]] | None:
    try:
        module = importlib.import_module("orjson")
    except ImportError:
        return None
    return module.loads, module.dumps


def _loads(text: bytes) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("the JSON is nested too deep") from None


def _dumps(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


decode, encode = _quick() or (_loads, _dumps)
