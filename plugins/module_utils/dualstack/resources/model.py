# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds as frozen data. Defaults are those of the CRDs; times are whole seconds; addresses are canonical text.

Lists keep the order and the repetitions in which they were written. None is what is not stated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Union

from ..addresses.blocks import FAMILIES, IPV4, IPV6, Block
from .selectors import Selector

Labels = Mapping[str, str]

FULL_LENGTHS: Mapping[str, int] = {IPV4: 32, IPV6: 128}
BGP_PORT = 179
HIGHEST_TTL = 255  # what ebgpMultiHop means: MetalLB has no number of hops
DEFAULT_HOLD, DEFAULT_CONNECT = 90, 5  # seconds; MetalLB's native mode: 90, and a back-off instead of an interval
INTERNAL, EXTERNAL = "internal", "external"


class Key(NamedTuple):
    """What an object is known by; ``namespace`` is empty for cluster-wide kinds."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Allocation:
    """serviceAllocation of a pool: which Services it serves. Lower priorities come first, 0 last."""

    priority: int = 0
    namespaces: tuple[str, ...] = ()
    namespace_selectors: tuple[Selector, ...] = ()
    service_selectors: tuple[Selector, ...] = ()


@dataclass(frozen=True)
class Pool:
    """IPAddressPool: the addresses that Services get.

    ``ranges``: those of ``blocks`` that could be CIDRs but were written first-last: they are used in full. ``pair``
    (the same name on two pools) and ``use_edges`` come from annotations (``extensions``).
    """

    name: str
    labels: Labels = field(default_factory=dict)
    blocks: tuple[Block, ...] = ()
    auto_assign: bool = True
    avoid_buggy_ips: bool = False
    allocation: Allocation | None = None
    ranges: frozenset[Block] = frozenset()
    pair: str | None = None
    use_edges: bool = False


@dataclass(frozen=True)
class Preference:
    """A weight (1 to 100) for the nodes that a selector matches."""

    weight: int
    selector: Selector


@dataclass(frozen=True)
class Advertisement:
    """What both kinds of advertisement have: which pools, which Services, from which nodes.

    ``families``: those of the addresses that it is for, out of an annotation (``extensions``).
    """

    name: str
    pools: tuple[str, ...] = ()
    pool_selectors: tuple[Selector, ...] = ()
    node_selectors: tuple[Selector, ...] = ()
    service_selectors: tuple[Selector, ...] = ()
    families: tuple[str, ...] = FAMILIES


@dataclass(frozen=True)
class L2Advertisement(Advertisement):
    """L2Advertisement; no interfaces: all of them."""

    interfaces: tuple[str, ...] = ()
    preferences: tuple[Preference, ...] = ()


@dataclass(frozen=True)
class BGPAdvertisement(Advertisement):
    """BGPAdvertisement; no peers: all of them. ``communities`` holds literals and names of Community objects.

    ``lengths``: family → prefix length; ``local_preference`` 0: none. ``extended_communities`` come from an annotation
    (``extensions``).
    """

    lengths: Mapping[str, int] = field(default_factory=lambda: dict(FULL_LENGTHS))
    local_preference: int = 0
    communities: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()
    extended_communities: tuple[str, ...] = ()


class Timers(NamedTuple):
    """What a session uses, in seconds."""

    hold: int
    keepalive: int
    connect: int


@dataclass(frozen=True)
class Peer:
    """BGPPeer, with the fields of v1beta2.

    Either ``peer_asn`` or ``dynamic_asn`` (internal, external), and either ``address`` or ``interface``.
    ``password`` is a literal, ``password_secret`` the name of a Secret; its ``password_secret_namespace`` is not looked
    at by MetalLB. ``ttl`` and what follows it come from annotations (``extensions``); ``source``: an interface or a
    network of the node, out of which the address of the session is taken.
    """

    name: str
    my_asn: int
    peer_asn: int | None = None
    dynamic_asn: str | None = None
    local_asn: int | None = None
    address: str | None = None
    interface: str | None = None
    source_address: str | None = None
    port: int = BGP_PORT
    hold_time: int | None = None
    keepalive_time: int | None = None
    connect_time: int | None = None
    router_id: str | None = None
    node_selectors: tuple[Selector, ...] = ()
    password: str | None = field(default=None, repr=False)
    password_secret: str | None = None
    password_secret_namespace: str | None = None
    bfd_profile: str | None = None
    graceful_restart: bool = False
    multihop: bool = False
    vrf: str | None = None
    disable_mp: bool = False
    both_families: bool = False
    ttl: int | None = None
    ttl_security: int | None = None
    passive: bool = False
    source: str | None = None

    @property
    def timers(self) -> Timers:
        """The timers, those that are not stated included: keepalive is a third of hold (MetalLB since 0.14)."""
        hold = self.hold_time
        if hold is None:
            hold = DEFAULT_HOLD if self.keepalive_time is None else 3 * self.keepalive_time
        return Timers(hold, self.keepalive_time or hold // 3, self.connect_time or DEFAULT_CONNECT)

    @property
    def shown_asn(self) -> int:
        """The ASN of the node in this session: localASN where it is stated."""
        return self.local_asn or self.my_asn

    @property
    def internal(self) -> bool:
        """Whether the session is iBGP: by the ASN that the peer is shown (FRR bgpd, peer_calc_sort)."""
        return self.dynamic_asn == INTERNAL or self.peer_asn == self.shown_asn


@dataclass(frozen=True)
class Communities:
    """Community: names for values."""

    name: str
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class BFDProfile:
    """BFDProfile; intervals in milliseconds. What is not stated is FRR's: 300 ms, multiplier 3, echo 50 ms."""

    name: str
    receive_interval: int | None = None
    transmit_interval: int | None = None
    echo_interval: int | None = None
    detect_multiplier: int | None = None
    minimum_ttl: int | None = None
    echo_mode: bool = False
    passive_mode: bool = False


@dataclass(frozen=True)
class Secret:
    """Secret of the type kubernetes.io/basic-auth."""

    name: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Node:
    """What counts of a Node.

    ``addresses``: its InternalIPs, canonical, in the order of its status; ``ready``: false where a condition Ready says
    anything but True; ``drain``: seconds of the annotation ``baremetal.dualstack/drain``, None without it.
    """

    name: str
    labels: Labels
    network_unavailable: bool
    addresses: tuple[str, ...] = ()
    ready: bool = True
    drain: int | None = None
    uid: str = ""


@dataclass(frozen=True)
class Namespace:
    """What counts of a Namespace."""

    name: str
    labels: Labels


@dataclass(frozen=True)
class EndpointSlice:
    """What counts of an EndpointSlice (discovery.k8s.io/v1) that belongs to a Service, ``namespace/name``.

    ``family``: of all its addresses; ``nodes``: those with a serving endpoint, by name; ``serving``: whether there is
    any serving endpoint, one without a node included.
    """

    __slots__ = ("family", "name", "namespace", "nodes", "service", "serving")

    namespace: str
    name: str
    service: str
    family: str
    nodes: tuple[str, ...]
    serving: bool


@dataclass(frozen=True)
class Service:
    """What counts of a Service of the type LoadBalancer.

    ``addresses`` stand in status.loadBalancer.ingress; ``families`` in spec.ipFamilies; ``local``: whether
    externalTrafficPolicy is Local; ``uid``: empty where no API server has given one; ``noted``: the pools of which the
    controller says that the addresses are (ip-allocated-from-pool).
    """

    __slots__ = (
        "addresses",
        "families",
        "labels",
        "load_balancer_class",
        "local",
        "name",
        "namespace",
        "noted",
        "shared",
        "uid",
    )

    namespace: str
    name: str
    labels: Labels
    addresses: tuple[str, ...]
    load_balancer_class: str | None
    shared: bool
    local: bool
    families: tuple[str, ...]
    uid: str
    noted: tuple[str, ...]

    @property
    def key(self) -> str:
        """``namespace/name``."""
        return f"{self.namespace}/{self.name}"


Resource = Union[
    Pool,
    L2Advertisement,
    BGPAdvertisement,
    Peer,
    Communities,
    BFDProfile,
    Secret,
    Node,
    Namespace,
    Service,
    EndpointSlice,
]


@dataclass(frozen=True)
class Resources:
    """A consistent view of all resources, each kind by name, Services and EndpointSlices by ``namespace/name``."""

    pools: Mapping[str, Pool] = field(default_factory=dict)
    l2_advertisements: Mapping[str, L2Advertisement] = field(default_factory=dict)
    bgp_advertisements: Mapping[str, BGPAdvertisement] = field(default_factory=dict)
    peers: Mapping[str, Peer] = field(default_factory=dict)
    communities: Mapping[str, Communities] = field(default_factory=dict)
    bfd_profiles: Mapping[str, BFDProfile] = field(default_factory=dict)
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    nodes: Mapping[str, Node] = field(default_factory=dict)
    namespaces: Mapping[str, Namespace] = field(default_factory=dict)
    services: Mapping[str, Service] = field(default_factory=dict)
    endpoint_slices: Mapping[str, EndpointSlice] = field(default_factory=dict)
