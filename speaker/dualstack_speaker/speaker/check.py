# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``dualstack-speaker check``: a configuration and a folder of resources, before they are used. Touches nothing."""

from __future__ import annotations

import argparse
import sys

from dualstack.findings import has_errors

from ..observe.config_file import ConfigError
from ..sources import addresses
from .agent import Agent
from .config import DEFAULT_PATH, load

OF_THE_HOST = ("no-next-hop",)  # wrong with the host as it is now, not with what is checked: said, and no refusal

KEPT = (
    ", without what is refused; the daemon withdraws nothing because of that: it goes on with the last version of each "
    "object that was good"
)


def run(arguments: list[str]) -> int:
    """The exit status: 0 when sound, 1 when something is wrong with the resources, 2 for a bad configuration."""
    parser = argparse.ArgumentParser(prog="dualstack-speaker check", description="Checks configuration and resources.")
    parser.add_argument("--config", default=DEFAULT_PATH, help="configuration file (default: %(default)s)")
    parser.add_argument("--resources", help="folder of resources, instead of that of the configuration")
    options = parser.parse_args(arguments)
    try:
        config = load(options.config)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if options.resources:
        config = config._replace(resources=options.resources)
    agent = Agent(config, lambda state, complete: None)
    agent.interfaces(addresses.interfaces(config.addresses))
    agent.scan()
    findings = agent.findings()
    for finding in findings:
        sys.stderr.write(f"{finding}\n")
    desired = agent.decision.desired
    counts = ", ".join(f"{len(desired[part])} {part}" for part in desired)
    sys.stdout.write(f"{config.node}: {counts}{KEPT if agent.loaded and not agent.complete else ''}\n")
    refusing = [finding for finding in findings if finding.id not in OF_THE_HOST]
    return 1 if has_errors(refusing) or not agent.loaded else 0
