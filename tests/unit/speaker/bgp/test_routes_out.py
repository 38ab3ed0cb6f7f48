# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a peer is sent: packed, in slices, the newest state, and what it was sent once more where it asks."""

from __future__ import annotations

import json
from typing import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualstack_speaker.base.addresses import parse_prefix, prefix_family
from dualstack_speaker.base.model import Attributes, Peer
from dualstack_speaker.bgp import iana
from dualstack_speaker.bgp.adj_out import SLICE, AdjOut
from dualstack_speaker.bgp.framing import Framer
from dualstack_speaker.bgp.messages import Negotiated

MakePeer = Callable[..., Peer]
ATTRIBUTES = [Attributes((number,), (), None) for number in range(3)]
BOTH = Negotiated(("ipv4", "ipv6"), 9, True)
TEXT = {"ipv4": "10.{}.{}.{}/32", "ipv6": "2001:db8::{:x}:{:x}:{:x}/128"}


def key(family: str, number: int) -> bytes:
    return parse_prefix(TEXT[family].format(number >> 16, number >> 8 & 255, number & 255))


class Table:
    """A peer's table, filled by reading UPDATEs: prefix key → communities. Also counts End-of-RIBs and messages.

    Marks around a repetition are taken as RFC 7313 says: what was not among it is dropped at the end.
    """

    def __init__(self) -> None:
        self.routes: dict[bytes, tuple[int, ...]] = {}
        self.ends: list[str] = []
        self.messages = 0
        self.marks: list[tuple[str, int]] = []
        self._stale: dict[str, set[bytes]] = {}

    def feed(self, data: bytes) -> None:
        framer = Framer()
        framer.feed(data)
        while (taken := framer.take()) is not None:
            kind, body = taken
            self.messages += 1
            if kind == iana.UPDATE:
                self._update(body)
            else:
                assert kind == iana.ROUTE_REFRESH
                self._mark(iana.FAMILY_OF[body[0] << 8 | body[1], body[3]], body[2])

    def _mark(self, family: str, subtype: int) -> None:
        self.marks.append((family, subtype))
        if subtype == iana.REFRESH_BEGINS:
            assert family in self.ends, "RFC 7313 section 4: not before End-of-RIB"
            self._stale[family] = {item for item in self.routes if prefix_family(item) == family}
        else:
            for item in self._stale.pop(family):
                del self.routes[item]

    def _update(self, body: bytes) -> None:
        size = int.from_bytes(body[:2], "big")
        withdrawn, rest = body[2 : 2 + size], body[2 + size :]
        size = int.from_bytes(rest[:2], "big")
        path, nlri = rest[2 : 2 + size], rest[2 + size :]
        values = self._attributes(path)
        communities = values.get(iana.COMMUNITIES, b"")
        numbers = tuple(int.from_bytes(communities[at : at + 4], "big") for at in range(0, len(communities), 4))
        reach, unreach = values.get(iana.MP_REACH_NLRI), values.get(iana.MP_UNREACH_NLRI)
        for item in self._split(4, withdrawn) + (self._split(6, unreach[3:]) if unreach else []):
            self._fresh(item)
            del self.routes[item]  # what was never sent must not be withdrawn
        for item in self._split(4, nlri) + (self._split(6, reach[5 + reach[3] :]) if reach else []):
            self._fresh(item)
            self.routes[item] = numbers
        if not withdrawn and not nlri and not path:
            self.ends.append("ipv4")
        if unreach is not None and len(unreach) == 3:
            self.ends.append("ipv6")

    def _fresh(self, item: bytes) -> None:
        for stale in self._stale.values():
            stale.discard(item)

    @staticmethod
    def _attributes(data: bytes) -> dict[int, bytes]:
        found = {}
        while data:
            wide = data[0] & 0x10
            size = int.from_bytes(data[2:4], "big") if wide else data[2]
            start = 4 if wide else 3
            found[data[1]] = data[start : start + size]
            data = data[start + size :]
        return found

    @staticmethod
    def _split(version: int, data: bytes) -> list[bytes]:
        out = []
        while data:
            size = 1 + (data[0] + 7) // 8
            out.append(bytes((version,)) + data[:size])
            data = data[size:]
        return out


def drain(out: AdjOut, peer: Peer, table: Table) -> int:
    """Sends everything; the number of slices."""
    slices = 0
    while out.waiting:
        table.feed(out.take(peer, True))
        slices += 1
    return slices


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_thousands_of_prefixes_go_in_few_messages_and_slices(family: str, make_peer: MakePeer) -> None:
    out, table, count = AdjOut(), Table(), 5000
    out.up(BOTH)
    out.put([key(family, number) for number in range(count)], ATTRIBUTES[0])
    slices = drain(out, make_peer(), table)
    assert len(table.routes) == count == out.counts[family]
    assert slices == count // SLICE + 2  # and an End-of-RIB per family
    assert table.messages <= count // SLICE * {"ipv4": 1, "ipv6": 3}[family] + 2
    assert sorted(table.ends) == ["ipv4", "ipv6"]
    out.put([key(family, number) for number in range(count)], None)
    drain(out, make_peer(), table)
    assert table.routes == {}
    assert out.counts[family] == 0


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_a_family_that_was_not_negotiated_waits(family: str, make_peer: MakePeer) -> None:
    out, table = AdjOut(), Table()
    other = "ipv6" if family == "ipv4" else "ipv4"
    out.up(Negotiated((family,), 9, True))
    out.put([key("ipv4", 1), key("ipv6", 1)], ATTRIBUTES[0])
    drain(out, make_peer(), table)
    assert list(table.routes) == [key(family, 1)]
    assert table.ends == [family]
    out.down()
    out.up(Negotiated((other,), 9, True))
    second = Table()
    drain(out, make_peer(), second)
    assert list(second.routes) == [key(other, 1)]


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_a_change_back_sends_nothing(family: str, make_peer: MakePeer) -> None:
    out, table = AdjOut(), Table()
    out.up(BOTH)
    out.put([key(family, 1)], ATTRIBUTES[0])
    drain(out, make_peer(), table)
    out.put([key(family, 1)], ATTRIBUTES[1])
    out.put([key(family, 1)], ATTRIBUTES[0])
    out.put([key(family, 2)], ATTRIBUTES[0])
    out.put([key(family, 2)], None)
    assert not out.waiting


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_a_refresh_sends_all_of_the_family_again_even_what_changes_back(family: str, make_peer: MakePeer) -> None:
    out, table = AdjOut(), Table()
    out.up(BOTH)
    out.put([key(name, number) for name in ("ipv4", "ipv6") for number in range(10)], ATTRIBUTES[0])
    drain(out, make_peer(), table)
    out.again((family,))
    out.put([key(family, 3)], ATTRIBUTES[1])
    out.put([key(family, 3)], ATTRIBUTES[0])
    out.put([key(family, 77)], None)
    fresh = Table()
    drain(out, make_peer(), fresh)
    assert set(fresh.routes) == {key(family, number) for number in range(10)}
    assert fresh.ends == []


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
@pytest.mark.parametrize("asn", [64500, 64512], ids=["ebgp", "ibgp"])
def test_routes_about_to_go_are_the_worst(asn: int, family: str, make_peer: MakePeer) -> None:
    """RFC 8326 section 4.2: GRACEFUL_SHUTDOWN to everyone, and LOCAL_PREF 0 where it is sent at all."""
    out, table, peer = AdjOut(), Table(), make_peer(peer_asn=asn)
    out.up(BOTH)
    out.put([key(family, 1)], Attributes((7, 0xFFFFFF01), (), 150))
    out.put([key(family, 2)], Attributes((0xFFFF0000,), (), None))
    data = b""
    while out.waiting:
        data += (sent := out.take(peer, True, draining=True))
        table.feed(sent)
    assert table.routes == {key(family, 1): (7, 0xFFFF0000, 0xFFFFFF01), key(family, 2): (0xFFFF0000,)}
    assert data.count(bytes((0x40, 5, 4)) + bytes(4)) == (2 if asn == 64512 else 0)
    assert bytes((0x40, 5, 4)) + (150).to_bytes(4, "big") not in data
    out.put([key(family, 1)], None)
    table.feed(out.take(peer, True, draining=True))
    assert set(table.routes) == {key(family, 2)}


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_an_enhanced_refresh_has_marks_around_it(family: str, make_peer: MakePeer) -> None:
    out, table = AdjOut(), Table()
    out.up(BOTH)
    out.put([key(family, number) for number in range(10)], ATTRIBUTES[0])
    out.again((family,), marked=True)  # before End-of-RIB: everything is on its way anyhow
    drain(out, make_peer(), table)
    assert table.marks == []
    table.routes[key(family, 99)] = ()  # what only the peer believes to have
    out.again((family,), marked=True)
    drain(out, make_peer(), table)
    assert table.marks == [(family, iana.REFRESH_BEGINS), (family, iana.REFRESH_ENDS)]
    assert set(table.routes) == {key(family, number) for number in range(10)}
    out.put([key(family, 3)], None)
    drain(out, make_peer(), table)
    assert len(table.routes) == 9 and len(table.marks) == 2


VALUES = [*ATTRIBUTES, None]
STEP = st.one_of(
    st.tuples(
        st.just("put"), st.sampled_from(["ipv4", "ipv6"]), st.integers(0, 5), st.sampled_from([*ATTRIBUTES, None])
    ),
    st.tuples(st.sampled_from(["take", "down", "up", "again", "again marked", "hand over"])),
)


@given(st.lists(STEP, max_size=60))
@settings(max_examples=200)
def test_a_peer_always_ends_with_the_newest_state(steps: list[tuple[object, ...]]) -> None:
    """Any order of changes, partial transfers, sessions, refreshes and hand-overs to another process converges.

    Only what was sent is withdrawn.
    """
    peer = Peer(1, 2, bytes(4), 179, None, bytes(4), 9, 3.0, 5.0, None, ("ipv4", "ipv6"), bytes(4), bytes(16), False)
    out, table, up = AdjOut(), Table(), False
    wanted: dict[bytes, Attributes] = {}
    for step in steps:
        if step[0] == "put":
            _unused, family, number, value = step
            assert isinstance(family, str) and isinstance(number, int)
            item = key(family, number)
            if isinstance(value, Attributes):
                wanted[item] = value
            else:
                wanted.pop(item, None)
            out.put([item], wanted.get(item))
        elif step[0] == "up" and not up:
            up, table = True, Table()
            out.up(BOTH)
        elif step[0] == "down" and up:
            up = False
            out.down()
        elif step[0] == "again" and up:
            out.again(("ipv4", "ipv6"))
        elif step[0] == "again marked" and up:
            out.again(("ipv4", "ipv6"), marked=True)
        elif step[0] == "hand over" and up:
            found, out = json.loads(json.dumps(out.export())), AdjOut()
            for item, value in wanted.items():
                out.put([item], value)
            out.adopt(BOTH, found)
        elif step[0] == "take" and up:
            table.feed(out.take(peer, True))
    if not up:
        table = Table()
        out.up(BOTH)
    drain(out, peer, table)
    assert table.routes == {item: value.communities for item, value in wanted.items()}
    counts = {family: sum(prefix_family(item) == family for item in wanted) for family in ("ipv4", "ipv6")}
    assert out.counts == counts
