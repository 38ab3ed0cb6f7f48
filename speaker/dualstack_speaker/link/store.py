# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The desired state and what changes in it."""

from __future__ import annotations

from typing import NamedTuple

from ..base.addresses import prefix_family, show_prefix
from ..base.model import Delta, Desired, Node, Paths, Peer, Vip
from .errors import LinkError


class Changes(NamedTuple):
    """What is different now. ``routes``: prefix keys by (paths before, paths now); equal pairs stand together."""

    peers: dict[str, Peer | None]
    routes: dict[tuple[Paths, Paths], list[bytes]]
    layer2: dict[bytes, Vip | None]
    nodes: dict[str, Node | None]

    @property
    def any(self) -> bool:
        """Whether anything is different."""
        return bool(self.peers or self.routes or self.layer2 or self.nodes)


class Store:
    """The last accepted state. A refused change leaves it as it was."""

    def __init__(self) -> None:
        self.state = Desired({}, {}, {}, {})

    def replace(self, wanted: Desired) -> Changes:
        """Takes a whole state over; LinkError when it does not fit together."""
        _check(wanted.peers, wanted.routes)
        before = self.state
        delta = Delta(
            {**dict.fromkeys(before.peers.keys() - wanted.peers.keys()), **wanted.peers},
            {**dict.fromkeys(before.routes.keys() - wanted.routes.keys()), **wanted.routes},
            {**dict.fromkeys(before.layer2.keys() - wanted.layer2.keys()), **wanted.layer2},
            {**dict.fromkeys(before.nodes.keys() - wanted.nodes.keys()), **wanted.nodes},
        )
        return self._apply(delta)

    def change(self, delta: Delta) -> Changes:
        """Takes changes over; LinkError when the state would not fit together."""
        peers = {name: peer for name, peer in {**self.state.peers, **delta.peers}.items() if peer is not None}
        _check(peers, delta.routes)
        shrunk = any(
            peer is None or (name in self.state.peers and set(peer.families) < set(self.state.peers[name].families))
            for name, peer in delta.peers.items()
        )
        if shrunk:
            _check(peers, {**self.state.routes, **delta.routes})
        return self._apply(delta)

    def _apply(self, delta: Delta) -> Changes:
        changes = Changes({}, {}, {}, {})
        peers, routes, layer2, nodes = self.state
        for name, peer in delta.peers.items():
            if peers.get(name) != peer:
                changes.peers[name] = peer
                _put(peers, name, peer)
        pair: tuple[Paths, Paths] | None = None
        alike: list[bytes] = []
        for key, wanted in delta.routes.items():
            before, after = routes.get(key, ()), wanted or ()
            if before is after or before == after:
                continue
            # Most stand beside their like: then neither is hashed again.
            if pair is None or pair[0] is not before or pair[1] is not after:
                pair = (before, after)
                alike = changes.routes.setdefault(pair, [])
            alike.append(key)
            _put(routes, key, after or None)
        for address, vip in delta.layer2.items():
            if layer2.get(address) != vip:
                changes.layer2[address] = vip
                _put(layer2, address, vip)
        for name, node in delta.nodes.items():
            if nodes.get(name) != node:
                changes.nodes[name] = node
                _put(nodes, name, node)
        return changes


def _put(items: dict, name: object, value: object) -> None:  # type: ignore[type-arg]
    if value is None:
        items.pop(name, None)
    else:
        items[name] = value


def _check(peers: dict[str, Peer], routes: dict[bytes, Paths] | dict[bytes, Paths | None]) -> None:
    """Every path names peers that are there and carry its family."""
    for key, paths in {(key[0], id(paths)): (key, paths) for key, paths in routes.items()}.values():
        for path in paths or ():
            for name in path.peers:
                if name not in peers:
                    raise LinkError(f"routes.{show_prefix(key)}: names the unknown peer {name!r}")
                if prefix_family(key) not in peers[name].families:
                    raise LinkError(f"routes.{show_prefix(key)}: peer {name!r} does not carry {prefix_family(key)}")
