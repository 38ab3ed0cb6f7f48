# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sub-commands of a program: picks one and loads only what it needs."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence

Commands = Mapping[str, tuple[str, str]]  # name: module with run(arguments) -> exit status, what it does


def pick(program: str, commands: Commands, words: Sequence[str]) -> int:
    """Runs the sub-command that stands first; its exit status, 2 when there is no such one."""
    if not words or words[0] not in commands:
        asked = list(words[:1]) in (["-h"], ["--help"])
        (sys.stdout if asked else sys.stderr).write(_usage(program, commands))
        return 0 if asked else 2
    status: int = importlib.import_module(commands[words[0]][0]).run(list(words[1:]))
    return status


def _usage(program: str, commands: Commands) -> str:
    width = max(map(len, commands))
    lines = [f"  {name:{width}} {text}" for name, (_unused, text) in commands.items()]
    return f"usage: {program} COMMAND [--help]\n\n" + "\n".join(lines) + "\n"
