# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a session and its peer say in plain words: why it is down, what to look at.

What a peer writes itself (RFC 9003) is shown without characters that could do anything to a terminal or a log.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..base.addresses import show
from ..base.model import Peer
from . import iana

NOT_LISTENING = "listen_port is not set in wire.json"
CHANGED = "configuration changed"
REMOVED = "peer removed"
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


def said(body: bytes, peer: Peer) -> str:
    """A received NOTIFICATION's body (at least 2 octets)."""
    code, subcode, data = body[0], body[1], body[2:]
    if (code, subcode) == (iana.CEASE, iana.HARD_RESET) and len(data) >= 2:  # RFC 8538 section 3.1
        return f"{said(data, peer)}, hard reset"
    text = iana.describe(code, subcode) + _detail(code, subcode, data)
    return f"{_meaning(code, subcode, data, peer)}; {text}"


def _meaning(code: int, subcode: int, data: bytes, peer: Peer) -> str:
    """What it means for the two of us."""
    them = "peer" if peer.peer_asn is None else f"peer AS {peer.peer_asn}"
    if (code, subcode) == (iana.OPEN_ERROR, iana.BAD_PEER_AS):
        old = peer.local_asn > 0xFFFF and int.from_bytes(data, "big") == iana.AS_TRANS
        seen = f" (it saw {iana.AS_TRANS}: it knows no 4-octet ASNs)" if old else ""
        return f"{them} refused us: our ASN is {peer.local_asn}, it expects another one{seen}"
    if (code, subcode) == (iana.OPEN_ERROR, iana.BAD_CAPABILITY):
        return f"{them} refused a capability of ours, or demands one that we do not have"
    if (code, subcode) == (iana.OPEN_ERROR, iana.BAD_IDENTIFIER):
        return f"{them} refused our router ID {show(peer.router_id)}: is it its own as well?"
    if (code, subcode) == (iana.OPEN_ERROR, iana.BAD_HOLD_TIME):
        return f"{them} refused our hold time of {peer.hold_time} s"
    if code == iana.HOLD_EXPIRED:
        return f"{them} has not heard from us for its hold time"
    if code == iana.SEND_HOLD_EXPIRED:
        return f"{them} could not send to us"
    return f"{them} closed the session"


def _detail(code: int, subcode: int, data: bytes) -> str:
    """What stands behind the two numbers."""
    if code != iana.CEASE or not data:
        return ""
    if subcode == iana.TOO_MANY_PREFIXES and len(data) == 7:
        name = iana.FAMILY_OF.get((data[0] << 8 | data[1], data[2]), "a family that we do not carry")
        return f": it takes {int.from_bytes(data[3:], 'big')} of {name}"
    if subcode not in iana.WITH_A_TEXT or not data[0]:
        return ""
    if data[0] > len(data) - 1:
        return ", with a text of a wrong length"
    words = data[1 : 1 + data[0]].decode("utf-8", "replace")
    return ': "' + "".join(char if char.isprintable() else "?" for char in words) + '"'


def _doubts(peer: Peer) -> str:
    """What both sides must have alike, or the other one is not heard at all."""
    shared = ["the TCP MD5 password"] if peer.password else []
    shared += ["ttl_security"] if peer.ttl_security is not None else []
    return "".join(f"; is {term} the same on both sides?" for term in shared)
