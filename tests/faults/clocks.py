# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time of day jumps, as a speaker sees it: an hour forth, then two back. ``other_clock.py`` makes it so.

``asked``: how often the speaker's processes asked for the time of day in the round.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from faults.bgp import Outcome, merged, unnoticed
from faults.looks import senders
from faults.scene import Scene
from faults.speakers import FrrSpeaker, Speaker, WireSpeaker
from faults.theatre import FAMILIES, HERE, Terms, Theatre
from interop.stage import Host
from processes import until

HOUR = 3600
WAIT = 10.0  # seconds after each jump: longer than the hold time


class Clock:
    """The time of day of one program."""

    def __init__(self, folder: Path, program: str) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self.through = [sys.executable, str(HERE / "other_clock.py"), str(folder), program]

    def set(self, offset: int) -> None:
        """So many seconds beside the machine's."""
        fresh = self._folder / "fresh"
        fresh.write_text(str(offset))
        os.replace(fresh, self._folder / "offset")

    @property
    def asked(self) -> int:
        """How often the program asked for it."""
        return int((self._folder / "asked").read_text())


class Clocked(Speaker):
    """A speaker whose processes have clocks."""

    clocks: list[Clock]


class ClockedWire(WireSpeaker, Clocked):
    """``wire`` with a clock of its own."""

    def prefix(self, folder: Path) -> list[str]:
        clock = Clock(folder / "clock", "python3")
        self.clocks = [clock]
        return [*clock.through, *super().prefix(folder)]


class ClockedFrr(FrrSpeaker, Clocked):
    """bgpd and bfdd with clocks of their own."""

    def __init__(self, theatre: Theatre, host: Host, peers: Mapping[str, Host], stack: ExitStack) -> None:
        super().__init__(theatre, host, peers, stack)
        self.frr.save()
        self.frr.finish(signal.SIGTERM, *self.frr.names)
        self.clocks = []
        for name in self.frr.names:
            clock = Clock(theatre.folder / f"clock-{name}", name)
            self.frr.again(name, through=clock.through)
            self.clocks.append(clock)


def jumped(scene: Scene) -> Outcome:
    """An hour forth, two back."""
    clocked = scene.speaker
    assert isinstance(clocked, Clocked)
    before = sum(clock.asked for clock in clocked.clocks)

    def jump() -> None:
        for number, offset in enumerate((HOUR, -HOUR)):
            for clock in clocked.clocks:
                clock.set(offset)
            time.sleep(WAIT)
            fresh = Terms(routes=1).prefixes(first=scene.theatre.terms.routes + number)
            clocked.announce(fresh)
            for family, (prefix,) in fresh.items():
                until(lambda family=family, prefix=prefix: senders(scene.theatre.frr.vty, family, prefix), prefix)

    found = unnoticed(scene, jump)
    asked = sum(clock.asked for clock in clocked.clocks) - before
    return merged(found, asked=dict.fromkeys(FAMILIES, float(asked)))
