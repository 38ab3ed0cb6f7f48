# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The saved state of ``wire`` as text: a whole state first, then what changed; one line per record, with a checksum.

Records are requests of the link: accepted ones as they came, or a snapshot written as such.
A last line without its end (killed while writing)
is dropped, since it was never whole; anything else that does not fit makes the journal worthless.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from ..base.addresses import parse_prefix, show, show_prefix
from ..base.model import Desired, Paths
from . import layer2, messages, peers, routes
from .errors import LinkError
from .store import Store

HEADER = b"dualstack-wire-journal 1\n"
_SLICE = 500  # routes per record of a snapshot


class BadJournal(ValueError):
    """Says why a journal cannot be used."""


def record(request: bytes) -> bytes:
    """One record: an accepted request as it came, without its newline."""
    return b"%08x %s\n" % (zlib.crc32(request), request)


def snapshot(state: Desired, show_prefix: Callable[[bytes], str] = show_prefix) -> Iterator[bytes]:
    """The records of a whole state, in slices, so that writing them can pause. ``state`` must not change meanwhile."""
    named = {name: peers.encode(peer) for name, peer in state.peers.items()}
    yield _record({"op": "full", "seq": 0, "desired": {"peers": named, "routes": {}, "layer2": {}}})
    keys = list(state.routes)
    for at in range(0, len(keys), _SLICE):
        groups: dict[int, tuple[Paths, list[str]]] = {}  # by the object: equal paths are one
        for key in keys[at : at + _SLICE]:
            paths = state.routes[key]
            groups.setdefault(id(paths), (paths, []))[1].append(show_prefix(key))
        alike = [{"paths": routes.encode(paths), "prefixes": prefixes} for paths, prefixes in groups.values()]
        yield _record({"op": "delta", "seq": 0, "alike": alike})
    vips = {show(address): layer2.encode_vip(vip) for address, vip in state.layer2.items()}
    nodes = {name: layer2.encode_node(node) for name, node in state.nodes.items()}
    yield _record({"op": "delta", "seq": 0, "layer2": vips, **({"nodes": nodes} if nodes else {})})


def load(data: bytes, parse: Callable[[str], bytes] = parse_prefix) -> Desired:
    """The state that a journal holds; BadJournal with the reason. ``parse`` reads a prefix."""
    if not data.startswith(HEADER):
        raise BadJournal("it does not begin as a journal of this version")
    lines = data[len(HEADER) :].split(b"\n")[:-1]
    if not lines:
        raise BadJournal("it holds no state")
    store, decoder = Store(), routes.Decoder(parse)
    for number, line in enumerate(lines, 2):
        checksum, _unused, text = line.partition(b" ")
        if checksum != b"%08x" % zlib.crc32(text):
            raise BadJournal(f"line {number} has a wrong checksum")
        try:
            request = messages.decode_request(text)
            if request.op != ("full" if number == 2 else "delta"):
                raise LinkError(f"{request.op} is out of place")
            if request.op == "full":
                store.replace(messages.decode_full(request.body, decoder))
            else:
                store.change(messages.decode_delta(request.body, decoder))
        except LinkError as error:
            raise BadJournal(f"line {number}: {error}") from None
    return store.state


def _record(request: dict[str, Any]) -> bytes:
    return record(json.dumps(request, separators=(",", ":")).encode())
