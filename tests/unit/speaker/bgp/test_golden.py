# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages as octets, written out by hand from the RFCs, in both directions; rejections name their NOTIFICATION."""

from __future__ import annotations

import re
from typing import Callable

import pytest

from dualstack_speaker.base.addresses import parse, parse_prefix, prefix_family
from dualstack_speaker.base.model import Attributes, Peer
from dualstack_speaker.bgp import capabilities, iana, messages
from dualstack_speaker.bgp.adj_out import AdjOut, end_of_rib
from dualstack_speaker.bgp.errors import SessionError
from dualstack_speaker.bgp.framing import Framer
from dualstack_speaker.bgp.messages import Negotiated

MakePeer = Callable[..., Peer]
MARKER = "ff" * 16
PLAIN = Attributes((), (), None)


def octets(text: str) -> bytes:
    """Octets from commented hex: everything from a # to the end of its line is left out."""
    return bytes.fromhex(re.sub(r"#[^\n]*", "", text))


def negotiate(peer: Peer, theirs: messages.Open) -> Negotiated:
    """What comes of our whole offer."""
    return messages.negotiate(peer, capabilities.offer(peer), theirs)


def body(data: bytes) -> bytes:
    """The body of the only message in ``data``."""
    framer = Framer()
    framer.feed(data)
    taken = framer.take()
    assert taken is not None
    assert framer.take() is None
    return taken[1]


OPEN_BOTH = octets(
    f"""{MARKER} 0035 01          # length 53, OPEN
    04 fc00 0009 0a00010b         # version 4, AS 64512, hold 9, 10.0.1.11
    18 02 16                      # parameters: capabilities
    01 04 0001 00 01              # multiprotocol IPv4 unicast
    01 04 0002 00 01              # multiprotocol IPv6 unicast
    02 00                         # route refresh
    46 00                         # enhanced route refresh
    41 04 0000fc00                # 4-octet ASN 64512"""
)
OPEN_LARGE_ASN = octets(
    f"""{MARKER} 002f 01
    04 5ba0 0009 0a00010b         # AS_TRANS
    12 02 10
    01 04 0002 00 01
    02 00
    46 00
    41 04 fffe0001                # 4294836225"""
)


def test_open_out(make_peer: MakePeer) -> None:
    """MetalLB 6.3 OPEN: version 4, capabilities of both families and 4-octet ASNs, 23456."""
    assert messages.encode_open(make_peer(), capabilities.offer(make_peer())) == OPEN_BOTH
    large = make_peer(local_asn=0xFFFE0001, families=("ipv6",))
    assert messages.encode_open(large, capabilities.offer(large)) == OPEN_LARGE_ASN


@pytest.mark.parametrize(
    ("families", "restarted", "capability"),
    [
        (("ipv4", "ipv6"), False, "40 0a 4078 0001 01 80 0002 01 80"),
        (("ipv4",), True, "40 06 c078 0001 01 80"),
        (("ipv6",), True, "40 06 c078 0002 01 80"),
    ],
)
def test_graceful_restart_out(families: tuple[str, ...], restarted: bool, capability: str, make_peer: MakePeer) -> None:
    """RFC 4724 section 3: R, then N of RFC 8538, 120 s; forwarding kept in each family."""
    offered = capabilities.offer(make_peer(families=families, restart_time=120), restarted)
    assert octets(capability) in capabilities.encode(offered)
    assert octets(capability) not in capabilities.encode(capabilities.offer(make_peer(families=families), restarted))


def test_an_ipv6_next_hop_for_ipv4_must_be_agreed_on(make_peer: MakePeer) -> None:
    """RFC 8950 section 4: without the peer's capability, IPv4 is not announced in this way."""
    peer = make_peer(next_hop_ipv4=parse("2001:db8:dc:1::11"))
    assert octets("05 06 0001 0001 0002") in capabilities.encode(capabilities.offer(peer))
    both, extended = "01 04 0001 00 01 01 04 0002 00 01", "05 06 0001 0001 0002"
    plain = messages.decode_open(octets(f"04 fbf4 0009 0a000101 0e 02 0c {both}"))
    assert negotiate(peer, plain).families == ("ipv6",)
    agreed = messages.decode_open(octets(f"04 fbf4 0009 0a000101 16 02 14 {both} {extended}"))
    assert negotiate(peer, agreed).families == ("ipv4", "ipv6")
    with pytest.raises(SessionError, match="RFC 8950"):
        negotiate(peer._replace(families=("ipv4",)), plain)


def test_open_out_without_capabilities(make_peer: MakePeer) -> None:
    assert messages.encode_open(make_peer(), ()) == octets(f"{MARKER} 001d 01 04 fc00 0009 0a00010b 00")


def test_open_in() -> None:
    both = messages.decode_open(body(OPEN_BOTH))
    assert (both.asn, both.hold_time, both.identifier) == (64512, 9, parse("10.0.1.11"))
    assert both.capabilities == (("ipv4", "ipv6"), 64512, True, True, None, False)
    large = messages.decode_open(body(OPEN_LARGE_ASN))
    assert (large.asn, large.capabilities.families) == (0xFFFE0001, ("ipv6",))


def test_open_in_with_extended_parameters() -> None:
    """RFC 9072: the lengths of the parameters take two octets."""
    data = octets(f"{MARKER} 0029 01 04 fc00 0009 0a000101 ff ff 0009 02 0006 41 04 0000fc00")
    assert messages.decode_open(body(data)).capabilities == (None, 64512, False, False, None, False)


def test_an_old_peer_without_capabilities_gets_ipv4_and_two_octets(make_peer: MakePeer) -> None:
    theirs = messages.decode_open(octets("04 fbf4 005a 0a000101 00"))
    assert negotiate(make_peer(), theirs) == Negotiated(("ipv4",), 9, False, 64500, identifier=octets("0a000101"))


@pytest.mark.parametrize(
    ("text", "code", "data", "words"),
    [
        ("03 fbf4 0009 0a000101 00", (2, 1), "0004", "peer speaks BGP version 3, not 4"),
        ("04 fde9 0009 0a000101 00", (2, 2), "", "peer AS 65001 refused: 64500 is configured for 10.0.1.1"),
        ("04 fbf4 0009 00000000 00", (2, 3), "", "peer's router ID 0.0.0.0 refused: it is 0 or our own"),
        ("04 fbf4 0002 0a000101 00", (2, 6), "", "peer's hold time of 2 s refused: it must be 0 or at least 3 s"),
        ("04 fbf4 0009 0a000101 02 0100", (2, 4), "", "peer's OPEN has an unknown optional parameter"),
        ("04 fbf4 0009 0a000101 05", (2, 0), "", "peer's OPEN has a wrong length of its optional parameters"),
        ("04 fbf4 0009 0a000101 04 02 05 4104", (2, 0), "", "peer's OPEN has broken optional parameters"),
        ("04 fbf4 0009 0a000101 05 02 03 4104 00", (2, 0), "", "peer's OPEN has broken optional parameters"),
        (
            "04 fbf4 0009 0a000101 08 02 06 01 04 0019 00 41",
            (2, 7),
            "01 04 0001 00 01 01 04 0002 00 01",
            "peer carries none of ipv4, ipv6: activate them for us on 10.0.1.1",
        ),
    ],
)
def test_open_refused(text: str, code: tuple[int, int], data: str, words: str, make_peer: MakePeer) -> None:
    with pytest.raises(SessionError) as caught:
        negotiate(make_peer(), messages.decode_open(octets(text)))
    assert (caught.value.code, caught.value.subcode) == code
    assert caught.value.data == octets(data)
    assert caught.value.text == words


def test_ibgp_refuses_its_own_router_id(make_peer: MakePeer) -> None:
    theirs = messages.decode_open(octets("04 fc00 0009 0a00010b 00"))
    with pytest.raises(SessionError, match=r"router ID 10\.0\.1\.11"):
        negotiate(make_peer(peer_asn=64512), theirs)


def test_notification_out() -> None:
    data = messages.shutdown_text("maintenance")
    assert messages.encode_notification(6, 2, data) == octets(
        f"{MARKER} 0021 03 06 02 0b 6d61696e74656e616e6365  # Cease, shutdown, 'maintenance'"
    )
    assert messages.shutdown_text("ä" * 200) == bytes((254,)) + "ä".encode() * 127


@pytest.mark.parametrize(
    ("text", "family"), [("0001 00 01", "ipv4"), ("0002 00 01", "ipv6"), ("0019 00 41", None), ("0001 01 01", None)]
)
def test_route_refresh_in(text: str, family: str | None) -> None:
    for enhanced in (False, True):
        assert messages.decode_route_refresh(octets(text), enhanced) == family


@pytest.mark.parametrize("afi", ["0001", "0002"])
@pytest.mark.parametrize("subtype", ["01", "02"])
def test_a_mark_of_a_wrong_length_is_refused_where_marks_were_agreed_on(afi: str, subtype: str) -> None:
    long = octets(f"{afi} {subtype} 01 00")
    assert messages.decode_route_refresh(long, enhanced=False) is None
    with pytest.raises(SessionError) as caught:
        messages.decode_route_refresh(long, enhanced=True)
    assert (caught.value.code, caught.value.subcode) == (7, 1)
    assert caught.value.data == octets(f"{MARKER} 0018 05") + long  # the whole message (RFC 7313 section 5)


@pytest.mark.parametrize(
    ("dynamic", "asn", "words"),
    [
        ("external", 64500, ""),
        ("external", 64512, "peer AS 64512 refused: 10.0.1.1 must be in another AS than 64512"),
        ("internal", 64512, ""),
        ("internal", 64500, "peer AS 64500 refused: 10.0.1.1 must be in our AS 64512"),
        ("external", 0, "peer AS 0 refused: nobody has this ASN (RFC 7607)"),
        (None, 0, "peer AS 0 refused: nobody has this ASN (RFC 7607)"),
    ],
)
def test_which_asn_is_accepted(dynamic: str | None, asn: int, words: str, make_peer: MakePeer) -> None:
    peer = make_peer(peer_asn=None if dynamic else 64500, dynamic_asn=dynamic)
    theirs = messages.decode_open(octets(f"04 {asn:04x} 0009 0a000101 08 02 06 41 04 {asn:08x}"))
    if not words:
        assert negotiate(peer, theirs).peer_asn == asn
        return
    with pytest.raises(SessionError) as caught:
        negotiate(peer, theirs)
    assert (caught.value.code, caught.value.subcode, caught.value.text) == (2, 2, words)


@pytest.mark.parametrize(
    ("families", "subcode", "data", "left"),
    [
        (("ipv4", "ipv6"), 4, "", []),
        (("ipv6",), 4, "", ["01", "02", "46", "41"]),  # nothing would be left to carry
        (("ipv4", "ipv6"), 7, "46 00", ["01", "01", "02", "41"]),
        (("ipv4", "ipv6"), 7, "41 04 0000fbf4", ["01", "01", "02", "46"]),  # told by its code, whatever it says
        (("ipv4", "ipv6"), 7, "01 04 0002 00 01 02 00", ["01", "46", "41"]),
        (("ipv6",), 7, "01 04 0002 00 01", ["01", "02", "46", "41"]),
        (("ipv4", "ipv6"), 7, "01 04 0019 00 41", ["01", "01", "02", "46", "41"]),  # not ours
        (("ipv4", "ipv6"), 7, "", ["01", "01", "02", "46", "41"]),
        (("ipv4", "ipv6"), 7, "46 09", ["01", "01", "02", "46", "41"]),  # broken
    ],
)
def test_what_is_left_to_offer(
    families: tuple[str, ...], subcode: int, data: str, left: list[str], make_peer: MakePeer
) -> None:
    offered = capabilities.offer(make_peer(families=families))
    gone = capabilities.refused(offered, subcode, octets(data))
    assert [f"{item[0]:02x}" for item in offered if capabilities.key(item) not in gone] == left


@pytest.mark.parametrize(
    ("text", "code", "data"),
    [
        ("00" * 19, (1, 1), ""),
        (f"{MARKER} 0012 04", (1, 2), "0012"),
        (f"{MARKER} 0014 04", (1, 2), "0014"),
        (f"{MARKER} 1001 02", (1, 2), "1001"),
        (f"{MARKER} 0016 02", (1, 2), "0016"),
        (f"{MARKER} 001c 01", (1, 2), "001c"),
        (f"{MARKER} 0014 03", (1, 2), "0014"),
        (f"{MARKER} 0013 06", (1, 3), "06"),
    ],
)
def test_bad_headers(text: str, code: tuple[int, int], data: str) -> None:
    framer = Framer()
    framer.feed(octets(text))
    with pytest.raises(SessionError) as caught:
        framer.take()
    assert (caught.value.code, caught.value.subcode, caught.value.data) == (*code, octets(data))


def pack(peer: Peer, prefixes: list[str], values: Attributes | None, wide: bool = True) -> bytes:
    """The first slice towards a peer that is to hold these prefixes."""
    out = AdjOut()
    keys = [parse_prefix(text) for text in prefixes]
    out.up(Negotiated((prefix_family(keys[0]),), 9, wide))
    out.put(keys, values or PLAIN)
    if values is None:
        while out.waiting:
            out.take(peer, wide)
        out.put(keys, None)
    return out.take(peer, wide)


UPDATES = {
    "ebgp ipv4": (
        {},
        ["192.0.2.1/32", "198.51.100.0/25"],
        PLAIN,
        True,
        """0035 02 0000 0014
        40 01 01 00                       # ORIGIN IGP
        40 02 06 02 01 0000fc00           # AS_PATH: sequence of 64512
        40 03 04 0a00010b                 # NEXT_HOP
        20 c0000201 19 c6336400           # NLRI""",
    ),
    "ebgp ipv6": (
        {},
        ["2001:db8:1::1/128", "2001:db8:2::/48"],
        PLAIN,
        True,
        """0054 02 0000 003d
        80 0e 2d 0002 01 10 20010db800dc00010000000000000011 00
              80 20010db8000100000000000000000001 30 20010db80002
        40 01 01 00
        40 02 06 02 01 0000fc00""",
    ),
    "ibgp ipv4, preference unset": (
        {"peer_asn": 64512},
        ["192.0.2.1/32"],
        PLAIN,
        True,
        """0031 02 0000 0015
        40 01 01 00
        40 02 00                          # AS_PATH empty
        40 03 04 0a00010b
        40 05 04 00000064                 # LOCAL_PREF 100
        20 c0000201""",
    ),
    "ibgp ipv6, preference and communities": (
        {"peer_asn": 64512},
        ["2001:db8:1::1/128"],
        Attributes((64512 << 16 | 100, 64512 << 16 | 200), ((64512, 1, 2),), 200),
        True,
        """0068 02 0000 0051
        80 0e 26 0002 01 10 20010db800dc00010000000000000011 00 80 20010db8000100000000000000000001
        40 01 01 00
        40 02 00
        40 05 04 000000c8
        c0 08 08 fc000064 fc0000c8        # communities
        c0 20 0c 0000fc00 00000001 00000002""",
    ),
    "ibgp ipv4, extended communities": (
        {"peer_asn": 64512},
        ["192.0.2.1/32"],
        Attributes((64512 << 16 | 100,), ((64512, 1, 2),), None, (0x0002FC0000000001, 0x4004FC0000000001)),
        True,
        """005a 02 0000 003e
        40 01 01 00
        40 02 00
        40 03 04 0a00010b
        40 05 04 00000064
        c0 08 04 fc000064
        c0 10 10 0002fc0000000001 4004fc0000000001
        c0 20 0c 0000fc00 00000001 00000002
        20 c0000201""",
    ),
    "ebgp ipv6, the extended communities that are transitive": (
        {},
        ["2001:db8:1::1/128"],
        Attributes((), (), None, (0x0002FC0000000001, 0x4004FC0000000001)),
        True,
        """0058 02 0000 0041
        80 0e 26 0002 01 10 20010db800dc00010000000000000011 00 80 20010db8000100000000000000000001
        40 01 01 00
        40 02 06 02 01 0000fc00
        c0 10 08 0002fc0000000001""",
    ),
    "two-octet peer, large ASN, extended communities": (
        {"local_asn": 0xFFFE0001},
        ["192.0.2.1/32"],
        Attributes((), (), None, (0x0202FFFE00010001,)),
        False,
        """0042 02 0000 0026
        40 01 01 00
        40 02 04 02 01 5ba0
        40 03 04 0a00010b
        c0 10 08 0202fffe00010001
        c0 11 06 02 01 fffe0001
        20 c0000201""",
    ),
    "ebgp, none that is transitive": (
        {},
        ["192.0.2.1/32"],
        Attributes((), (), None, (0x4004FC0000000001,)),
        True,
        "0030 02 0000 0014 40 01 01 00 40 02 06 02 01 0000fc00 40 03 04 0a00010b 20 c0000201",
    ),
    "ebgp never carries a preference": (
        {},
        ["192.0.2.1/32"],
        Attributes((), (), 200),
        True,
        "0030 02 0000 0014 40 01 01 00 40 02 06 02 01 0000fc00 40 03 04 0a00010b 20 c0000201",
    ),
    "two-octet peer, small ASN": (
        {},
        ["192.0.2.1/32"],
        PLAIN,
        False,
        "002e 02 0000 0012 40 01 01 00 40 02 04 02 01 fc00 40 03 04 0a00010b 20 c0000201",
    ),
    "two-octet peer, large ASN": (
        {"local_asn": 0xFFFE0001},
        ["192.0.2.1/32"],
        PLAIN,
        False,
        """0037 02 0000 001b
        40 01 01 00
        40 02 04 02 01 5ba0               # AS_TRANS
        40 03 04 0a00010b
        c0 11 06 02 01 fffe0001           # AS4_PATH
        20 c0000201""",
    ),
    "ipv4 with an ipv6 next hop (RFC 8950)": (
        {"next_hop_ipv4": bytes.fromhex("20010db800dc00010000000000000011")},
        ["192.0.2.1/32"],
        PLAIN,
        True,
        """0041 02 0000 002a
        80 0e 1a 0001 01 10 20010db800dc00010000000000000011 00 20 c0000201
        40 01 01 00
        40 02 06 02 01 0000fc00""",
    ),
    "withdraw ipv4 with an ipv6 next hop": (
        {"next_hop_ipv4": bytes.fromhex("20010db800dc00010000000000000011")},
        ["192.0.2.1/32"],
        None,
        True,
        "0022 02 0000 000b 80 0f 08 0001 01 20 c0000201",
    ),
    "withdraw ipv4": ({}, ["192.0.2.1/32", "0.0.0.0/0"], None, True, "001d 02 0006 20 c0000201 00 0000"),
    "withdraw ipv6": (
        {},
        ["2001:db8:1::1/128"],
        None,
        True,
        "002e 02 0000 0017 80 0f 14 0002 01 80 20010db8000100000000000000000001",
    ),
}


@pytest.mark.parametrize("name", UPDATES)
def test_update_out(name: str, make_peer: MakePeer) -> None:
    """MetalLB 6.3 UPDATE: one prefix each; ORIGIN IGP, AS_PATH empty or the own ASN."""
    changes, prefixes, values, wide, text = UPDATES[name]
    assert pack(make_peer(**changes), prefixes, values, wide).hex(" ") == octets(MARKER + text).hex(" ")


def test_end_of_rib() -> None:
    assert end_of_rib("ipv4") == octets(f"{MARKER} 0017 02 0000 0000")
    assert end_of_rib("ipv6") == octets(f"{MARKER} 001d 02 0000 0006 80 0f 03 0002 01")


def test_every_error_has_a_text() -> None:
    codes = {code for code, _unused in iana.SUBCODE_TEXT} | set(iana.CODE_TEXT)
    assert codes == set(iana.CODE_TEXT)
    assert iana.describe(2, 2) == "OPEN message error: bad peer AS (2/2)"
