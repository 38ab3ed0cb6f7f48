# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The codec of BFD Control packets: a real one in both directions, every reason for refusal, and any octets at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstack_speaker.bfd.fsm import State
from dualstack_speaker.bfd.packet import BadPacket, Control, decode, encode

# bfdd of FRR 10.3 at 100 ms times 3: the first packets, a poll when it is up, an answer to ours, our end is gone
CAPTURED = {
    "20400318 e313d382 00000000 000f4240 000f4240 0000c350": Control(
        State.DOWN, 0, 3, 0xE313D382, 0, 1_000_000, 1_000_000, 50_000
    ),
    "20800318 dd98ee7b e8a4fa4a 000f4240 000f4240 0000c350": Control(
        State.INIT, 0, 3, 0xDD98EE7B, 0xE8A4FA4A, 1_000_000, 1_000_000, 50_000
    ),
    "20e00318 dd98ee7b e8a4fa4a 000186a0 000186a0 0000c350": Control(
        State.UP, 0, 3, 0xDD98EE7B, 0xE8A4FA4A, 100_000, 100_000, 50_000, poll=True
    ),
    "20d00318 dd98ee7b e8a4fa4a 000186a0 000186a0 0000c350": Control(
        State.UP, 0, 3, 0xDD98EE7B, 0xE8A4FA4A, 100_000, 100_000, 50_000, final=True
    ),
    "23400318 dd98ee7b e8a4fa4a 000186a0 000186a0 0000c350": Control(
        State.DOWN, 3, 3, 0xDD98EE7B, 0xE8A4FA4A, 100_000, 100_000, 50_000
    ),
}
ANSWER = CAPTURED["20d00318 dd98ee7b e8a4fa4a 000186a0 000186a0 0000c350"]
GOOD = encode(ANSWER)

_NUMBER = st.integers(0, 0xFFFFFFFF)
_FLAG = st.booleans()


@pytest.mark.parametrize("text", CAPTURED)
def test_real_packets(text: str) -> None:
    data = bytes.fromhex(text)
    assert decode(data) == CAPTURED[text]
    assert encode(CAPTURED[text]) == data
    assert decode(data + b"padding") == CAPTURED[text]


@given(
    st.builds(
        Control,
        st.sampled_from(State),
        st.integers(0, 31),
        st.integers(1, 255),
        st.integers(1, 0xFFFFFFFF),
        st.integers(1, 0xFFFFFFFF),
        _NUMBER,
        _NUMBER,
        _NUMBER,
        _FLAG,
        _FLAG,
        _FLAG,
        _FLAG,
    )
)
def test_there_and_back(packet: Control) -> None:
    assert decode(encode(packet)) == packet


@pytest.mark.parametrize(
    ("at", "octet", "reason"),
    [
        (0, 0x00, "version 0"),
        (0, 0x40, "version 2"),
        (1, 0xD4, "authentication"),
        (1, 0xD1, "multipoint"),
        (2, 0, "detect multiplier 0"),
        (3, 23, "length 23"),
        (3, 25, "length 25 in a payload of 24 octets"),
    ],
)
def test_what_is_refused(at: int, octet: int, reason: str) -> None:
    spoilt = bytearray(GOOD)
    spoilt[at] = octet
    with pytest.raises(BadPacket, match=reason):
        decode(bytes(spoilt))


@pytest.mark.parametrize("state", State)
def test_discriminators(state: State) -> None:
    with pytest.raises(BadPacket, match="my discriminator 0"):
        decode(encode(ANSWER._replace(state=state, my_discriminator=0)))
    first = encode(ANSWER._replace(state=state, your_discriminator=0))
    if state in (State.DOWN, State.ADMIN_DOWN):
        assert decode(first).your_discriminator == 0
    else:
        with pytest.raises(BadPacket, match="your discriminator 0"):
            decode(first)


@pytest.mark.parametrize("count", range(24))
def test_a_packet_cut_short(count: int) -> None:
    with pytest.raises(BadPacket):
        decode(GOOD[:count])


@given(st.one_of(st.binary(max_size=64), st.binary(min_size=24, max_size=24).map(lambda data: b"\x20" + data[1:])))
def test_any_octets_give_a_packet_or_a_refusal(data: bytes) -> None:
    try:
        packet = decode(data)
    except BadPacket:
        return
    assert encode(packet) == data[:3] + bytes([24]) + data[4:24]
