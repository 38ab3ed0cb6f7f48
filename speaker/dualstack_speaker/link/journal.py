# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The saved state of ``wire`` as text: a whole state first, then what changed; one line per record, with a checksum.

Records are the JSON bodies of the link's full and delta requests. A last line without its end (killed while writing)
is dropped, since it was never whole; anything else that does not fit makes the journal worthless.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any

from ..base.addresses import show, show_prefix
from ..base.model import Delta, Desired
from . import messages, peers, routes
from .errors import LinkError
from .store import Store

HEADER = b"dualstack-wire-journal 1\n"
_SLICE = 500  # routes per record of a snapshot


class BadJournal(ValueError):
    """Says why a journal cannot be used."""


def record(kind: str, body: dict[str, Any]) -> bytes:
    """One record: kind is full or delta, body what stands in the request."""
    text = json.dumps({kind: body}, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def snapshot(state: Desired) -> Iterator[bytes]:
    """The records of a whole state, in slices, so that writing them can pause. ``state`` must not change meanwhile."""
    yield record(
        "full", {"peers": {name: peers.encode(peer) for name, peer in state.peers.items()}, "routes": {}, "layer2": {}}
    )
    keys = list(state.routes)
    for at in range(0, len(keys), _SLICE):
        part = {show_prefix(key): routes.encode(state.routes[key]) for key in keys[at : at + _SLICE]}
        yield record("delta", {"peers": {}, "routes": part, "layer2": {}})
    layer2 = {show(address): {"interfaces": list(names)} for address, names in state.layer2.items()}
    yield record("delta", {"peers": {}, "routes": {}, "layer2": layer2})


def delta_body(delta: Delta) -> dict[str, Any]:
    """A delta as the body of its request."""
    return {
        "peers": {name: None if peer is None else peers.encode(peer) for name, peer in delta.peers.items()},
        "routes": {
            show_prefix(key): None if paths is None else routes.encode(paths) for key, paths in delta.routes.items()
        },
        "layer2": {
            show(address): None if names is None else {"interfaces": list(names)}
            for address, names in delta.layer2.items()
        },
    }


def load(data: bytes) -> Desired:
    """The state that a journal holds; BadJournal with the reason."""
    if not data.startswith(HEADER):
        raise BadJournal("it does not begin as a journal of this version")
    lines = data[len(HEADER) :].split(b"\n")[:-1]
    if not lines:
        raise BadJournal("it holds no state")
    store, decoder = Store(), routes.Decoder()
    for number, line in enumerate(lines, 2):
        checksum, _, text = line.partition(b" ")
        if checksum != b"%08x" % zlib.crc32(text):
            raise BadJournal(f"line {number} has a wrong checksum")
        try:
            value = json.loads(text)
            if number == 2:
                store.replace(messages.decode_full({"desired": value["full"]}, decoder))
            else:
                store.change(messages.decode_delta(value["delta"], decoder))
        except (LinkError, ValueError, KeyError, TypeError) as error:
            raise BadJournal(f"line {number}: {error}") from None
    return store.state
