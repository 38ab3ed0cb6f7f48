# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``dualstack-speaker``: picks the sub-command and loads only what it needs."""

from __future__ import annotations

import importlib
import sys

COMMANDS = {  # name: module with run(arguments) -> exit status, what it does
    "wire": ("dualstack_speaker.wire.main", "keep the BGP, ARP and NDP sockets (a daemon)"),
    "speaker": ("dualstack_speaker.speaker.main", "decide what this node announces (a daemon)"),
    "check": ("dualstack_speaker.speaker.check", "check a configuration and its resources"),
    "drain": ("dualstack_speaker.speaker.drain", "take this node out of service: its routes become the worst, then go"),
    "undrain": ("dualstack_speaker.speaker.undrain", "take this node back into service"),
    "status": ("dualstack_speaker.speaker.status", "show sessions, VIPs and announcers"),
}


def main(arguments: list[str] | None = None) -> int:
    """Runs a sub-command; its exit status, 2 when there is no such one."""
    words = sys.argv[1:] if arguments is None else arguments
    if not words or words[0] not in COMMANDS:
        asked = words[:1] in (["-h"], ["--help"])
        (sys.stdout if asked else sys.stderr).write(_usage())
        return 0 if asked else 2
    status: int = importlib.import_module(COMMANDS[words[0]][0]).run(words[1:])
    return status


def _usage() -> str:
    lines = [f"  {name:8} {text}" for name, (_unused, text) in COMMANDS.items()]
    return "usage: dualstack-speaker COMMAND [--help]\n\n" + "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
