# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The link between speaker and wire, and the journal: JSON lines changed as trees and as octets, in any pieces.

A request is taken as a whole or refused as a whole, with an error that names no password; what was taken goes through
the journal and comes back the same.
"""

from __future__ import annotations

import copy
import json
import random
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from fuzz import mutate
from fuzz.engine import Step
from fuzz.strict_bgp import need

from dualstack_speaker.base.model import Desired
from dualstack_speaker.link import journal, messages
from dualstack_speaker.link.errors import LinkError
from dualstack_speaker.link.framing import Lines, LineTooLong
from dualstack_speaker.link.routes import Decoder
from dualstack_speaker.link.store import Store

SECRET = "s3cret"
BFD = {"receive_ms": 300, "transmit_ms": 300, "multiplier": 3, "passive": False, "minimum_ttl": None}
PEER: dict[str, Any] = {
    "local_asn": 64512, "peer_asn": 64500, "address": "10.0.1.1", "port": 179, "source_address": "10.0.1.11",
    "router_id": "10.0.1.11", "hold_time": 9, "keepalive_time": 3, "connect_retry": 5, "password": SECRET,
    "families": ["ipv4", "ipv6"], "next_hop": {"ipv4": "10.0.1.11", "ipv6": "2001:db8:dc:1::11"}, "multihop": False,
    "bfd": BFD, "graceful_restart": {"time": 120}, "ttl": None, "ttl_security": 1, "dynamic_asn": None,
}  # fmt: skip
FAR = {
    **PEER, "address": "2001:db8:dc:1::1", "source_address": None, "multihop": True, "ttl_security": None, "ttl": 3,
    "peer_asn": None, "dynamic_asn": "external", "password": None, "next_hop": {"ipv6": "2001:db8:dc:1::11"},
    "families": ["ipv6"], "bfd": {**BFD, "minimum_ttl": 250},
}  # fmt: skip
PATH: dict[str, Any] = {
    "peers": ["tor1"], "communities": ["64512:200"], "large_communities": ["64512:1:2"], "local_preference": 200,
    "extended_communities": ["rt:64512:1", "soo:10.0.1.1:2", "0x030b000000000001"],
}  # fmt: skip
DESIRED: dict[str, Any] = {
    "peers": {"tor1": PEER, "far": FAR},
    "routes": {"192.0.2.1/32": [PATH], "2001:db8:1::1/128": [PATH, {**PATH, "peers": ["far"]}]},
    "layer2": {
        "10.0.1.200": {"interfaces": ["eth1"], "candidates": [["node1", ["eth1"]], ["node2", []]]},
        "2001:db8:dc:1::200": {"interfaces": []},
    },
    "nodes": {"node2": {"addresses": ["10.0.1.12", "2001:db8:dc:1::12"], "ready": True}},
}
DELTA: dict[str, Any] = {
    "peers": {"far": None, "tor2": {**PEER, "address": "10.0.1.2"}},
    "routes": {"192.0.2.2/32": [PATH], "2001:db8:1::1/128": None},
    "layer2": {"10.0.1.201": {"interfaces": ["eth1", "eth2"]}, "10.0.1.200": None},
    "nodes": {"node2": None, "node3": {"addresses": [], "ready": False}},
}
REQUESTS: list[dict[str, Any]] = [
    {"op": "full", "seq": 1, "desired": DESIRED},
    {"op": "full", "seq": 2, "desired": {**DESIRED, "alike": [{"prefixes": ["192.0.2.9/32"], "paths": [PATH]}]}},
    {"op": "delta", "seq": 3, **DELTA},
    {"op": "delta", "seq": 4, "alike": [{"prefixes": ["192.0.2.3/32", "2001:db8:1::3/128"], "paths": [PATH]}]},
    {"op": "status", "seq": 5},
    {"op": "subscribe", "seq": 5},
    {"op": "drain", "seq": 6, "on": True, "delay": 60},
]  # fmt: skip
LIMIT = 100_000  # octets of a line here


def line(chance: random.Random) -> bytes:
    """One request without its newline, or what wants to be one."""
    request = chance.choice(REQUESTS)
    kind = chance.randrange(10)
    if kind < 3:  # one field of a peer
        changed = {**chance.choice((PEER, FAR)), chance.choice(list(PEER)): mutate.odd(chance)}
        return _text({"op": "full", "seq": 1, "desired": {**DESIRED, "peers": {"tor1": changed, "far": FAR}}})
    if kind < 6:
        return _text(mutate.mutate_tree(chance, request))
    if kind == 6:
        return mutate.mutate(chance, _text(request)).replace(b"\n", b" ")
    if kind == 7:
        depth = chance.choice((10, 900, 1100, 5_000))
        opening = chance.choice((b"[", b'{"op":'))
        return opening * depth + (b"]" * depth if chance.random() < 0.5 else b"")
    if kind == 8:
        return mutate.octets(chance, 60).replace(b"\n", b" ")
    return _text(request)


def _text(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


class Link:
    """The fuzzer of the link."""

    name = "link"
    packages = ("link/",)
    slack = 4_000_000  # octets: the decoder keeps up to 4096 sets of paths, so that equal ones are one object

    def case(self, chance: random.Random) -> list[Step]:
        steps: list[Step] = [["begin"]]
        for _unused in range(chance.randint(1, 20)):
            data = line(chance) + (b"\n" if chance.random() < 0.98 else b"")
            pieces = [chance.choice((1, 2, 100, 4000)) for _again in range(chance.choice((0, 0, 1, 4)))]
            steps.append(["line", data.hex(), pieces])
        if chance.random() < 0.02:
            steps.append(["line", (b"x" * (LIMIT + 1)).hex(), []])
        return steps

    def play(self, steps: Iterable[Step]) -> Iterator[int]:
        lines, store, decoder = Lines(LIMIT), Store(), Decoder()
        for verb, *arguments in steps:
            if verb != "line":
                continue
            text, pieces = arguments
            data = whole = bytes.fromhex(text)
            while data:
                size = pieces[0] if pieces else len(data)
                pieces, piece, data = pieces[1:], data[:size], data[size:]
                try:
                    for found in lines.feed(piece):
                        self._answer(found, store, decoder)
                except LineTooLong:
                    lines = Lines(LIMIT)
                    break
                need(lines._size <= LIMIT, "octets that are kept")
            yield len(whole)

    def _answer(self, found: bytes, store: Store, decoder: Decoder) -> None:
        before = copy.deepcopy(store.state)
        try:
            request = messages.decode_request(found)
            if request.op == "full":
                store.replace(messages.decode_full(request.body, decoder))
            elif request.op == "delta":
                store.change(messages.decode_delta(request.body, decoder))
        except LinkError as error:
            need(store.state == before, "a refused request has changed something")
            need(SECRET not in str(error), "an error names a password")
            answer = messages.encode_ack(messages.sequence_of(found), str(error))
            need(json.loads(answer)["ok"] is False and answer.count(b"\n") == 1, "the refusal")
            return
        fits(store.state)
        again = journal.load(journal.HEADER + b"".join(journal.snapshot(store.state)))
        need(again == store.state, "the journal gives another state back")


def fits(state: Desired) -> None:
    """Every path goes to peers that are there and carry its family, each once; addresses and interfaces are such."""
    for key, paths in state.routes.items():
        names = [name for path in paths for name in path.peers]
        need(paths and len(set(names)) == len(names), "a peer twice for a prefix")
        for name in names:
            need(name in state.peers, "a path to nobody")
            need({4: "ipv4", 6: "ipv6"}[key[0]] in state.peers[name].families, "a family that the peer does not carry")
        need(len(key) == 2 + (key[1] + 7) // 8 and key[1] <= {4: 32, 6: 128}[key[0]], "a prefix")
    for peer in state.peers.values():
        need(peer.hold_time == 0 or 3 <= peer.hold_time <= 65535, "hold time")
        need(1 <= peer.local_asn < 2**32 and len(peer.router_id) == 4 and any(peer.router_id), "ASN, router ID")
        need((peer.peer_asn is None) == (peer.dynamic_asn is not None), "whose ASN")
        need(peer.families and len(peer.address) in (4, 16), "families, address")
    need(all(len(address) in (4, 16) for address in state.layer2), "addresses")


class Journal:
    """The fuzzer of the journal."""

    name = "journal"
    packages = ("link/journal.py", "link/store.py")

    def case(self, chance: random.Random) -> list[Step]:
        steps: list[Step] = [["begin"]]
        for _unused in range(chance.randint(1, 10)):
            records = [REQUESTS[0], *(chance.choice(REQUESTS) for _again in range(chance.randint(0, 3)))]
            texts = [_text(request) for request in records]
            if chance.random() < 0.6:
                at = chance.randrange(len(texts))
                texts[at] = line(chance)
            data = journal.HEADER + b"".join(b"%08x %s\n" % (zlib.crc32(text), text) for text in texts)
            if chance.random() < 0.3:
                data = mutate.mutate(chance, data)
            steps.append(["load", data.hex()])
        return steps

    def play(self, steps: Iterable[Step]) -> Iterator[int]:
        for verb, *arguments in steps:
            if verb == "load":
                data = bytes.fromhex(arguments[0])
                try:
                    state = journal.load(data)
                except journal.BadJournal as error:
                    need(str(error) and SECRET not in str(error), "a reason without a password")
                else:
                    again = journal.load(journal.HEADER + b"".join(journal.snapshot(state)))
                    need(again == state, "the journal gives another state back")
                yield len(data)
