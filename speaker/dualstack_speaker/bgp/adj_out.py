# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one peer should hold and what it was sent.

UPDATEs are made on demand, so the newest state wins and a slow peer costs no memory.

Per family two maps: ``sent`` (what the peer holds) and ``pending`` (what it should hold instead; None: nothing). A
change back to what was sent takes the pending entry away. Without a session, all is pending.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..base.addresses import FAMILIES, IPV4, prefix_family
from ..base.model import Attributes, Peer
from . import attributes, iana
from .framing import message
from .messages import Negotiated, encode_route_refresh

SLICE = 500  # prefixes made into UPDATEs at a time: what one turn of the event loop may cost
_UNKNOWN = Attributes((), (), -1)  # what a peer holds that another process has not told: like nothing that is wanted
_BODY = iana.MAX_LENGTH - iana.HEADER_LENGTH - 4  # what the two length fields of an UPDATE leave


class _Family:
    def __init__(self) -> None:
        self.sent: dict[bytes, Attributes] = {}
        self.pending: dict[bytes, Attributes | None] = {}
        self.end_of_rib = False  # whether it is still to be sent in this session
        self.repeating = False  # everything is being sent once more: what is the same is pending nevertheless
        self.begin_mark = self.end_mark = False  # of RFC 7313, still to be sent around what is repeated

    def put(self, key: bytes, value: Attributes | None) -> None:
        held = self.sent.get(key)
        if held == value and not (self.repeating and held is not None):
            self.pending.pop(key, None)
        else:
            self.pending[key] = value

    @property
    def wanted(self) -> int:
        more = sum(-1 if value is None else key not in self.sent for key, value in self.pending.items())
        return len(self.sent) + more

    def repeat(self, marked: bool) -> None:
        self.pending = {**self.sent, **self.pending}
        self.repeating = True
        if marked and not self.end_of_rib:  # RFC 7313 section 4: not before End-of-RIB
            self.begin_mark = self.end_mark = True

    def forget_sent(self) -> None:
        self.begin_mark = self.end_mark = False
        if self.sent or self.end_of_rib:
            wanted = {**self.sent, **self.pending}
            self.pending = {key: value for key, value in wanted.items() if value is not None}
            self.sent = {}
            self.end_of_rib = self.repeating = False

    def take(self, count: int) -> dict[Attributes | None, list[bytes]]:
        """Moves up to ``count`` pending prefixes to sent; NLRI by attributes, withdrawals under None."""
        if len(self.pending) <= count:
            batch, self.pending = self.pending, {}
            self.repeating = False
        else:
            keys = [key for key, _unused in zip(self.pending, range(count))]
            batch = {key: self.pending.pop(key) for key in keys}
        groups: dict[Attributes | None, list[bytes]] = {}
        for key, value in batch.items():
            if value is None:
                del self.sent[key]
            else:
                self.sent[key] = value
            groups.setdefault(value, []).append(key[1:])
        return groups


class AdjOut:
    """The routes towards one peer. ``known``: whether they are all there; until then no End-of-RIB is sent."""

    def __init__(self, known: bool = True) -> None:
        self._families = {name: _Family() for name in FAMILIES}
        self._active: tuple[str, ...] = ()
        self._known = known

    def put(self, keys: Iterable[bytes], value: Attributes | None) -> None:
        """The peer should hold these prefixes with these attributes (None: not at all)."""
        for key in keys:
            self._families[prefix_family(key)].put(key, value)

    def up(self, negotiated: Negotiated) -> None:
        """A session with these families begins: everything is sent, then End-of-RIB per family."""
        self._active = negotiated.families
        for name in self._active:
            self._families[name].end_of_rib = True

    def down(self) -> None:
        """The session ended: the peer holds nothing."""
        self._active = ()
        for routes in self._families.values():
            routes.forget_sent()

    def again(self, names: Iterable[str], marked: bool = False) -> None:
        """Everything of these families is to be sent once more (ROUTE-REFRESH, a changed next hop).

        ``marked``: with marks where it begins and ends, so that the peer drops what is not among it (RFC 7313).
        """
        for name in names:
            self._families[name].repeat(marked)

    @property
    def waiting(self) -> bool:
        """Whether there is anything to send in this session."""
        families = [self._families[name] for name in self._active]
        return any(each.pending or each.end_mark or (each.end_of_rib and self._known) for each in families)

    @property
    def complete(self) -> bool:
        """Whether the first full transfer of this session was sent to its end."""
        return bool(self._active) and not any(self._families[name].end_of_rib for name in self._active)

    def set_known(self, known: bool) -> None:
        """Whether what is there is all there is."""
        self._known = known

    @property
    def counts(self) -> dict[str, int]:
        """How many prefixes the peer was sent, per family."""
        return {name: len(routes.sent) for name, routes in self._families.items()}

    @property
    def wanted(self) -> dict[str, int]:
        """How many prefixes the peer should hold, per family."""
        return {name: routes.wanted for name, routes in self._families.items()}

    def export(self) -> dict[str, Any]:
        """What the peer was not sent yet, as plain data: the routes themselves another process knows."""
        return {
            name: {
                "unsent": [key.hex() for key in routes.pending if key not in routes.sent],
                "outdated": [key.hex() for key in routes.pending if key in routes.sent],
                "end_of_rib": routes.end_of_rib,
                "begin_mark": routes.begin_mark,
                "end_mark": routes.end_mark,
            }
            for name, routes in self._families.items()
            if name in self._active
        }

    def adopt(self, negotiated: Negotiated, found: Mapping[str, Any]) -> None:
        """All that was put was sent in another process, but for what that one's ``export`` names."""
        self._active = negotiated.families
        for name in self._active:
            routes, left = self._families[name], found[name]
            routes.sent = {key: value for key, value in routes.pending.items() if value is not None}
            routes.pending = {}
            for key in map(bytes.fromhex, left["unsent"]):
                routes.put(key, routes.sent.pop(key, None))
            for key in map(bytes.fromhex, left["outdated"]):
                wanted, routes.sent[key] = routes.sent.get(key), _UNKNOWN
                routes.put(key, wanted)
            routes.end_of_rib = bool(left["end_of_rib"])
            routes.begin_mark, routes.end_mark = bool(left["begin_mark"]), bool(left["end_mark"])

    def take(self, peer: Peer, four_octet_asn: bool, draining: bool = False) -> bytes:
        """The next slice as UPDATE messages, empty when nothing waits. What it returns counts as sent.

        ``draining``: routes are sent as about to go.
        """
        for name in self._active:
            routes = self._families[name]
            if routes.begin_mark:
                routes.begin_mark = False
                return encode_route_refresh(name, iana.REFRESH_BEGINS)
            if routes.pending:
                groups = routes.take(SLICE)
                if draining:
                    groups = {values and attributes.about_to_go(values): nlri for values, nlri in groups.items()}
                return b"".join(_updates(peer, four_octet_asn, name, groups))
            if routes.end_of_rib and self._known:
                routes.end_of_rib = False
                return end_of_rib(name)
            if routes.end_mark:
                routes.end_mark = False
                return encode_route_refresh(name, iana.REFRESH_ENDS)
        return b""


def end_of_rib(family: str) -> bytes:
    """The mark behind a first full transfer (RFC 4724 section 2)."""
    return _update(b"", b"" if family == IPV4 else attributes.mp_unreach(family), b"")


def _update(withdrawn: bytes, path: bytes, nlri: bytes) -> bytes:
    body = len(withdrawn).to_bytes(2, "big") + withdrawn + len(path).to_bytes(2, "big") + path + nlri
    return message(iana.UPDATE, body)


def _updates(
    peer: Peer, four_octet_asn: bool, family: str, groups: dict[Attributes | None, list[bytes]]
) -> Iterator[bytes]:
    """UPDATE messages for groups of one family, as few as fit."""
    for values, nlri in groups.items():
        if family == IPV4 and not peer.extended_next_hop:
            path = b"" if values is None else attributes.encode(peer, values, peer.next_hop_ipv4, four_octet_asn)
            for block in _blocks(nlri, _BODY - len(path)):
                yield _update(block, b"", b"") if values is None else _update(b"", path, block)
        elif values is None:
            for block in _blocks(nlri, _BODY - len(attributes.mp_unreach(family)) - 1):
                yield _update(b"", attributes.mp_unreach(family, block), b"")
        else:
            next_hop = (peer.next_hop_ipv4 if family == IPV4 else peer.next_hop_ipv6) or b""
            path = attributes.encode(peer, values, None, four_octet_asn)
            room = _BODY - len(path) - len(attributes.mp_reach(family, next_hop, b"")) - 1
            for block in _blocks(nlri, room):
                yield _update(b"", attributes.mp_reach(family, next_hop, block) + path, b"")


def _blocks(nlri: list[bytes], room: int) -> Iterator[bytes]:
    """NLRI joined into blocks of at most ``room`` octets."""
    block: list[bytes] = []
    size = 0
    for item in nlri:
        if size + len(item) > room:
            yield b"".join(block)
            block, size = [], 0
        block.append(item)
        size += len(item)
    if block:
        yield b"".join(block)
