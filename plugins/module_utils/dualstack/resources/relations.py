# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How resources relate: which advertisement selects which pool, which names lead nowhere, which aggregate is too wide.

Rules: MetalLB `internal/config/config.go` (0.16).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from ..addresses.blocks import BITS, Block
from ..addresses.sets import cidrs
from .model import Advertisement, BGPAdvertisement, Pool, Resources

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


def too_wide(advert: BGPAdvertisement, pool: Pool) -> dict[str, tuple[Block, int]]:
    """Families in which the aggregate would be wider than a CIDR of the pool, and announce addresses of others.

    Returns family → (the first such block of the pool, the least length that it allows).
    """
    found: dict[str, tuple[Block, int]] = {}
    for block in pool.blocks:
        shortest = min((part.prefix_length or 0 for part in cidrs(block)), default=BITS[block.family])
        if advert.lengths[block.family] < shortest:
            found.setdefault(block.family, (block, shortest))
    return found
