# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``dualstack-speaker undrain``: takes the node back into service."""

from __future__ import annotations

import argparse

from .config import DEFAULT_PATH
from .drain import tell


def run(arguments: list[str]) -> int:
    """The exit status, as of ``drain``."""
    parser = argparse.ArgumentParser(prog="dualstack-speaker undrain", description="Announces as before a drain.")
    parser.add_argument("--config", default=DEFAULT_PATH, help="configuration file (default: %(default)s)")
    done = "in service: all routes are announced as before a drain, at once."
    return tell(parser.parse_args(arguments).config, False, 0.0, done)
