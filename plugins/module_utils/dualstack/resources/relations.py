# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How resources relate: which advertisement selects which pool, which names lead nowhere, which aggregate is too wide.

Rules: MetalLB `internal/config/config.go` (0.16).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any, NamedTuple, TypeVar

from ..addresses.blocks import BITS, Block
from ..addresses.sets import cidrs
from ..findings import Problem
from .model import Advertisement, BGPAdvertisement, Pool, Resources
from .selectors import common, selected

AdvertisementT = TypeVar("AdvertisementT", bound=Advertisement)

LENGTH_FIELD = {"ipv4": "aggregationLength", "ipv6": "aggregationLengthV6"}


class Reference(NamedTuple):
    """A name in ``field`` of an advertisement, and all that it could name."""

    field: str
    name: str
    known: Mapping[str, Any]


def selects(advert: Advertisement, pool: Pool) -> bool:
    """Whether an advertisement selects a pool: by name, by label, or because it names nothing."""
    return (
        (not advert.pools and not advert.pool_selectors)
        or pool.name in advert.pools
        or any(selector.matches(pool.labels) for selector in advert.pool_selectors)
    )


def of_pool(advertisements: Iterable[AdvertisementT], pool: Pool) -> list[AdvertisementT]:
    """The advertisements that select ``pool``, in the order given."""
    return [advert for advert in advertisements if selects(advert, pool)]


def kind_of(advert: Advertisement) -> str:
    """The kind of an advertisement."""
    return "BGPAdvertisement" if isinstance(advert, BGPAdvertisement) else "L2Advertisement"


def lost_references(resources: Resources) -> Iterator[tuple[Advertisement, Reference]]:
    """Pools and peers that advertisements name and that are not there: mostly typing errors."""
    adverts: list[Advertisement] = [*resources.bgp_advertisements.values(), *resources.l2_advertisements.values()]
    for advert in adverts:
        references = [Reference("ipAddressPools", name, resources.pools) for name in advert.pools]
        if isinstance(advert, BGPAdvertisement):
            references += [Reference("peers", name, resources.peers) for name in advert.peers]
        yield from ((advert, entry) for entry in references if entry.name not in entry.known)


def aliases_of(resources: Resources) -> tuple[dict[str, str], list[Problem]]:
    """The names of communities with their values, and those that are defined more than once: the first one counts."""
    values: dict[str, str] = {}
    owner: dict[str, str] = {}
    twice = []
    for name in sorted(resources.communities):
        for index, (alias, value) in enumerate(resources.communities[name].values):
            if alias in owner:
                path = f"Community {name}: spec.communities[{index}].name"
                reason = f"is defined by Community {owner[alias]} already"
                twice.append(Problem(path, alias, reason, "Rename or remove one."))
            values.setdefault(alias, value)
            owner.setdefault(alias, name)
    return values, twice


def contradictions(resources: Resources) -> Iterator[Problem]:
    """Advertisements for all Services that give a pool's prefixes to the same peers with two local preferences.

    Each pair once. Source: MetalLB `config.go` validateDuplicateBGPAdvertisements.
    """
    told = set()
    plain = [
        resources.bgp_advertisements[name]
        for name in sorted(resources.bgp_advertisements)
        if not resources.bgp_advertisements[name].service_selectors
    ]
    if len({advert.local_preference for advert in plain}) < 2:
        return
    for name in sorted(resources.pools):
        pool = resources.pools[name]
        for one, two in combinations(of_pool(plain, pool), 2):
            if (one.name, two.name) not in told and _contradict(resources, pool, one, two):
                told.add((one.name, two.name))
                reason = f"{two.name} announces the pool {name} to the same peers with {two.local_preference}"
                fix = "Name peers in both, none of them twice, or give both the same localPref."
                path = f"BGPAdvertisement {one.name}: spec.localPref"
                yield Problem(path, str(one.local_preference), reason, fix)


def _contradict(resources: Resources, pool: Pool, one: BGPAdvertisement, two: BGPAdvertisement) -> bool:
    if one.local_preference == two.local_preference:
        return False
    families = {block.family for block in pool.blocks}.intersection(one.families, two.families)
    if all(one.lengths[family] != two.lengths[family] for family in families):
        return False
    if one.peers and two.peers and not set(one.peers) & set(two.peers):
        return False
    return common(one.node_selectors, two.node_selectors) and (
        not resources.nodes
        or any(
            selected(one.node_selectors, node.labels) and selected(two.node_selectors, node.labels)
            for node in resources.nodes.values()
        )
    )


def lost_selectors(resources: Resources) -> Iterator[Problem]:
    """Selectors that match no pool or no node; nothing is said while there are no pools, or no Nodes, at all."""
    pools = list(resources.pools.values())
    adverts: list[Advertisement] = [
        *(resources.bgp_advertisements[name] for name in sorted(resources.bgp_advertisements)),
        *(resources.l2_advertisements[name] for name in sorted(resources.l2_advertisements)),
    ]
    for advert in adverts:
        if pools and advert.pool_selectors and not advert.pools and not any(selects(advert, pool) for pool in pools):
            fix = "Correct the labels, or name the pools in ipAddressPools."
            yield Problem(f"{kind_of(advert)} {advert.name}: spec.ipAddressPoolSelectors", "", "matches no pool", fix)
    selecting = [(f"{kind_of(advert)} {advert.name}: spec.nodeSelectors", advert.node_selectors) for advert in adverts]
    selecting += [
        (f"L2Advertisement {name}: spec.preferredNodeSelectors[{index}]", (preference.selector,))
        for name, entry in sorted(resources.l2_advertisements.items())
        for index, preference in enumerate(entry.preferences)
    ]
    selecting += [
        (f"BGPPeer {name}: spec.nodeSelectors", peer.node_selectors) for name, peer in sorted(resources.peers.items())
    ]
    labels = [node.labels for node in resources.nodes.values()]
    for path, selectors in selecting:
        if labels and not any(selected(selectors, entry) for entry in labels):
            yield Problem(path, "", "matches no Node", "Correct the labels, or label the nodes.")


def too_wide(advert: BGPAdvertisement, pool: Pool) -> dict[str, tuple[Block, int]]:
    """Families in which the aggregate would be wider than a CIDR of the pool, and announce addresses of others.

    Not those that the advertisement is not for.

    Returns family → (the first such block of the pool, the least length that it allows).
    """
    found: dict[str, tuple[Block, int]] = {}
    for block in (block for block in pool.blocks if block.family in advert.families):
        shortest = min((part.prefix_length or 0 for part in cidrs(block)), default=BITS[block.family])
        if advert.lengths[block.family] < shortest:
            found.setdefault(block.family, (block, shortest))
    return found
