# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Heartbeats as octets: what is sent is read, whatever else is refused with its reason, whatever the key."""

from __future__ import annotations

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstack_speaker.election import packet
from dualstack_speaker.election.packet import BadBeat, Beat, decode, encode, mark

KEY, OTHER = b"k" * 32, b"o" * 16
BEAT = Beat(
    "node1", mark("node2"), 7, 9, b"c" * 8, b"e" * 8, 600, True, False, False, True, False,
    ("eth0", "eth1"), (b"\2\0\0\0\0\1",), frozenset((mark("node3"),)),
)  # fmt: skip
eight = st.binary(min_size=8, max_size=8)
names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60)
interfaces = st.lists(st.text("abc0", min_size=1, max_size=15), max_size=8).map(tuple)
macs = st.lists(st.binary(min_size=6, max_size=6), max_size=packet.MOST_INTERFACES).map(tuple)
number, flag = st.integers(0, 2**64 - 1), st.booleans()
beats = st.builds(
    Beat, names, eight, number, number, eight, eight, st.integers(1, 65535), flag, flag, flag, flag, flag, interfaces,
    macs, st.frozensets(eight, max_size=packet.MOST_WITHOUT),
)  # fmt: skip


def signed(body: bytes, key: bytes = KEY) -> bytes:
    return body + hmac.digest(key, body, "sha256")


def why(data: bytes, *keys: bytes) -> str:
    with pytest.raises(BadBeat) as caught:
        decode(data, keys or (KEY,))
    return str(caught.value)


@given(beats)
def test_what_is_sent_is_read(beat: Beat) -> None:
    data = encode(beat, KEY)
    assert decode(data, (KEY,)) == beat and len(data) <= packet.MOST


def test_the_layout_stays() -> None:
    """Nodes with programs of different days understand each other: another layout takes another version."""
    assert encode(BEAT, KEY).hex() == (
        "44534842010902580000000000000007000000000000000915b18a724325769563636363636363636565656565656565"
        "056e6f646531013b5bb1c6e7b76dab0102000000000102046574683004657468318915f074408765cbe0c4742ed266d1"
        "25d870ff8e877ac22b9e1fb6eacb0eb8ef"
    )


def test_a_new_key_is_accepted_beside_the_old_one_and_a_foreign_one_is_not() -> None:
    data = encode(BEAT, OTHER)
    assert decode(data, (KEY, OTHER)) == BEAT
    assert why(data, KEY) == "wrong key"
    assert why(data) == "wrong key"


@given(st.integers(0, 8 * len(encode(BEAT, KEY)) - 1))
def test_one_other_bit_is_refused(bit: int) -> None:
    data = bytearray(encode(BEAT, KEY))
    data[bit // 8] ^= 1 << bit % 8
    assert why(bytes(data)) in ("wrong key", "version", "malformed")


@given(st.binary(max_size=200))
def test_whoever_has_the_key_may_still_send_nonsense(rest: bytes) -> None:
    head = encode(BEAT, KEY)[:48]
    try:
        decode(signed(head + rest), (KEY,))
    except BadBeat as error:
        assert str(error) == "malformed"


WHOLE = encode(BEAT, KEY)
LENGTHS = {
    "empty": b"",
    "magic": b"DSHB",
    "short code": WHOLE[:-1],
    "short": signed(WHOLE[:-33]),
    "long": signed(WHOLE[:-32] + b"x"),
    "too long": bytes(2000),
}


@pytest.mark.parametrize("data", LENGTHS.values(), ids=LENGTHS)
def test_other_lengths_are_refused(data: bytes) -> None:
    assert why(data) in ("malformed", "wrong key")


def test_lists_have_bounds() -> None:
    many = tuple(f"eth{n}" for n in range(packet.MOST_INTERFACES + 1))
    lacking = frozenset(mark(str(n)) for n in range(packet.MOST_WITHOUT + 1))
    found = decode(encode(BEAT._replace(interfaces=many, without=lacking), KEY), (KEY,))
    assert (found.interfaces, len(found.without)) == (many[:-1], packet.MOST_WITHOUT)
    long = tuple(f"{n:0>100}" for n in range(20))
    found = decode(encode(BEAT._replace(interfaces=long), KEY), (KEY,))
    assert found.interfaces == long[: len(found.interfaces)] and 0 < len(found.interfaces) < 20
    body = bytearray(encode(BEAT, KEY)[:-32])
    body[54] = packet.MOST_WITHOUT + 1
    assert why(signed(bytes(body))) == "malformed"


def test_another_version_is_told_apart_from_a_forgery() -> None:
    body = bytearray(encode(BEAT, KEY)[:-32])
    body[4] = 2
    assert why(signed(bytes(body))) == "version"
