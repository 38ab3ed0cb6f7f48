# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both sides have dialled: which connection is kept (RFC 4271 section 6.8, RFC 6286 section 2.3)."""

from __future__ import annotations

from collections.abc import Iterable

from ..base.model import Peer
from .connection import Connection
from .fsm import State
from .messages import Negotiated

YOUNG = 5.0  # seconds from our OPEN on a connection in which the peer's is to be expected


def loser(
    peer: Peer, negotiated: Negotiated, opened: Connection, all_of_them: Iterable[Connection], now: float
) -> Connection | None:
    """What has to go now that the peer's OPEN came on the connection ``opened``; None while nothing collides.

    An established connection is kept. Otherwise the one stays that was made by the side with the higher router ID, or
    ASN where the IDs are the same. One on which the peer's OPEN has not come is judged too while it is young: the peer
    does the same, and otherwise each side could end the connection that the other one keeps.
    """
    for other in all_of_them:
        if other is opened:
            continue
        if other.state is State.ESTABLISHED:
            return opened
        young = other.state is State.OPEN_SENT and now - other.opened_at < YOUNG
        if young or other.state is State.OPEN_CONFIRM:
            ours, theirs = (peer.router_id, peer.local_asn), (negotiated.identifier, negotiated.peer_asn)
            return other if other.incoming is (ours > theirs) else opened
    return None
