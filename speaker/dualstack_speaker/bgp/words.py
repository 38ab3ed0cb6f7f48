# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a session says of itself in plain words: why it is down, what to look at."""

from __future__ import annotations

from collections.abc import Iterable

from ..base.model import Peer

NOT_LISTENING = "listen_port is not set in wire.json"
CHANGED = "configuration changed"
COLLISION = "the peer had dialled as well: another connection is kept"
PEER_RESTARTED = "the peer has restarted: it made a new connection"
REPLACED = "the process is being replaced"


def silence(peer: Peer) -> str:
    """Nobody answered a dial."""
    return f"no answer from {peer.where} port {peer.port}{_doubts(peer)}"


def unheard(peer: Peer, doubtful: bool) -> str:
    """The hold time is over. ``doubtful``: nothing was ever heard on this connection."""
    return f"hold timer expired: nothing heard from {peer.where}{_doubts(peer) if doubtful else ''}"


def stuck(peer: Peer) -> str:
    """The send hold time is over."""
    return f"send hold timer expired: {peer.where} takes no data"


def waiting(peer: Peer, deaf: str) -> str:
    """A passive peer has not come yet; ``deaf``: why it can't."""
    text = f"passive: waits for {peer.where} to connect"
    return f"{text}, but nothing listens here: {deaf}" if deaf else text + _doubts(peer)


def missing(peer: Peer, carried: Iterable[str]) -> str:
    """Established, but not with all families; empty when it is."""
    names = [name for name in peer.families if name not in carried]
    if not names:
        return ""
    text = f"peer does not carry {', '.join(names)}: activate it for us there"
    return text + (", with an IPv6 next hop for IPv4 (RFC 8950)" if "ipv4" in names and peer.extended_next_hop else "")


def _doubts(peer: Peer) -> str:
    """What both sides must have alike, or the other one is not heard at all."""
    shared = ["the TCP MD5 password"] if peer.password else []
    shared += ["ttl_security"] if peer.ttl_security is not None else []
    return "".join(f"; is {term} the same on both sides?" for term in shared)
