# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of BGP share: a peer to vary, and a session that stands."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from dualstack_speaker.base.addresses import parse
from dualstack_speaker.base.model import Peer

MakePeer = Callable[..., Peer]


@pytest.fixture
def make_peer() -> MakePeer:
    """An eBGP peer over IPv4 that carries both families, varied by keywords."""

    def make(**changes: Any) -> Peer:
        plain = Peer(
            local_asn=64512,
            peer_asn=64500,
            address=parse("10.0.1.1"),
            port=179,
            source_address=parse("10.0.1.11"),
            router_id=parse("10.0.1.11"),
            hold_time=9,
            keepalive_time=3.0,
            connect_retry=5.0,
            password=None,
            families=("ipv4", "ipv6"),
            next_hop_ipv4=parse("10.0.1.11"),
            next_hop_ipv6=parse("2001:db8:dc:1::11"),
            multihop=False,
        )
        return plain._replace(**changes)

    return make
