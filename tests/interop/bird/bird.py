# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real BIRD 2 on a box: 2.0.12 (Debian 12) and 2.17 (Debian 13)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from interop.router.box import Box

PATH = "/etc/bird/bird.conf"


class Bird:
    """BIRD with a rendered configuration, into which the values of the secrets are put as its team would."""

    def __init__(self, box: Box, text: str, secrets: Mapping[str, str]) -> None:
        self.box = box
        for name, value in secrets.items():
            text = text.replace(f"@secret:{name}@", value)
        box.write(PATH, text)
        box.run("mkdir", "-p", "/run/bird")
        box.run("bird", "-c", PATH)

    def ask(self, command: str) -> str:
        """What BIRD answers."""
        return self.box.run("birdc", *command.split())

    def route(self, prefix: str) -> str:
        """All that BIRD knows of a prefix; empty when it has none."""
        shown = self.ask(f"show route where net = {prefix} all")
        return shown if prefix in shown else ""

    def up(self) -> int:
        """How many BGP sessions are established."""
        return len(re.findall(r"^\S+ +BGP .* Established", self.ask("show protocols"), re.M))

    def bfd(self) -> dict[str, str]:
        """Per address the state of its BFD session."""
        return dict(re.findall(r"^([0-9a-f.:]+) +\S+ +(Up|Down|Init|AdminDown) ", self.ask("show bfd sessions"), re.M))

    def kernel(self, prefix: str) -> list[dict[str, Any]]:
        """The kernel's routes for a prefix."""
        family = "-6" if ":" in prefix else "-4"
        found: list[dict[str, Any]] = json.loads(self.box.run("ip", family, "-j", "route", "show", "exact", prefix))
        return found


def problems(box: Box, text: str) -> str:
    """What BIRD's own check says of a configuration; empty when it takes it. Raises AssertionError when it refuses."""
    box.write(PATH, text)
    return box.run("/bin/sh", "-c", f"bird -p -c {PATH} 2>&1")
