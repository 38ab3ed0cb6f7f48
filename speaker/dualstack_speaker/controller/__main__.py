# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``dualstack-controller``: its sub-commands."""

from __future__ import annotations

import sys

from ..observe.commands import pick

COMMANDS = {
    "controller": ("dualstack_speaker.controller.main", "hand out addresses to Services (a daemon)"),
    "status": ("dualstack_speaker.controller.status", "show who is active, Services that wait, pools"),
}


def main(arguments: list[str] | None = None) -> int:
    """Runs a sub-command; its exit status, 2 when there is no such one."""
    return pick("dualstack-controller", COMMANDS, sys.argv[1:] if arguments is None else arguments)


if __name__ == "__main__":
    sys.exit(main())
