# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection that cannot be taken makes wire pause, neither busy nor deaf."""

from __future__ import annotations

import os
import resource

from processes import Link, Wire, until


def test_without_a_free_file_it_waits_for_one(wire: Wire) -> None:
    assert wire.process is not None
    number = wire.process.pid
    taken = {int(name) for name in os.listdir(f"/proc/{number}/fd")}
    free = next(handle for handle in range(len(taken) + 1) if handle not in taken)
    before = resource.prlimit(number, resource.RLIMIT_NOFILE)
    resource.prlimit(number, resource.RLIMIT_NOFILE, (free, before[1]))
    waiting = Link(wire.path)
    line = 'event="connection not taken" reason="too many open files"'
    until(lambda: line in wire.log.read_text(), line)
    until(lambda: wire.log.read_text().count(line) > 1, "another look a second later")
    assert wire.log.read_text().count(line) <= 10 and "suppressed" not in wire.log.read_text()
    resource.prlimit(number, resource.RLIMIT_NOFILE, before)
    assert waiting.ask("status")["ok"]
    waiting.close()
