# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All fuzzers, and their shares of the inputs."""

from __future__ import annotations

from fuzz.bfd_sessions import BfdSessions
from fuzz.bgp_session import BgpSession
from fuzz.discovery import Discovery
from fuzz.election import Elections
from fuzz.engine import Fuzzer
from fuzz.handover import Handover
from fuzz.heartbeat import Heartbeats
from fuzz.kubernetes import Kubeconfig, Watching
from fuzz.layer2 import Layer2
from fuzz.link import Journal, Link
from fuzz.resources import Objects

FUZZERS: list[tuple[Fuzzer, int]] = [
    (BgpSession(), 30),
    (BfdSessions(), 20),
    (Layer2(arp=True), 12),
    (Layer2(arp=False), 12),
    (Discovery(), 8),
    (Link(), 8),
    (Journal(), 4),
    (Handover(), 4),
    (Objects(), 56),
    (Watching(), 26),
    (Kubeconfig(), 6),
    (Heartbeats(), 12),
    (Elections(), 8),
]
