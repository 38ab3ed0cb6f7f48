# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``dualstack-speaker check``: a configuration and a folder of resources, before they are used. Touches nothing.

Resources of an API server are not looked at: the server checks them itself, and the running speaker tells of them.
"""

from __future__ import annotations

import sys

from dualstack.findings import has_errors

from ..observe import program
from ..sources import addresses
from ..sources.files import FolderSource
from .agent import Agent, collection
from .config import DEFAULT_PATH, Config, load

OF_THE_HOST = ("no-next-hop",)  # wrong with the host as it is now, not with what is checked: said, and no refusal

KEPT = (
    ", without what is refused; the daemon withdraws nothing because of that: it goes on with the last version of each "
    "object that was good"
)


def run(arguments: list[str]) -> int:
    """The exit status: 0 when sound, 1 when something is wrong with the resources, 2 for a bad configuration."""
    parser = program.parser("dualstack-speaker check", "Checks configuration and resources.", DEFAULT_PATH)
    parser.add_argument("--resources", help="folder of resources, instead of that of the configuration")
    options = parser.parse_args(arguments)
    return program.configured(load, options, lambda config: check(config, options.resources))


def check(config: Config, folder: str | None) -> int:
    """Checks the resources in a folder, that of the configuration unless another is named; the exit status."""
    if config.kubernetes is not None and not folder:
        sys.stdout.write(f"{config.node}: the configuration is sound; resources come from the API server\n")
        return 0
    objects, source = collection(), FolderSource(folder or config.resources)
    agent = Agent(config, source, objects, lambda state, complete, changes: None)
    agent.interfaces(addresses.interfaces(config.addresses))
    source.scan(objects)
    agent.update(objects.touched())
    findings = agent.findings()
    for finding in findings:
        sys.stderr.write(f"{finding}\n")
    desired = agent.decision.desired
    counts = ", ".join(f"{len(desired[part])} {part}" for part in ("peers", "routes", "layer2"))
    sys.stdout.write(f"{config.node}: {counts}{KEPT if agent.loaded and not agent.complete else ''}\n")
    refusing = [finding for finding in findings if finding.id not in OF_THE_HOST]
    return 1 if has_errors(refusing) or not agent.loaded else 0
