# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``dualstack-speaker undrain``: takes the node back into service."""

from __future__ import annotations

import contextlib
import sys

from dualstack.resources.extensions import DRAIN

from ..observe import program
from ..observe.asking import ask
from .config import DEFAULT_PATH, Config, load
from .drain import tell


def run(arguments: list[str]) -> int:
    """The exit status, as of ``drain``; 1 also while the Node's annotation asks for the drain, which would win."""
    options = program.parser("dualstack-speaker undrain", "Announces as before a drain.", DEFAULT_PATH)
    return program.configured(load, options.parse_args(arguments), undrain)


def undrain(config: Config) -> int:
    """Ends the drain, unless the Node's annotation asks for it; the exit status."""
    with contextlib.suppress(OSError, ValueError, KeyError):  # told below
        if ask(config.wire_socket, {"op": "status", "seq": 1})["status"].get("drain_by_annotation"):
            fix = f"Take it off: kubectl annotate node {config.node} {DRAIN}-"
            sys.stderr.write(f"{config.node}: the annotation {DRAIN} of the Node keeps it out of service. {fix}\n")
            return 1
    return tell(config, False, 0.0, "in service: all routes are announced as before a drain, at once.")
