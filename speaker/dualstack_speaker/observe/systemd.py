# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readiness and watchdog of systemd (sd_notify), by hand: one datagram to the socket that the service manager names."""

from __future__ import annotations

import os
import socket


def notify(text: str, patience: float = 0.0) -> None:
    """Tells the service manager, if there is one. Waits ``patience`` seconds where it does not listen just now."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        sock.settimeout(patience)
        try:
            sock.connect("\0" + path[1:] if path.startswith("@") else path)
            sock.send(text.encode())
        except OSError:
            pass  # a manager that does not listen must not end the announcements


def watchdog_interval() -> float | None:
    """Seconds between signs of life: half of what the service manager allows; None when it watches nobody."""
    allowed = os.environ.get("WATCHDOG_USEC", "")
    if not allowed.isdigit() or os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(allowed) / 2e6


def environment() -> dict[str, str]:
    """What another process needs to speak to the service manager in the place of this one, as variables."""
    names = ("NOTIFY_SOCKET", "WATCHDOG_USEC")
    return {name: os.environ[name] for name in names if name in os.environ}
