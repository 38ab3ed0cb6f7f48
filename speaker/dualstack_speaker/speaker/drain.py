# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``dualstack-speaker drain``: takes the node out of service (RFC 8326)."""

from __future__ import annotations

import sys

from ..observe import program
from ..observe.asking import ask, reason
from .config import DEFAULT_PATH, Config, load

DELAY = 60.0  # seconds; routers have the worse routes until then, and take others


def run(arguments: list[str]) -> int:
    """The exit status: 0 when ``wire`` does it, 1 when it does not, 2 for a bad configuration."""
    does = "Tells routers to prefer others, then withdraws. Ends with undrain."
    parser = program.parser("dualstack-speaker drain", does, DEFAULT_PATH)
    parser.add_argument(
        "--delay", type=float, default=DELAY, help="seconds until everything is withdrawn (default: %(default)s)"
    )
    options = parser.parse_args(arguments)
    done = "all routes are withdrawn, the sessions stay. "
    if options.delay > 0:
        done = f"routers are told to prefer other nodes; in {options.delay:g} s {done}"
    done += "Layer-2 addresses move at once to nodes whose heartbeats are heard. dualstack-speaker undrain ends it."
    return program.configured(load, options, lambda config: tell(config, True, options.delay, done))


def tell(config: Config, on: bool, delay: float, done: str) -> int:
    """Asks ``wire`` for it; ``done`` is what is said when it does it."""
    try:
        answer = ask(config.wire_socket, {"op": "drain", "seq": 1, "on": on, "delay": delay})
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{config.wire_socket}: {reason(error)}\n")
        return 1
    if not answer.get("ok"):
        sys.stderr.write(f"wire refused: {answer.get('error')}\n")
        return 1
    sys.stdout.write(f"{config.node}: {done}\n")
    return 0
