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


def loser(
    peer: Peer, negotiated: Negotiated, opened: Connection, all_of_them: Iterable[Connection]
) -> Connection | None:
    """What has to go now that the peer's OPEN came on the connection ``opened``; None while nothing collides.

    An established connection is kept. Otherwise the one stays that was made by the side with the higher router ID, or
    ASN where the IDs are the same; one that has not heard the peer's OPEN yet is not judged before it has.
    """
    for other in all_of_them:
        if other is opened:
            continue
        if other.state is State.ESTABLISHED:
            return opened
        if other.state is State.OPEN_CONFIRM:
            ours, theirs = (peer.router_id, peer.local_asn), (negotiated.identifier, negotiated.peer_asn)
            return other if other.incoming is (ours > theirs) else opened
    return None
