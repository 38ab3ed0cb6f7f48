# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of layer 2: a client on the rack asks for a VIP every 5 ms, by ARP and NDP, and talks to it.

``lost`` and ``gap_ms`` are of solicitations, ``client_lost`` and ``client_gap_ms`` of the client's packets, which go
where its neighbour table says.
"""

from __future__ import annotations

import time
from typing import Callable

from faults.bgp import KIND, SETTLE, Outcome
from faults.probes import Probes, Record
from faults.rack import VIP, Rack
from faults.theatre import FAMILIES
from interop.stage import Host, ip

WAY = dict(zip(FAMILIES, ("arp", "ndp")))
ASKED = {WAY[family]: VIP[family] for family in FAMILIES}
TALKED = {KIND[family]: VIP[family] for family in FAMILIES}
WAIT = 5.0  # seconds that a client's table may need to learn another MAC
OTHER_MAC = "02:00:00:00:99:01"


def killed(rack: Rack) -> Outcome:
    """``kill -9``, and a new process at once."""
    return probed(rack, rack.owner.kill)


def upgraded(rack: Rack) -> Outcome:
    """Another version takes over."""
    return probed(rack, rack.owner.upgrade)


def renamed(rack: Rack) -> Outcome:
    """The node's interface gets another name."""
    return probed(rack, lambda: ip("-n", rack.node.namespace, "link", "set", "rack1", "name", "uplink1"))


def changed_mac(rack: Rack) -> Outcome:
    """The node's interface gets another MAC."""
    return probed(
        rack, lambda: ip("-n", rack.node.namespace, "link", "set", "rack1", "address", OTHER_MAC), WAIT, OTHER_MAC
    )


def enslaved(rack: Rack) -> Outcome:
    """The node's interface becomes a port of a bridge."""
    return probed(rack, lambda: rack.enslave("lan0"), WAIT)


def probed(rack: Rack, act: Callable[[], object], wait: float = 2 * SETTLE, mac: str | None = None) -> Outcome:
    """What the client notices. An answer that was sent after the fault and does not tell ``mac`` is none."""
    return outcome_of(rack.asker, rack.client, act, wait, mac)


def outcome_of(asker: Host, client: Host, act: Callable[[], object], wait: float, mac: str | None = None) -> Outcome:
    """What a host that asks and a client that talks notice, until so many seconds after the fault."""
    with Probes(asker, ASKED) as asked, Probes(client, TALKED) as talked:
        act()
        over = time.monotonic()
        time.sleep(wait)
    found: Outcome = {}
    for family in FAMILIES:
        solicited = right(asked.records[WAY[family]], over, mac)
        served = talked.records[KIND[family]]
        found[family] = {
            "lost": solicited.lost,
            "gap_ms": solicited.gap_ms,
            "client_lost": served.lost,
            "client_gap_ms": served.gap_ms,
        }
    return found


def right(record: Record, since: float, mac: str | None) -> Record:
    """The record without answers to what was asked after a moment that tell another MAC."""
    if mac is None:
        return record
    told = zip(record.sent, record.answered, record.by)
    return record._replace(answered=[None if sent >= since and by != mac else at for sent, at, by in told])
