# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules over L2Advertisements, BGPAdvertisements and Communities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...addresses.blocks import FAMILY_NAME, family_of
from ...findings import ERROR, WARNING, nearest
from ...intent.well_known import well_known
from .. import modes
from ..model import Advertisement, BGPAdvertisement, Peer, Pool
from ..relations import (
    LENGTH_FIELD,
    aliases_of,
    contradictions,
    kind_of,
    lost_references,
    lost_selectors,
    of_pool,
    selects,
    too_wide,
)
from .pools import repeated
from .rule import Case, Problem, rule

MOST_COMMUNITIES = 63


def place(advert: Advertisement, field: str) -> str:
    """The place of a field."""
    return f"{kind_of(advert)} {advert.name}: spec.{field}"


def _bgp(case: Case) -> list[BGPAdvertisement]:
    return [advert for _unused, advert in sorted(case.heard.bgp_advertisements.items())]


def _all(case: Case) -> list[Advertisement]:
    layer2 = case.heard.l2_advertisements
    return [*_bgp(case), *(layer2[name] for name in sorted(layer2))]


def _peers(case: Case, advert: BGPAdvertisement) -> list[Peer]:
    return [peer for name, peer in sorted(case.heard.peers.items()) if not advert.peers or name in advert.peers]


@rule("entry-twice", ERROR, speaker=WARNING)
def entry_twice(case: Case) -> Iterator[Problem]:
    """No list of an advertisement repeats an entry.

    Source: MetalLB `config.go` l2AdvertisementFromCR, bgpAdvertisementFromCR. Interfaces are not looked at there.
    """
    for advert in _all(case):
        lists: dict[str, tuple[Any, ...]] = {
            "ipAddressPools": advert.pools,
            "ipAddressPoolSelectors": advert.pool_selectors,
            "nodeSelectors": advert.node_selectors,
            "serviceSelectors": advert.service_selectors,
        }
        if isinstance(advert, BGPAdvertisement):
            lists.update(peers=advert.peers, communities=advert.communities)
        for field, entries in lists.items():
            for index in repeated(entries):
                value = entries[index] if isinstance(entries[index], str) else ""
                yield Problem(
                    place(advert, f"{field}[{index}]"), value, "stands twice: MetalLB refuses it", "Remove one."
                )


@rule("unknown-name", WARNING)
def unknown_name(case: Case) -> Iterator[Problem]:
    """The pools and peers that an advertisement names exist.

    Source: MetalLB passes over unknown names in silence, so that a typing error means never announced.
    """
    for advert, reference in lost_references(case.resources):
        kind = "BGPPeer" if reference.field == "peers" else "IPAddressPool"
        if not case.there(kind, reference.name):
            field = f"{reference.field}[{_written(advert, reference.field).index(reference.name)}]"
            fix = f"Correct it: {nearest(reference.name, reference.known)}" if reference.known else "Add it."
            yield Problem(place(advert, field), reference.name, f"no {kind} has this name", fix)


def _written(advert: Advertisement, field: str) -> tuple[str, ...]:
    return advert.peers if field == "peers" and isinstance(advert, BGPAdvertisement) else advert.pools


@rule("selects-nothing", WARNING)
def selects_nothing(case: Case) -> Iterator[Problem]:
    """Selectors of an advertisement or a peer match a pool or a node.

    Source: MetalLB accepts selectors that match nothing; nothing is announced then.
    """
    for problem in lost_selectors(case.resources):
        if not (problem.reason == "matches no pool" and "IPAddressPool" in case.unread):
            yield problem


@rule("aggregate-too-wide", ERROR)
def aggregate_too_wide(case: Case) -> Iterator[Problem]:
    """An aggregate is not wider than the blocks of the pools that it is for.

    Source: MetalLB `config.go` validateBGPAdvPerPool: the length is at least that of the shortest CIDR of each entry.
    """
    for advert in _bgp(case):
        for pool in of_pools(case, advert):
            for family, (block, shortest) in too_wide(advert, pool).items():
                length = advert.lengths[family]
                reason = f"/{length} is wider than {block} of the pool {pool.name}"
                yield Problem(place(advert, LENGTH_FIELD[family]), str(length), reason, f"Write at least {shortest}.")


@rule("local-preference-conflict", ERROR)
def local_preference_conflict(case: Case) -> Iterator[Problem]:
    """Two advertisements of a pool don't give the same prefix to the same peer with two local preferences.

    They may when their aggregation lengths, their peers or their nodes have nothing in common.
    Source: MetalLB `config.go` validateDuplicateBGPAdvertisements; per Service where there are serviceSelectors.
    """
    yield from contradictions(case.heard)


@rule("local-preference-ebgp", WARNING)
def local_preference_ebgp(case: Case) -> Iterator[Problem]:
    """localPref is for iBGP peers; eBGP peers never see it.

    Source: RFC 4271 section 5.1.5; MetalLB leaves it out of eBGP updates in every mode.
    """
    for advert in _bgp(case):
        outside = [peer.name for peer in _peers(case, advert) if not peer.internal]
        if advert.local_preference and outside:
            reason = f"is not sent to eBGP peers: {', '.join(outside)}"
            fix = "Send a community, and let the routers set their local preference by it."
            yield Problem(place(advert, "localPref"), str(advert.local_preference), reason, fix)


@rule("local-preference-zero", WARNING, only=(modes.NATIVE,))
def local_preference_zero(case: Case) -> Iterator[Problem]:
    """In native mode an advertisement to iBGP peers states localPref.

    Source: MetalLB `internal/bgp/native/messages.go` sends LOCAL_PREF 0 where none is stated; others use 100.
    """
    for advert in _bgp(case):
        inside = [peer.name for peer in _peers(case, advert) if peer.internal]
        if not advert.local_preference and inside:
            reason = f"iBGP peers get LOCAL_PREF 0, which loses to any other route: {', '.join(inside)}"
            yield Problem(place(advert, "localPref"), "", reason, "Write localPref: 100.")


@rule("unknown-community", ERROR)
def unknown_community(case: Case) -> Iterator[Problem]:
    """Communities are numbers or names of a Community object.

    Source: MetalLB `config.go` getCommunityValue; no well-known names are built in.
    """
    aliases = aliases_of(case.resources)[0]
    for advert in _bgp(case):
        for index, text in enumerate(advert.communities):
            if ":" not in text and text not in aliases and "Community" not in case.unread:
                value = well_known(text)
                fix = f"Write {value}." if value else f"Define it in a Community; {nearest(text, aliases)}"
                reason = "is neither numbers nor the name of a community"
                yield Problem(place(advert, f"communities[{index}]"), text, reason, fix)


@rule("community-name-twice", ERROR)
def community_name_twice(case: Case) -> Iterator[Problem]:
    """Each name of a community is defined once, over all Community objects.

    Source: MetalLB `config.go` communitiesFromCrs: names are global.
    """
    yield from aliases_of(case.resources)[1]


@rule("community-name-like-numbers", WARNING)
def community_name_like_numbers(case: Case) -> Iterator[Problem]:
    """The name of a community is no community itself.

    Source: MetalLB `config.go` getCommunityValue looks for a name before it reads numbers.
    """
    for name in sorted(case.resources.communities):
        for index, (alias, value) in enumerate(case.resources.communities[name].values):
            if ":" in alias and alias != value:
                path = f"Community {name}: spec.communities[{index}].name"
                yield Problem(
                    path, alias, f"whoever writes these numbers gets {value}", "Choose a name without colons."
                )


@rule("too-many-communities", ERROR, speaker=WARNING)
def too_many_communities(case: Case) -> Iterator[Problem]:
    """A prefix has at most 63 communities, those of all advertisements of its pool together.

    Source: MetalLB `internal/bgp/bgp.go` refuses the update of the session.
    """
    for name in sorted(case.resources.pools):
        by_length: dict[tuple[str, int], set[str]] = {}
        adverts = of_pool(_bgp(case), case.resources.pools[name])
        for family in sorted({block.family for block in case.resources.pools[name].blocks}):
            for advert in (advert for advert in adverts if family in advert.families):
                by_length.setdefault((family, advert.lengths[family]), set()).update(advert.communities)
        for (family, length), values in by_length.items():
            if len(values) > MOST_COMMUNITIES:
                reason = f"its {FAMILY_NAME[family]} prefixes of /{length} get {len(values)} communities"
                fix = f"Use at most {MOST_COMMUNITIES} over all its advertisements."
                yield Problem(f"IPAddressPool {name}", "", reason, fix)


@rule("family-without-session", WARNING)
def family_without_session(case: Case) -> Iterator[Problem]:
    """Each family of an announced pool has a session that carries it.

    Source: MetalLB since 0.15: a session carries the family of its transport; both with dualStackAddressFamily or
    without an address.
    """
    for advert in _bgp(case):
        peers = _peers(case, advert)
        carried = {family for peer in peers for family in _carries(peer)}
        for pool in of_pools(case, advert):
            missing = {block.family for block in pool.blocks}.intersection(advert.families) - carried
            for family in sorted(missing) if peers and "BGPPeer" not in case.unread else ():
                reason = f"no peer of {advert.name} carries {FAMILY_NAME[family]}: half of the pool is not announced"
                fix = f"Add a BGPPeer with an {FAMILY_NAME[family]} address, or set dualStackAddressFamily on one."
                yield Problem(f"IPAddressPool {pool.name}", FAMILY_NAME[family], reason, fix)


def _carries(peer: Peer) -> tuple[str, ...]:
    if peer.both_families or peer.address is None:
        return tuple(FAMILY_NAME)
    return (family_of(peer.address),)


def of_pools(case: Case, advert: Advertisement) -> list[Pool]:
    """The pools that an advertisement selects, by name."""
    return [pool for _unused, pool in sorted(case.resources.pools.items()) if selects(advert, pool)]


RULES = (
    entry_twice,
    unknown_name,
    selects_nothing,
    aggregate_too_wide,
    local_preference_conflict,
    local_preference_ebgp,
    local_preference_zero,
    unknown_community,
    community_name_twice,
    community_name_like_numbers,
    too_many_communities,
    family_without_session,
)
