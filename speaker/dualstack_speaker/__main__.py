# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``dualstack-speaker``: picks the sub-command and loads only what it needs."""

from __future__ import annotations

import sys

from .observe.commands import pick

COMMANDS = {  # name: module with run(arguments) -> exit status, what it does
    "wire": ("dualstack_speaker.wire.main", "keep the BGP, ARP and NDP sockets (a daemon)"),
    "speaker": ("dualstack_speaker.speaker.main", "decide what this node announces (a daemon)"),
    "check": ("dualstack_speaker.speaker.check", "check a configuration and its resources"),
    "explain": ("dualstack_speaker.speaker.explain", "say why a Service is announced by this node, or why not"),
    "drain": ("dualstack_speaker.speaker.drain", "take this node out of service: its routes become the worst, then go"),
    "undrain": ("dualstack_speaker.speaker.undrain", "take this node back into service"),
    "status": ("dualstack_speaker.speaker.status", "show sessions, VIPs and announcers"),
}


def main(arguments: list[str] | None = None) -> int:
    """Runs a sub-command; its exit status, 2 when there is no such one."""
    return pick("dualstack-speaker", COMMANDS, sys.argv[1:] if arguments is None else arguments)


if __name__ == "__main__":
    sys.exit(main())
