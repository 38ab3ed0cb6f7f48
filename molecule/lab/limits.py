# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine's limit of inotify instances: a host with systemd uses about eight, the usual limit is 128 for all.

The limit is raised while labs need it, and put back with the last one on this machine.
"""

from __future__ import annotations

import sys
from pathlib import Path

from . import cgroups, paths

LIMIT = Path("/proc/sys/fs/inotify/max_user_instances")
NEEDED = 1024


def raise_inotify() -> None:
    with paths.locked(paths.labs() / ".inotify.lock", "waiting for another lab"):
        now = int(LIMIT.read_text())
        if now >= NEEDED:
            return
        _saved().write_text(str(now))
        LIMIT.write_text(str(NEEDED))
    print(
        f"lab: fs.inotify.max_user_instances raised from {now} to {NEEDED} until the last lab is gone", file=sys.stderr
    )


def put_back_inotify() -> None:
    with paths.locked(paths.labs() / ".inotify.lock", "waiting for another lab"):
        if not _saved().exists() or any(group for base in cgroups.hierarchies() for group in base.glob("dslab-*")):
            return
        if int(LIMIT.read_text()) == NEEDED:
            LIMIT.write_text(_saved().read_text())
        _saved().unlink()


def _saved() -> Path:
    return paths.labs() / ".inotify"
