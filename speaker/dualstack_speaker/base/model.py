# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The desired state that ``speaker`` hands to ``wire``, as immutable data.

Shapes: docs/architecture.md, "speaker and wire".
"""

from __future__ import annotations

from typing import NamedTuple

from .addresses import IPV6, family, link_local, show

UNKNOWN = bytes(16)  # the address of a peer that is still to be found behind its interface
INTERNAL, EXTERNAL = "internal", "external"  # ASNs that are accepted where none is stated: our own, any other


class Peer(NamedTuple):
    """One BGP neighbour. Times in seconds; addresses as packed octets; ``ttl_security`` in hops (1: on the link).

    Either ``peer_asn`` or ``dynamic_asn`` is there. ``restart_time``: how long the peer shall keep our routes while we
    restart; None: no graceful restart. ``passive``: the peer dials, we never do.
    ``interface``: by name, where the session is bound to it; ``address`` may then be UNKNOWN. IPv6 next hops of 32
    octets hold a link-local address behind a global one (RFC 2545 section 3).
    """

    local_asn: int
    peer_asn: int | None
    address: bytes
    port: int
    source_address: bytes | None
    router_id: bytes
    hold_time: int
    keepalive_time: float
    connect_retry: float
    password: str | None
    families: tuple[str, ...]
    next_hop_ipv4: bytes | None
    next_hop_ipv6: bytes | None
    multihop: bool
    bfd: Bfd | None = None
    ttl: int | None = None
    ttl_security: int | None = None
    dynamic_asn: str | None = None
    restart_time: int | None = None
    passive: bool = False
    interface: str | None = None

    @property
    def where(self) -> str:
        """The address for people: with its interface where it means nothing without."""
        if self.address == UNKNOWN:
            return f"interface {self.interface}"
        return show(self.address) + (f"%{self.interface}" if link_local(self.address) and self.interface else "")

    @property
    def transport(self) -> str:
        """The family over which the session runs."""
        return IPV6 if self.address == UNKNOWN else family(self.address)

    @property
    def sent_ttl(self) -> int | None:
        """TTL of what is sent: 255 with RFC 5082 and multihop, 1 to eBGP on the link, the system's (None) to iBGP."""
        if self.ttl is not None or self.internal:
            return 255 if self.ttl_security is not None else self.ttl
        return 255 if self.multihop or self.ttl_security is not None else 1

    @property
    def least_ttl(self) -> int | None:
        """The least TTL that is accepted (RFC 5082 section 3); None: any."""
        return None if self.ttl_security is None else 256 - self.ttl_security

    @property
    def extended_next_hop(self) -> bool:
        """Whether IPv4 prefixes are announced with an IPv6 next hop (RFC 8950)."""
        return self.next_hop_ipv4 is not None and len(self.next_hop_ipv4) > 4

    @property
    def internal(self) -> bool:
        """Whether this is an iBGP peer (RFC 4271 section 1.1)."""
        return self.dynamic_asn == INTERNAL or self.local_asn == self.peer_asn

    def needs_reset(self, other: Peer) -> bool:
        """Whether going from this to ``other`` takes a new session: it stands in OPEN or belongs to the connection."""
        kept = {"keepalive_time", "connect_retry", "next_hop_ipv4", "next_hop_ipv6", "bfd", "passive"}
        changed = any(ours != theirs for name, ours, theirs in zip(self._fields, self, other) if name not in kept)
        return changed or self.extended_next_hop != other.extended_next_hop


class Bfd(NamedTuple):
    """How BFD watches the path to a peer: least intervals, packets that may be missing, who begins.

    ``minimum_ttl`` None: one hop away (RFC 5881); else several (RFC 5883), and packets with a lower TTL are dropped.
    """

    receive_ms: int
    transmit_ms: int
    multiplier: int
    passive: bool
    minimum_ttl: int | None


class Attributes(NamedTuple):
    """What a prefix carries towards a peer, apart from what follows from the session.

    ``extended_communities``: eight octets each, as a number (RFC 4360). All communities are sorted, none twice.
    """

    communities: tuple[int, ...]
    large_communities: tuple[tuple[int, int, int], ...]
    local_preference: int | None
    extended_communities: tuple[int, ...] = ()


class Path(NamedTuple):
    """A set of peers to which a prefix goes with the same attributes."""

    peers: tuple[str, ...]
    attributes: Attributes


Paths = tuple[Path, ...]


class Candidate(NamedTuple):
    """A node that may answer for an address, and the interfaces that are its own for that; none: any."""

    node: str
    interfaces: tuple[str, ...]


class Vip(NamedTuple):
    """A layer-2 address: on which interfaces this node answers (none: every eligible one), who may, in order.

    ``candidates`` None: this node answers, whoever else there is.
    """

    interfaces: tuple[str, ...]
    candidates: tuple[Candidate, ...] | None = None


class Node(NamedTuple):
    """Another node that may answer for layer-2 addresses; packed addresses. ``ready``: its condition in Kubernetes."""

    addresses: tuple[bytes, ...]
    ready: bool


class Desired(NamedTuple):
    """A whole desired state: peers by name, paths by prefix key, layer-2 addresses (packed), other nodes by name."""

    peers: dict[str, Peer]
    routes: dict[bytes, Paths]
    layer2: dict[bytes, Vip]
    nodes: dict[str, Node]

    def copy(self) -> Desired:
        """Another one that stays as it is when this one changes."""
        return Desired(dict(self.peers), dict(self.routes), dict(self.layer2), dict(self.nodes))


class Delta(NamedTuple):
    """Changes of a desired state; None takes the item away."""

    peers: dict[str, Peer | None]
    routes: dict[bytes, Paths | None]
    layer2: dict[bytes, Vip | None]
    nodes: dict[str, Node | None]
