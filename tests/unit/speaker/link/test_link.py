# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The link's messages: what is accepted, what is refused as a whole and with which words, what a change amounts to."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstack_speaker.base.addresses import parse_prefix
from dualstack_speaker.link import journal, messages, routes
from dualstack_speaker.link.errors import LinkError
from dualstack_speaker.link.framing import Lines, LineTooLong
from dualstack_speaker.link.routes import Decoder
from dualstack_speaker.link.store import Store

PEER: dict[str, Any] = {
    "local_asn": 64512, "peer_asn": 64500, "address": "10.0.1.1", "port": 179, "source_address": "10.0.1.11",
    "router_id": "10.0.1.11", "hold_time": 9, "keepalive_time": 3, "connect_retry": 5, "password": "s3cret",
    "families": ["ipv4", "ipv6"], "next_hop": {"ipv4": "10.0.1.11", "ipv6": "2001:db8:dc:1::11"}, "multihop": False,
}  # fmt: skip
UNNUMBERED: dict[str, Any] = {**PEER, "address": None, "interface": "eth1", "source_address": None, "next_hop": {}}
PATH: dict[str, Any] = {
    "peers": ["tor1"], "communities": ["64512:200"], "large_communities": ["64512:1:2"], "local_preference": 200,
}  # fmt: skip
DESIRED: dict[str, Any] = {
    "peers": {"tor1": PEER},
    "routes": {"192.0.2.1/32": [PATH], "2001:db8:1::1/128": [PATH]},
    "layer2": {
        "10.0.1.200": {"interfaces": ["eth1"], "candidates": [["node1", ["eth1"]], ["node2", []]]},
        "2001:db8:dc:1::200": {"interfaces": []},
    },
    "nodes": {"node2": {"addresses": ["10.0.1.12", "2001:db8:dc:1::12"], "ready": True}},
}
BFD: dict[str, Any] = {
    "receive_ms": 300, "transmit_ms": 300, "multiplier": 3, "passive": False, "minimum_ttl": None,
}  # fmt: skip
FAMILIES = [("ipv4", "192.0.2.1/32", "192.0.2.2/32"), ("ipv6", "2001:db8:1::1/128", "2001:db8:1::2/128")]


def changed(path: str, value: Any) -> dict[str, Any]:
    """DESIRED with one place set; "…" as the value takes it away. Steps are joined by '>'."""
    desired = json.loads(json.dumps(DESIRED))  # without the parts that it shares
    *steps, last = path.split(">")
    place: Any = desired
    for step in steps:
        place = place[int(step) if isinstance(place, list) else step]
    if value == "…":
        del place[last]
    else:
        place[last] = value
    return desired


def full(store: Store, desired: dict[str, Any]) -> Any:
    return store.replace(messages.decode_full({"desired": desired}, Decoder()))


def delta(store: Store, **parts: Any) -> Any:
    body = {**NOTHING, **parts}
    return store.change(messages.decode_delta(body, Decoder()))


def test_a_full_state_is_accepted_and_the_same_again_changes_nothing() -> None:
    store = Store()
    assert full(store, DESIRED).any
    assert not full(store, copy.deepcopy(DESIRED)).any
    peer = store.state.peers["tor1"]
    assert (peer.hold_time, peer.families, peer.port) == (9, ("ipv4", "ipv6"), 179)
    assert set(store.state.routes) == {parse_prefix("192.0.2.1/32"), parse_prefix("2001:db8:1::1/128")}


def test_how_bfd_watches_a_peer_is_kept_in_the_journal_too() -> None:
    store = Store()
    for wanted in (BFD, {**BFD, "passive": True, "minimum_ttl": 254, "receive_ms": 50}, None):
        assert full(store, changed("peers>tor1>bfd", wanted)).any
        settings = store.state.peers["tor1"].bfd
        assert (settings and settings._asdict()) == wanted
        assert journal.load(saved(store)).peers["tor1"].bfd == settings


@pytest.mark.parametrize(
    ("peer", "where"),
    [
        (UNNUMBERED, "interface eth1"),
        ({**UNNUMBERED, "next_hop": {"ipv6": "2001:db8:dc:1::11"}}, "interface eth1"),
        ({**UNNUMBERED, "address": "fe80::1", "source_address": "fe80::11"}, "fe80::1%eth1"),
        ({**PEER, "interface": "eth1"}, "10.0.1.1"),
        ({**PEER, "interface": "eth1", "address": "2001:db8::1", "source_address": None}, "2001:db8::1"),
    ],
)
def test_peers_behind_an_interface_are_kept_in_the_journal_too(peer: dict[str, Any], where: str) -> None:
    store = Store()
    assert full(store, changed("peers>tor1", peer)).any
    kept = store.state.peers["tor1"]
    assert (kept.interface, kept.where) == ("eth1", where)
    assert journal.load(saved(store)).peers["tor1"] == kept
    assert full(store, changed("peers>tor1", {**peer, "interface": "eth2"})).peers


@pytest.mark.parametrize("prefix", ["192.0.2.1/32", "2001:db8:1::1/128"])
def test_extended_communities_are_kept_in_the_journal_too(prefix: str) -> None:
    """RFC 4360 and 5668, octet for octet; in order and none twice; what has a name is written with it."""
    said = {
        "rt:64512:4294967295": 0x0002FC00FFFFFFFF, "soo:1:2": 0x0003000100000002,
        "rt:10.0.1.1:7": 0x01020A0001010007, "soo:65536:65535": 0x020300010000FFFF,
        "0x0202000000010002": 0x0202000000010002,  # four octets of ASN that two would hold
        "0x030b000000000001": 0x030B000000000001, "0x4004fc0000000001": 0x4004FC0000000001,
    }  # fmt: skip
    path = {**PATH, "extended_communities": [*said, "0x0002FC00ffffffff", "rt:064512:4294967295"]}
    store = Store()
    assert full(store, changed(f"routes>{prefix}", [path])).any
    (kept,) = store.state.routes[parse_prefix(prefix)]
    assert kept.attributes.extended_communities == tuple(sorted(said.values()))
    written = routes.encode((kept,))[0]["extended_communities"]
    assert sorted(written) == sorted(said)
    assert journal.load(saved(store)).routes == store.state.routes
    assert full(store, DESIRED).routes
    assert "extended_communities" not in routes.encode(store.state.routes[parse_prefix(prefix)])[0]


@pytest.mark.parametrize("value", [True, False])
def test_a_passive_peer_is_kept_in_the_journal_too(value: bool) -> None:
    store = Store()
    full(store, changed("peers>tor1", {**PEER, "passive": value}))
    assert store.state.peers["tor1"].passive is value
    assert journal.load(saved(store)).peers["tor1"] == store.state.peers["tor1"]


REFUSED = [
    ("peers>tor1>bfd", 5, "peers.tor1.bfd: an object is expected"),
    ("peers>tor1>bfd", {**BFD, "receive_ms": 49}, "bfd.receive_ms: 49 is no whole number from 50 to 60000"),
    ("peers>tor1>bfd", {**BFD, "transmit_ms": "50"}, "bfd.transmit_ms: '50' is no whole number from 50 to 60000"),
    ("peers>tor1>bfd", {**BFD, "multiplier": 1}, "bfd.multiplier: 1 is no whole number from 2 to 255"),
    ("peers>tor1>bfd", {**BFD, "multiplier": 256}, "bfd.multiplier: 256 is no whole number from 2 to 255"),
    ("peers>tor1>bfd", {**BFD, "minimum_ttl": 0}, "bfd.minimum_ttl: 0 is no whole number from 1 to 255"),
    ("peers>tor1>bfd", {**BFD, "echo": True}, "peers.tor1.bfd: has the unknown field 'echo'"),
    ("peers>tor1>hold_time", 2, "peers.tor1.hold_time: 2 is neither 0 nor at least 3 (RFC 4271 section 4.2)"),
    ("peers>tor1>hold_time", "9", "peers.tor1.hold_time: '9' is no whole number from 0 to 65535"),
    ("peers>tor1>hold_time", True, "peers.tor1.hold_time: True is no whole number from 0 to 65535"),
    ("peers>tor1>keepalive_time", 0, "peers.tor1.keepalive_time: 0 is no number of seconds from 1 to 65535"),
    ("peers>tor1>local_asn", 0, "peers.tor1.local_asn: 0 is no whole number from 1 to 4294967295"),
    ("peers>tor1>peer_asn", "…", "peers.tor1.peer_asn: is missing"),
    ("peers>tor1>address", "tor1", "peers.tor1.address: 'tor1' is not an IP address"),
    ("peers>tor1>address", "::", "peers.tor1.address: the peer's address is expected"),
    ("peers>tor1>address", "2001:db8::1", "peers.tor1.source_address: 10.0.1.11 is not of the family of the peer's"),
    ("peers>tor1>address", None, "peers.tor1.address: the peer's address is expected, or the interface behind which"),
    ("peers>tor1>interface", "", "peers.tor1.interface: a name of 1 to 15 octets is expected, or null"),
    ("peers>tor1>interface", "x" * 16, "peers.tor1.interface: a name of 1 to 15 octets is expected, or null"),
    ("peers>tor1>interface", 2, "peers.tor1.interface: a name of 1 to 15 octets is expected, or null"),
    ("peers>tor1", {**PEER, "address": "fe80::1"}, "address: fe80::1 is link-local: the interface is expected as well"),
    ("peers>tor1", {**UNNUMBERED, "source_address": "2001:db8::1"}, "2001:db8::1 and the peer's address one alone is"),
    ("peers>tor1", {**UNNUMBERED, "source_address": "10.0.1.11"}, "10.0.1.11 is not of the family of the peer's addr"),
    ("peers>tor1>next_hop>ipv6", "fe80::1", "peers.tor1.next_hop.ipv6: fe80::1 cannot be an ipv6 next hop"),
    ("peers>tor1>router_id", "0.0.0.0", "peers.tor1.router_id: an IPv4 address other than 0.0.0.0 is expected"),
    ("peers>tor1>router_id", "2001:db8::1", "peers.tor1.router_id: an IPv4 address other than 0.0.0.0 is expected"),
    ("peers>tor1>families", [], "peers.tor1.families: one or both of ipv4, ipv6 are expected"),
    ("peers>tor1>families", ["ipv5"], "peers.tor1.families: one or both of ipv4, ipv6 are expected"),
    ("peers>tor1>next_hop", {"ipv4": "10.0.1.11"}, "peers.tor1.next_hop.ipv6: is missing, but the peer carries ipv6"),
    ("peers>tor1>next_hop>ipv6", "10.0.1.1", "peers.tor1.next_hop.ipv6: 10.0.1.1 cannot be an ipv6 next hop"),
    ("peers>tor1>next_hop>ipv4", "::", "peers.tor1.next_hop.ipv4: :: cannot be an ipv4 next hop"),
    ("peers>tor1>next_hop>ipx", "1", "peers.tor1.next_hop: has the unknown field 'ipx'"),
    ("peers>tor1>multihop", 1, "peers.tor1.multihop: 1 is neither true nor false"),
    ("peers>tor1>dynamic_asn", "any", "peers.tor1.dynamic_asn: 'any' is neither internal, external nor null"),
    ("peers>tor1>dynamic_asn", "external", "peers.tor1.peer_asn: 64500 stands beside dynamic_asn"),
    ("peers>tor1>graceful_restart", {"time": 4096}, "graceful_restart.time: 4096 is no whole number from 1 to 4095"),
    ("peers>tor1>graceful_restart", {"time": 9, "x": 1}, "tor1.graceful_restart: has the unknown field 'x'"),
    ("peers>tor1>graceful_restart", 120, "peers.tor1.graceful_restart: an object is expected"),
    ("peers>tor1>ttl", 256, "peers.tor1.ttl: 256 is no whole number from 1 to 255"),
    ("peers>tor1>ttl_security", 0, "peers.tor1.ttl_security: 0 is no whole number from 1 to 254"),
    ("peers>tor1>passive", "yes", "peers.tor1.passive: 'yes' is neither true nor false"),
    ("peers>tor1>hold", 9, "peers.tor1: has the unknown field 'hold'"),
    ("peers>tor1", [], "peers.tor1: an object is expected"),
    ("routes>192.0.2.1", [], "routes.192.0.2.1: is not written as address/length"),
    ("routes>192.0.2.1/24", [], "routes.192.0.2.1/24: has bits set behind its length of 24"),
    ("routes>2001:DB8:1::1/128", [], "routes: a prefix stands there twice, perhaps in two ways of writing it"),
    ("alike", {}, "alike: a list is expected"),
    ("alike", [[]], "alike[0]: an object is expected"),
    ("alike", [{"paths": []}], "alike[0].prefixes: is missing"),
    ("alike", [{"prefixes": []}], "alike[0].paths: is missing"),
    ("alike", [{"prefixes": [1], "paths": []}], "alike[0].prefixes: a list of texts is expected"),
    ("alike", [{"prefixes": ["192.0.2.1/24"], "paths": []}], "routes.192.0.2.1/24: has bits set behind its length of"),
    ("alike", [{"prefixes": [], "paths": [{}]}], "alike[0].paths[0].peers: is missing"),
    ("alike", [{"prefixes": [], "paths": [], "x": 1}], "alike[0]: has the unknown field 'x'"),
    ("alike", [{"prefixes": ["192.0.2.1/32"], "paths": []}], "routes: a prefix stands there twice"),
    ("alike", [{"prefixes": ["192.0.2.2/32"] * 2, "paths": []}], "routes: a prefix stands there twice"),
    ("alike", [{"prefixes": ["192.0.2.2/32"], "paths": None}], "desired: null takes items away in a delta"),
    ("routes>192.0.2.1/32", {}, "routes.192.0.2.1/32: a list is expected"),
    ("routes>192.0.2.1/32", [PATH, PATH], "routes.192.0.2.1/32[1].peers: 'tor1' appears more than once for this"),
    ("routes>192.0.2.1/32>0>peers", ["tor9"], "routes.192.0.2.1/32: names the unknown peer 'tor9'"),
    ("routes>2001:db8:1::1/128>0>peers", ["tor9"], "routes.2001:db8:1::1/128: names the unknown peer 'tor9'"),
    ("routes>192.0.2.1/32>0>communities", ["no-export"], "'no-export' is no community of numbers up to 65535"),
    ("routes>192.0.2.1/32>0>communities", ["1:65536"], "'1:65536' is no community of numbers up to 65535"),
    ("routes>192.0.2.1/32>0>large_communities", ["1:2"], "'1:2' is no community of numbers up to 4294967295"),
    ("routes>192.0.2.1/32>0>extended_communities", "rt:1:2", "[0].extended_communities: a list of texts is expected"),
    ("routes>192.0.2.1/32>0>extended_communities", ["rt:1"], "[0].extended_communities: 'rt:1' is no extended commun"),
    (
        "routes>2001:db8:1::1/128>0>extended_communities",
        ["rt:65536:65536"],
        "'rt:65536:65536' has a number above 65535",
    ),
    ("routes>192.0.2.1/32>0>extended_communities", ["rt:1:4294967296"], "has a number above 4294967295"),
    ("routes>192.0.2.1/32>0>extended_communities", ["soo:4294967296:1"], "has an ASN above 4294967295"),
    ("routes>192.0.2.1/32>0>extended_communities", ["rt:10.0.0.256:1"], "'rt:10.0.0.256:1' is not an IP address"),
    ("routes>192.0.2.1/32>0>extended_communities", ["0x0002fc00"], "'0x0002fc00' is no extended community"),
    ("routes>192.0.2.1/32>0>extended_communities", [f"rt:1:{n}" for n in range(400)], "more communities than fit"),
    ("routes>192.0.2.1/32>0>communities", [f"1:{n}" for n in range(800)], "more communities than fit into an UPDATE"),
    ("routes>192.0.2.1/32>0>local_preference", -1, "local_preference: -1 is no whole number from 0 to 4294967295"),
    ("routes>192.0.2.1/32>0>med", 1, "routes.192.0.2.1/32[0]: has the unknown field 'med'"),
    ("layer2>10.0.1.0/24", {"interfaces": []}, "layer2.10.0.1.0/24: '10.0.1.0/24' is not an IP address"),
    ("layer2>10.0.1.200", {"interfaces": "eth1"}, "layer2.10.0.1.200.interfaces: a list of texts is expected"),
    ("layer2>10.0.1.200>candidates", {}, "layer2.10.0.1.200.candidates: a list of up to 1000 nodes"),
    ("layer2>10.0.1.200>candidates", [[f"n{n}", []] for n in range(1001)], "candidates: a list of up to 1000 nodes"),
    (
        "layer2>10.0.1.200>candidates",
        [["node1", []], "node2"],
        "candidates[1]: a name and a list of interfaces are expected",
    ),
    (
        "layer2>10.0.1.200>candidates",
        [["node1", []], ["node2", "eth1"]],
        "candidates[1]: a name and a list of interfaces",
    ),
    ("layer2>10.0.1.200>candidates", [["node1", []], ["", []]], "candidates[1]: '' is no name of 1 to 253 octets"),
    ("layer2>10.0.1.200>candidates", [["node1", []], ["node1", []]], "candidates: a node stands there twice"),
    ("nodes>node2>addresses", ["10.0.1"], "nodes.node2.addresses: '10.0.1' is not an IP address"),
    ("nodes>node2>addresses", ["fe80::1"], "nodes.node2.addresses: fe80::1 is link-local"),
    ("nodes>node2>addresses", [f"10.0.0.{n}" for n in range(9)], "nodes.node2.addresses: more than 8"),
    ("nodes>node2>ready", "yes", "nodes.node2.ready: 'yes' is neither true nor false"),
    ("nodes>node2>asn", 1, "nodes.node2: has the unknown field 'asn'"),
    ("nodes>node2", None, "desired: null takes items away in a delta, it has no place in a full state"),
    ("layer2>10.0.1.200", None, "desired: null takes items away in a delta, it has no place in a full state"),
    ("peers", "…", "desired.peers: is missing"),
]


@pytest.mark.parametrize(("family", "prefix", "other"), FAMILIES)
def test_routes_that_go_alike_may_be_told_together(family: str, prefix: str, other: str) -> None:
    together, single = Store(), Store()
    full(together, {**DESIRED, "routes": {}, "alike": [{"paths": [PATH], "prefixes": [prefix, other]}]})
    full(single, {**DESIRED, "routes": {prefix: [PATH], other: [PATH]}})
    assert together.state == single.state
    assert delta(together, alike=[{"paths": None, "prefixes": [other]}]).any
    assert set(together.state.routes) == {parse_prefix(prefix)}
    assert messages.decode_request(b'{"op": "delta", "seq": 1}').body["alike"] == []


@pytest.mark.parametrize(("path", "value", "words"), REFUSED, ids=[f"{row[0]}={str(row[1])[:12]}" for row in REFUSED])
def test_one_bad_item_refuses_the_message_and_changes_nothing(path: str, value: Any, words: str) -> None:
    store = Store()
    full(store, DESIRED)
    before = copy.deepcopy(store.state)
    with pytest.raises(LinkError) as caught:
        full(store, changed(path, value))
    assert words in str(caught.value)
    assert store.state == before


@pytest.mark.parametrize("password", ["", "x" * 81, 5, ["s3cret"], "\ud800"])
def test_a_bad_password_is_never_repeated(password: Any) -> None:
    with pytest.raises(LinkError) as caught:
        full(Store(), changed("peers>tor1>password", password))
    assert str(caught.value) == "peers.tor1.password: a text of 1 to 80 octets is expected, or null"


@pytest.mark.parametrize(("family", "first", "second"), FAMILIES)
def test_a_delta_changes_what_it_names(family: str, first: str, second: str) -> None:
    store = Store()
    full(store, DESIRED)
    changes = delta(store, routes={second: [PATH]})
    assert list(changes.routes.values()) == [[parse_prefix(second)]]
    assert not changes.peers and not changes.layer2
    assert not delta(store, routes={second: [PATH]}).any
    unready = {"addresses": ["10.0.1.12"], "ready": False}
    changes = delta(store, nodes={"node2": unready, "node3": unready})
    assert set(changes.nodes) == {"node2", "node3"} == set(store.state.nodes) and not changes.routes
    assert delta(store, nodes={"node3": None}).nodes == {"node3": None} and set(store.state.nodes) == {"node2"}
    changes = delta(store, layer2={"10.0.1.200": {"interfaces": ["eth1"], "candidates": []}})
    assert [vip.candidates for vip in changes.layer2.values() if vip] == [()] and not changes.nodes
    other = {**PATH, "communities": []}
    ((before, after),) = delta(store, routes={first: [other]}).routes
    assert (before[0].attributes.communities, after[0].attributes.communities) == ((64512 << 16 | 200,), ())
    delta(store, routes={first: None, second: []})
    assert [key[0] for key in store.state.routes] == [6 if family == "ipv4" else 4]


@pytest.mark.parametrize(("family", "first", "second"), FAMILIES)
def test_a_peer_with_routes_cannot_lose_them_unseen(family: str, first: str, second: str) -> None:
    store = Store()
    full(store, DESIRED)
    with pytest.raises(LinkError, match="names the unknown peer 'tor1'"):
        delta(store, peers={"tor1": None})
    rest = [name for name in ("ipv4", "ipv6") if name != family]
    with pytest.raises(LinkError, match=f"routes.{first}: peer 'tor1' does not carry {family}"):
        delta(store, peers={"tor1": {**PEER, "families": rest}})
    assert store.state.peers["tor1"].families == ("ipv4", "ipv6")
    delta(store, peers={"tor1": {**PEER, "families": rest}}, routes={first: None})
    assert store.state.peers["tor1"].families == tuple(rest)


def test_equal_paths_are_one_object() -> None:
    store = Store()
    full(store, DESIRED)
    assert len({id(paths) for paths in store.state.routes.values()}) == 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"{", "the line is no JSON"),
        (b"[" * 100_000, "the message is nested too deeply"),
        (b"[]", "request: an object is expected"),
        (b'{"seq": 1}', "request.op: is missing"),
        (b'{"op": "full", "seq": 1}', "request.desired: is missing"),
        (b'{"op": "flush", "seq": 1}', "request.op: 'flush' is neither full, delta, drain, status nor subscribe"),
        (b'{"op": "drain", "seq": 1, "on": 1, "delay": 0}', "request.on: 1 is neither true nor false"),
        (b'{"op": "drain", "seq": 1, "on": true, "delay": -1}', "request.delay: -1 is no number of seconds from 0 to"),
        (b'{"op": "drain", "seq": 1, "on": true}', "request.delay: is missing"),
        (b'{"op": "status", "seq": -1}', "request.seq: -1 is no whole number"),
        (b'{"op": "status", "seq": 1, "more": 1}', "request: has the unknown field 'more'"),
    ],
)
def test_bad_requests(line: bytes, words: str) -> None:
    with pytest.raises(LinkError, match=words):
        messages.decode_request(line)


def test_a_refusal_names_the_request_where_it_can() -> None:
    assert messages.sequence_of(b'{"op": "flush", "seq": 7}') == 7
    for line in (b"{", b"[1]", b'{"seq": "7"}', b"null", b"[" * 100_000):
        assert messages.sequence_of(line) is None
    assert json.loads(messages.encode_ack(7, "no")) == {"op": "ack", "seq": 7, "ok": False, "error": "no"}
    assert json.loads(messages.encode_ack(7)) == {"op": "ack", "seq": 7, "ok": True}


@given(
    st.lists(st.binary(max_size=30).filter(lambda data: b"\n" not in data)), st.lists(st.integers(1, 40), min_size=1)
)
def test_lines_cut_anywhere(lines: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(line + b"\n" for line in lines) + b"rest"
    splitter, found, turn = Lines(), [], 0
    while stream:
        size = cuts[turn % len(cuts)]
        found += splitter.feed(stream[:size])
        stream, turn = stream[size:], turn + 1
    assert found == lines


@pytest.mark.parametrize("data", [b"x" * 11, b"x" * 11 + b"\n", b"ok\n" + b"x" * 11])
def test_a_line_above_the_bound_is_refused(data: bytes) -> None:
    with pytest.raises(LineTooLong):
        Lines(limit=10).feed(data)


NOTHING: dict[str, Any] = {"peers": {}, "routes": {}, "layer2": {}}


def saved(store: Store, *records: bytes) -> bytes:
    return journal.HEADER + b"".join(journal.snapshot(store.state)) + b"".join(records)


def request(**parts: Any) -> bytes:
    return journal.record(json.dumps(parts).encode())


def many(count: int) -> dict[str, Any]:
    routes = {f"192.0.{n >> 8}.{n & 255}/32": [PATH] for n in range(count)}
    routes.update({f"2001:db8:1::{n:x}/128": [{**PATH, "local_preference": n % 3}] for n in range(count)})
    return {**DESIRED, "routes": routes}


@pytest.mark.parametrize("count", [0, 1, 700])
def test_a_journal_gives_the_state_back(count: int) -> None:
    store = Store()
    full(store, many(count))
    assert journal.load(saved(store)) == store.state
    body = {"peers": {}, "routes": {"198.51.100.1/32": [PATH]}, "layer2": {"10.0.1.200": None}}
    record = request(op="delta", seq=5, **body)
    delta(store, **body)
    second = Store()
    full(second, many(count))
    assert journal.load(saved(second, record)) == store.state


def test_a_torn_last_line_is_dropped_and_nothing_else_is_forgiven() -> None:
    store = Store()
    full(store, DESIRED)
    record = request(op="delta", seq=5, routes={"198.51.100.1/32": [PATH]})
    whole = saved(store)
    for size in range(1, len(record)):
        assert journal.load(whole + record[:size]) == store.state
    assert len(journal.load(whole + record).routes) == 3


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda data: b"", "does not begin as a journal"),
        (lambda data: data.replace(b"journal 1", b"journal 2"), "does not begin as a journal"),
        (lambda data: data.replace(b"64500", b"64501"), "line 2 has a wrong checksum"),
        (lambda data: data[: len(journal.HEADER)], "holds no state"),
        (lambda data: data[: len(journal.HEADER) + 50], "holds no state"),
        (lambda data: journal.HEADER + request(op="delta", seq=1), "line 2: delta is out of place"),
        (lambda data: data + request(op="full", seq=1, desired=NOTHING), "line 5: full is out of place"),
        (lambda data: data + journal.record(b"{"), "line 5: the line is no JSON"),
        (lambda data: data + b"nonsense\n", "line 5 has a wrong checksum"),
        (
            lambda data: data + request(op="delta", seq=1, peers={"tor1": None}),
            "line 5: ro",
        ),
    ],
)
def test_a_spoilt_journal_is_refused_with_the_reason(spoil: Any, words: str) -> None:
    store = Store()
    full(store, DESIRED)
    with pytest.raises(journal.BadJournal, match=words):
        journal.load(spoil(saved(store)))
