# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames in, replies out, for both families: what is answered and what is dropped, and why.

RFC 826 (reception), RFC 5227 section 2.1.1 and 2.4, RFC 4861 sections 7.1.1, 7.1.2, 7.2.3, 7.2.4, RFC 4862 section 5.4.
"""

from __future__ import annotations

import re

import pytest

from dualstack_speaker.base.addresses import parse
from dualstack_speaker.layer2 import ndp
from dualstack_speaker.layer2.responder import Claim, Responder

MINE, ASKER, OTHER, OURS_TOO = "02000000000a", "020000000001", "020000000099", "02000000000b"
ALL = "ffffffffffff"
VIP4, VIP6, ASKER6 = "0a0001c8", "20010db800dc00010000000000000200", "fe800000000000000000000000000001"
GROUP_MAC, GROUP = "3333ff000200", "ff0200000000000000000001ff000200"
ALL_NODES_MAC, ALL_NODES = "333300000001", "ff020000000000000000000000000001"


def octets(text: str) -> bytes:
    return bytes.fromhex(re.sub(r"#[^\n]*", "", text))


@pytest.fixture
def responder() -> Responder:
    made = Responder(octets(MINE))
    made.add([parse("10.0.1.200"), parse("2001:db8:dc:1::200")])
    made.own = frozenset((octets(MINE), octets(OURS_TOO)))
    return made


def arp(
    to: str, operation: str, sender: str, target: str, head: str = "0001 0800 06 04", by: str = ASKER, mac: str = ASKER
) -> bytes:
    return octets(f"{to} {by} 0806 {head} {operation} {mac} {sender} 000000000000 {target}")


ARP_ANSWERED = {
    "broadcast request": (arp(ALL, "0001", "0a000101", VIP4), "0a000101"),
    "unicast request": (arp(MINE, "0001", "0a000101", VIP4), "0a000101"),
    "probe (RFC 5227)": (arp(ALL, "0001", "00000000", VIP4), "00000000"),
    "request from another network": (arp(ALL, "0001", "c0000201", VIP4), "c0000201"),
    "padded to 60 octets": (arp(ALL, "0001", "0a000101", VIP4) + bytes(18), "0a000101"),
    "sent on behalf of another": (arp(ALL, "0001", "0a000101", VIP4, by=OTHER), "0a000101"),
    "from another interface of ours": (arp(ALL, "0001", "0a000101", VIP4, by=OURS_TOO), "0a000101"),
}


@pytest.mark.parametrize("name", ARP_ANSWERED)
def test_arp_is_answered(name: str, responder: Responder) -> None:
    frame, asker = ARP_ANSWERED[name]
    answer = responder.arp(frame)
    assert answer is not None
    assert answer.frame == octets(f"{ASKER} {MINE} 0806 0001 0800 06 04 0002 {MINE} {VIP4} {ASKER} {asker}")
    assert answer.address == octets(VIP4)
    assert (responder.drops, responder.requests) == ({}, {octets(VIP4): 1})


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (arp(ALL, "0002", "0a000101", VIP4), "reply"),
        (arp(ALL, "0003", "0a000101", VIP4), "malformed"),
        (arp(ALL, "0101", "0a000101", VIP4), "malformed"),
        (arp(ALL, "0001", "0a000101", VIP4, by=MINE), "our own"),
        (arp(ALL, "0001", "0a000101", VIP4, mac=ALL), "no MAC to answer"),
        (arp(ALL, "0001", "0a000101", VIP4, mac="000000000000"), "no MAC to answer"),
        (arp(ALL, "0001", "0a000101", "0a0001c9"), "other address"),
        (arp(OTHER, "0001", "0a000101", VIP4), "not to us"),
        (arp(ALL, "0001", VIP4, VIP4), "announcement"),
        (arp(ALL, "0001", "0a000101", VIP4)[:41], "malformed"),
        (arp(ALL, "0001", "0a000101", VIP4, head="0001 86dd 06 04"), "malformed"),
        (arp(ALL, "0001", "0a000101", VIP4, head="0006 0800 06 04"), "malformed"),
        (b"", "malformed"),
    ],
)
def test_arp_is_dropped(frame: bytes, reason: str, responder: Responder) -> None:
    assert responder.arp(frame) is None
    assert responder.drops == {reason: 1}


def checksum(source: str, destination: str, message: bytes) -> bytes:
    """RFC 1071, the long way round: 16-bit one's complement sums with carries added as they come."""
    data = octets(source) + octets(destination) + len(message).to_bytes(4, "big") + bytes((0, 0, 0, 58)) + message
    data += bytes(len(data) % 2)
    total = 0
    for at in range(0, len(data), 2):
        total += data[at] << 8 | data[at + 1]
        total = (total & 0xFFFF) + (total >> 16)
    return (~total & 0xFFFF).to_bytes(2, "big")


def icmp(to: str, by: str, source: str, destination: str, message: str, hops: str = "ff", good: bool = True) -> bytes:
    """A frame with an ICMPv6 message whose checksum field is 0000 in ``message``."""
    data = octets(message)
    total = checksum(source, destination, data) if good else b"\xde\xad"
    data = data[:2] + total + data[4:]
    return octets(f"{to} {by} 86dd 60000000 {len(data):04x} 3a {hops} {source} {destination}") + data


SOLICIT, OPTION = f"87 00 0000 00000000 {VIP6}", f"01 01 {ASKER}"
NDP_ANSWERED = {
    "multicast": icmp(GROUP_MAC, ASKER, ASKER6, GROUP, f"{SOLICIT} {OPTION}"),
    "unicast probe with option": icmp(MINE, ASKER, ASKER6, VIP6, f"{SOLICIT} {OPTION}"),
    "unicast probe without option": icmp(MINE, ASKER, ASKER6, VIP6, SOLICIT),
    "multicast without option": icmp(GROUP_MAC, ASKER, ASKER6, GROUP, SOLICIT),
    "with a nonce option (RFC 7527)": icmp(GROUP_MAC, ASKER, ASKER6, GROUP, f"{SOLICIT} 0e 01 112233445566 {OPTION}"),
    "to all nodes by Ethernet": icmp(ALL_NODES_MAC, ASKER, ASKER6, GROUP, f"{SOLICIT} {OPTION}"),
}


@pytest.mark.parametrize("name", NDP_ANSWERED)
def test_ndp_is_answered(name: str, responder: Responder) -> None:
    """MetalLB 5.4, 12.8."""
    answer = responder.ndp(NDP_ANSWERED[name])
    assert answer is not None
    # solicited and override, target link-layer option, from the target to who asked
    assert answer.frame == icmp(ASKER, MINE, VIP6, ASKER6, f"88 00 0000 60000000 {VIP6} 02 01 {MINE}")
    assert answer.address == octets(VIP6)
    assert (responder.drops, responder.requests) == ({}, {octets(VIP6): 1})


def test_the_option_says_where_the_answer_goes(responder: Responder) -> None:
    answer = responder.ndp(icmp(GROUP_MAC, OTHER, ASKER6, GROUP, f"{SOLICIT} {OPTION}"))
    assert answer is not None and answer.frame[:6] == octets(ASKER)
    answer = responder.ndp(icmp(GROUP_MAC, OTHER, ASKER6, GROUP, SOLICIT))
    assert answer is not None and answer.frame[:6] == octets(OTHER)


def test_duplicate_address_detection_is_answered_to_all_nodes(responder: Responder) -> None:
    answer = responder.ndp(icmp(GROUP_MAC, ASKER, "00" * 16, GROUP, f"{SOLICIT} 0e 01 112233445566"))
    assert answer is not None
    assert answer.frame == icmp(ALL_NODES_MAC, MINE, VIP6, ALL_NODES, f"88 00 0000 20000000 {VIP6} 02 01 {MINE}")


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (icmp(GROUP_MAC, ASKER, ASKER6, GROUP, f"{SOLICIT} {OPTION}", hops="fe"), "hop limit"),
        (icmp(GROUP_MAC, ASKER, ASKER6, GROUP, f"{SOLICIT} {OPTION}", good=False), "checksum"),
        (icmp(GROUP_MAC, ASKER, ASKER6, GROUP, f"87 01 0000 00000000 {VIP6}"), "malformed"),
        (icmp(GROUP_MAC, ASKER, ASKER6, GROUP, f"{SOLICIT} 01 00 {ASKER}"), "malformed"),
        (icmp(GROUP_MAC, ASKER, ASKER6, GROUP, f"{SOLICIT} 01 02 {ASKER}"), "malformed"),
        (icmp(GROUP_MAC, ASKER, ASKER6, GROUP, f"87 00 0000 00000000 {GROUP}"), "multicast address"),
        (icmp(GROUP_MAC, ASKER, "00" * 16, GROUP, f"{SOLICIT} {OPTION}"), "malformed"),
        (icmp(GROUP_MAC, ASKER, "00" * 16, ALL_NODES, SOLICIT), "malformed"),
        (icmp(OTHER, ASKER, ASKER6, GROUP, SOLICIT), "not to us"),
        (icmp(GROUP_MAC, ASKER, ASKER6, GROUP, f"87 00 0000 00000000 {VIP6[:-1]}1"), "other address"),
        (icmp(GROUP_MAC, MINE, ASKER6, GROUP, f"{SOLICIT} {OPTION}"), "our own"),
        (icmp(GROUP_MAC, ASKER, ASKER6, GROUP, f"{SOLICIT} 01 01 {ALL}"), "no MAC to answer"),
        (icmp(GROUP_MAC, ASKER, ALL_NODES, GROUP, SOLICIT), "multicast address"),
        (icmp(MINE, ASKER, ASKER6, VIP6, f"88 00 0000 60000000 {VIP6}"), "advertisement"),
        (icmp(ALL_NODES_MAC, ASKER, ASKER6, ALL_NODES, f"88 00 0000 60000000 {VIP6}"), "malformed"),
        (icmp(ALL_NODES_MAC, ASKER, "00" * 16, ALL_NODES, f"88 00 0000 20000000 {VIP6}"), "malformed"),
        (icmp(GROUP_MAC, ASKER, ASKER6, GROUP, f"86 00 0000 00000000 {VIP6}"), "no neighbour discovery"),
        (icmp(GROUP_MAC, ASKER, ASKER6, GROUP, SOLICIT)[:77], "no neighbour discovery"),
    ],
)
def test_ndp_is_dropped(frame: bytes, reason: str, responder: Responder) -> None:
    assert responder.ndp(frame) is None
    assert responder.drops == {reason: 1}


CLAIMS4 = {
    "announcement": (arp(ALL, "0001", VIP4, VIP4), True),
    "gratuitous reply": (arp(ALL, "0002", VIP4, VIP4), True),
    "reply to our probe": (arp(MINE, "0002", VIP4, "00000000"), False),
    "question from it": (arp(ALL, "0001", VIP4, "0a000101"), True),
}
CLAIMS6 = {
    "unsolicited": (icmp(ALL_NODES_MAC, ASKER, VIP6, ALL_NODES, f"88 00 0000 20000000 {VIP6} 02 01 {ASKER}"), True),
    "answer to our probe": (icmp(MINE, ASKER, VIP6, ASKER6, f"88 00 0000 60000000 {VIP6} 02 01 {ASKER}"), False),
    "without option": (icmp(MINE, ASKER, VIP6, ASKER6, f"88 00 0000 60000000 {VIP6}"), False),
    "question from it": (icmp(GROUP_MAC, ASKER, VIP6, GROUP, f"87 00 0000 00000000 {VIP6[:-3]}999 {OPTION}"), True),
}


@pytest.mark.parametrize("name", CLAIMS4)
def test_claims_of_others_in_arp(name: str, responder: Responder) -> None:
    """RFC 5227 section 2.4: any packet whose sender is one of our addresses and whose sender MAC is none of ours."""
    frame, public = CLAIMS4[name]
    assert responder.arp(frame) is None
    assert responder.take_claims() == [Claim(octets(VIP4), octets(ASKER), public)]
    assert responder.take_claims() == []


@pytest.mark.parametrize("name", CLAIMS6)
def test_claims_of_others_in_neighbour_discovery(name: str, responder: Responder) -> None:
    frame, public = CLAIMS6[name]
    assert responder.ndp(frame) is None
    assert responder.take_claims() == [Claim(octets(VIP6), octets(ASKER), public)]


@pytest.mark.parametrize("mine", [MINE, OURS_TOO])
def test_what_another_interface_of_ours_says_is_no_claim(mine: str, responder: Responder) -> None:
    """Two interfaces of a host on one segment hear each other."""
    assert responder.arp(arp(ALL, "0001", VIP4, VIP4, by=mine, mac=mine)) is None
    said = f"88 00 0000 20000000 {VIP6} 02 01 {mine}"
    assert responder.ndp(icmp(ALL_NODES_MAC, mine, VIP6, ALL_NODES, said)) is None
    assert responder.claims == []


def test_who_has_our_address_is_answered_about_another(responder: Responder) -> None:
    """Two VIPs, one of them disputed: the question that is the claim gets its answer."""
    responder.add([parse("10.0.1.201")])
    answer = responder.arp(arp(ALL, "0001", VIP4, "0a0001c9"))
    assert answer is not None and answer.address == parse("10.0.1.201")
    assert len(responder.claims) == 1


def test_claims_that_nobody_takes_do_not_pile_up(responder: Responder) -> None:
    for _unused in range(10000):
        responder.arp(arp(ALL, "0001", VIP4, VIP4))
    assert len(responder.claims) <= 256


def test_a_new_mac_is_told_from_then_on(responder: Responder) -> None:
    responder.arp(arp(ALL, "0001", "0a000101", VIP4))
    responder.ndp(icmp(GROUP_MAC, ASKER, ASKER6, GROUP, f"{SOLICIT} {OPTION}"))
    responder.mac = octets(OTHER)
    answer = responder.arp(arp(ALL, "0001", "0a000101", VIP4))
    assert answer is not None and answer.frame[6:12] == answer.frame[22:28] == octets(OTHER)
    answer = responder.ndp(icmp(GROUP_MAC, ASKER, ASKER6, GROUP, f"{SOLICIT} {OPTION}"))
    assert answer is not None
    assert answer.frame == icmp(ASKER, OTHER, VIP6, ASKER6, f"88 00 0000 60000000 {VIP6} 02 01 {OTHER}")


def test_what_is_given_up_is_not_answered(responder: Responder) -> None:
    question4 = arp(ALL, "0001", "0a000101", VIP4)
    question6 = icmp(GROUP_MAC, ASKER, ASKER6, GROUP, f"{SOLICIT} {OPTION}")
    assert responder.arp(question4) and responder.ndp(question6)
    responder.remove([octets(VIP4), octets(VIP6)])
    assert responder.arp(question4) is None and responder.ndp(question6) is None
    assert responder.drops == {"other address": 2}


def test_a_length_beyond_the_frame_is_dropped(responder: Responder) -> None:
    frame = bytearray(icmp(GROUP_MAC, ASKER, ASKER6, GROUP, SOLICIT))
    frame[18:20] = (32).to_bytes(2, "big")
    assert responder.ndp(bytes(frame)) is None
    assert responder.drops == {"malformed": 1}


def test_groups() -> None:
    """MetalLB 5.4 groups: joined when announced; not again on an interface that comes back."""
    group = ndp.solicited_node(octets(VIP6))
    assert group == octets(GROUP)
    assert ndp.group_mac(group) == octets(GROUP_MAC)
