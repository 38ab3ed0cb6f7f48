# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the rules about ASNs and timers."""

from __future__ import annotations

from cases import BOTH, Case, put

CASES = [
    Case("asn-reserved", BOTH, put("tor1: dualstack_host.asn", 23456), "tor1: dualstack_host.asn"),
    Case("asn-reserved", BOTH, put("dualstack.fabric.node_asn", 65535), "dualstack.fabric.node_asn"),
    Case("timers-keepalive", BOTH, put("dualstack.fabric.timers.keepalive", 4), "dualstack.fabric.timers.keepalive"),
    Case(
        "timers-keepalive",
        BOTH,
        put("dualstack.fabric.peer_groups.racks.timers", {"hold": 6}),
        "dualstack.fabric.peer_groups.racks.timers.keepalive",
    ),
]
