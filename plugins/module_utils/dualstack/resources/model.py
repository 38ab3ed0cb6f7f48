# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds as frozen data. Defaults are those of the CRDs; times are whole seconds; addresses are canonical text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Union

from ..addresses.blocks import IPV4, IPV6, Block
from .selectors import Selector

Labels = Mapping[str, str]


class Key(NamedTuple):
    """What an object is known by; ``namespace`` is empty for cluster-wide kinds."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Pool:
    """IPAddressPool: the addresses that Services get."""

    name: str
    labels: Labels
    blocks: tuple[Block, ...]
    auto_assign: bool
    avoid_buggy_ips: bool


@dataclass(frozen=True)
class Preference:
    """A weight for the nodes that a selector matches."""

    weight: int
    selector: Selector


@dataclass(frozen=True)
class Advertisement:
    """What both kinds of advertisement have: which pools, which Services, from which nodes."""

    name: str
    pools: tuple[str, ...]
    pool_selectors: tuple[Selector, ...]
    node_selectors: tuple[Selector, ...]
    service_selectors: tuple[Selector, ...]


@dataclass(frozen=True)
class L2Advertisement(Advertisement):
    """L2Advertisement; no interfaces: all of them."""

    interfaces: tuple[str, ...]
    preferences: tuple[Preference, ...]


@dataclass(frozen=True)
class BGPAdvertisement(Advertisement):
    """BGPAdvertisement; no peers: all of them. ``communities`` holds literals and names of Community objects."""

    lengths: Mapping[str, int]
    local_preference: int
    communities: tuple[str, ...]
    peers: tuple[str, ...]


@dataclass(frozen=True)
class Peer:
    """BGPPeer. ``password`` is a literal, ``password_secret`` the name of a Secret."""

    name: str
    my_asn: int
    peer_asn: int
    address: str
    source_address: str | None
    port: int
    hold_time: int
    keepalive_time: int
    connect_time: int
    router_id: str | None
    node_selectors: tuple[Selector, ...]
    password: str | None = field(repr=False)
    password_secret: str | None
    multihop: bool
    both_families: bool


@dataclass(frozen=True)
class Communities:
    """Community: names for values."""

    name: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class BFDProfile:
    """BFDProfile: accepted and kept by name."""

    name: str


@dataclass(frozen=True)
class Secret:
    """Secret of the type kubernetes.io/basic-auth."""

    name: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Node:
    """What counts of a Node."""

    name: str
    labels: Labels
    network_unavailable: bool


@dataclass(frozen=True)
class Service:
    """What counts of a Service of the type LoadBalancer; ``addresses`` stand in status.loadBalancer.ingress."""

    __slots__ = ("addresses", "labels", "load_balancer_class", "name", "namespace", "shared")

    namespace: str
    name: str
    labels: Labels
    addresses: tuple[str, ...]
    load_balancer_class: str | None
    shared: bool

    @property
    def key(self) -> str:
        """``namespace/name``."""
        return f"{self.namespace}/{self.name}"


Resource = Union[Pool, L2Advertisement, BGPAdvertisement, Peer, Communities, BFDProfile, Secret, Node, Service]

FULL_LENGTHS: Mapping[str, int] = {IPV4: 32, IPV6: 128}


@dataclass(frozen=True)
class Resources:
    """A consistent view of all resources, each kind by name, Services by ``namespace/name``."""

    pools: Mapping[str, Pool] = field(default_factory=dict)
    l2_advertisements: Mapping[str, L2Advertisement] = field(default_factory=dict)
    bgp_advertisements: Mapping[str, BGPAdvertisement] = field(default_factory=dict)
    peers: Mapping[str, Peer] = field(default_factory=dict)
    communities: Mapping[str, Communities] = field(default_factory=dict)
    bfd_profiles: Mapping[str, BFDProfile] = field(default_factory=dict)
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    nodes: Mapping[str, Node] = field(default_factory=dict)
    services: Mapping[str, Service] = field(default_factory=dict)
