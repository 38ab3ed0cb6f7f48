# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a container may do whose pod has the seccomp profile RuntimeDefault and some capabilities."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def rights(capabilities: Iterable[str], user: int = 0) -> list[str]:
    """The command that runs another one with these capabilities (``NET_RAW``) alone, which it can't add to."""
    kept = ",".join(["-all", *(f"+{name.lower()}" for name in capabilities)])
    identity = [f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    return ["setpriv", *identity, "--no-new-privs", f"--bounding-set={kept}", "--inh-caps=-all"]


def profile(folder: str = str(FOLDER)) -> list[str]:
    """The command that runs another one under the profile; ``folder``: where this one lies for it."""
    return ["/usr/bin/python3", f"{folder}/launch.py"]
