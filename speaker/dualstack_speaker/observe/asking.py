# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One question to a daemon's unix socket, one line of JSON back."""

from __future__ import annotations

import json
import socket
from typing import Any

_PATIENCE = 10.0  # seconds


def ask(path: str, request: dict[str, Any] | None) -> Any:
    """The answer; without a request, what the socket says to everybody. Raises OSError and ValueError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(_PATIENCE)
        sock.connect(path)
        sock.sendall(json.dumps(request or {}).encode() + b"\n")
        with sock.makefile("rb") as stream:
            return json.loads(stream.readline())


def reason(error: Exception) -> str:
    """An error in the system's words."""
    return getattr(error, "strerror", None) or str(error)
