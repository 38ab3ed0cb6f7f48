# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A peer whose receive window is full: who else notices, and when it is given up (RFC 9687).

``added_ms``: from a prefix that is announced to its route at the other peer, the router.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

from faults.bgp import Outcome, merged
from faults.looks import Moments, flaps, senders
from faults.measures import median
from faults.scene import Scene
from faults.theatre import FAMILIES, HERE, ROUTER_ASN, started
from interop.stage import Host
from processes import until

SINGLES = 9  # prefixes of each family that are added while the window is full
BUFFER = 16384  # octets that the node's kernel takes for a connection
MEMORY = re.compile(r"skmem:\S*,tb(\d+),\S*,w(\d+),")
GIVEN_UP = 500.0  # seconds: RFC 9687 proposes 8 minutes


class DeafScene(Scene):
    """A node with a second peer, which never reads; so much is announced that its window is full."""

    def peers(self) -> Mapping[str, Host]:
        """The router, and the one that never reads."""
        self.host.run("sysctl", "-qw", f"net.ipv4.tcp_wmem=4096 {BUFFER} {BUFFER}")  # of IPv6 too
        deaf = self.theatre.stage.host("deaf")
        started(deaf, self.stack, HERE / "deaf.py", str(ROUTER_ASN), deaf.ipv4, deaf.ipv6)
        return {**super().peers(), "deaf": deaf}

    def settle(self) -> None:
        """Waits until nothing moves any more: the router has everything, the other one takes no more."""
        super().settle()
        for family in FAMILIES:
            until(lambda family=family: self.full(family), f"a full window over {family}")

    def full(self, family: str) -> bool:
        """Whether the node's kernel takes no more octets for the peer: a third of the buffer must be free for that."""
        address = self.speaker.peers["deaf"].address(family)
        told = self.host.run("ss", "-Htnm", "state", "established", "dst", f"[{address}]")
        return any(3 * int(queued) > 2 * int(size) for size, queued in MEMORY.findall(told))


def window_full(scene: Scene) -> Outcome:
    """Prefixes are added one by one while the window of one peer is full; measured is when the other one has each."""
    frr = scene.theatre.frr
    before = flaps(frr, scene.host)
    took: dict[str, list[float]] = {family: [] for family in FAMILIES}
    fresh = scene.theatre.terms._replace(routes=SINGLES).prefixes(first=scene.theatre.terms.routes)
    for number in range(SINGLES):
        for family in FAMILIES:
            prefix = fresh[family][number]
            begun = time.monotonic()
            scene.speaker.announce({family: [prefix]})
            while not senders(frr.vty, family, prefix):
                time.sleep(0.0005)
            took[family].append((time.monotonic() - begun) * 1000)
    after = flaps(frr, scene.host)
    return {family: {"added_ms": median(took[family]), "flaps": after[family] - before[family]} for family in FAMILIES}


def given_up(scene: Scene) -> Outcome:
    """How long the speaker waits for a peer that takes nothing."""
    begun = time.monotonic()
    with Moments(lambda family: not scene.speaker.established("deaf", family), GIVEN_UP) as ended:
        pass
    return merged({family: {} for family in FAMILIES}, ended_ms=ended.since(begun))
