# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``dualstack-speaker status``: sessions, VIPs and announcers, also while one of the processes is down."""

from __future__ import annotations

from typing import Any

from ..observe import program
from ..observe.asking import ask, reason
from .config import DEFAULT_PATH, Config, load
from .tables import render
from .view import Status, drain_of, healthy, heartbeats, interface_list, session_list


def run(arguments: list[str]) -> int:
    """The exit status: 0 when all is well, 1 when something is down or wrong, 2 for a bad configuration."""
    options = program.parser("dualstack-speaker status", "Shows sessions, VIPs, announcers.", DEFAULT_PATH)
    return program.status(options, arguments, load, gather, render, healthy)


def gather(config: Config) -> Status:
    """The status from the speaker, or what ``wire`` alone can tell."""
    try:
        status: Status = ask(config.status_socket, None)
        return status
    except (OSError, ValueError) as error:
        return _of_wire(config, f"{config.status_socket}: the process speaker does not answer: {reason(error)}")


def _of_wire(config: Config, problem: str) -> Status:
    wire: dict[str, Any] | None = None
    link = ""
    try:
        wire = ask(config.wire_socket, {"op": "status", "seq": 1})["status"]
    except (OSError, ValueError, KeyError) as error:
        link = f"{config.wire_socket}: {reason(error)}"
    return {
        "node": config.node,
        "speaker": {"config": "unknown", "errors": [problem], "warnings": []},
        "wire": {"connected": wire is not None, "error": link, "drain": drain_of(wire)},
        "sessions": session_list(wire["sessions"]) if wire else [],
        "vips": [],
        "interfaces": interface_list(wire),
        **heartbeats(wire),
    }
