# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the BGPAdvertisements offer for the addresses of a pool: prefix lengths, peers, attributes.

Everything but the address itself is the same for thousands of VIPs, so it is computed once and shared.
Rules: MetalLB `speaker/bgp_controller.go` and `internal/config/validation.go` (0.16).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..addresses.blocks import FAMILY_NAME
from ..findings import ERROR, WARNING, Finding, nearest
from ..resources.model import Advertisement, BGPAdvertisement, Pool, Resources
from ..resources.relations import (
    LENGTH_FIELD,
    aliases_of,
    contradictions,
    kind_of,
    lost_references,
    lost_selectors,
    too_wide,
)
from . import reasons

Paths = list[dict[str, Any]]


class Offer(NamedTuple):
    """A prefix length and the paths (docs/architecture.md) with which a prefix of this length is announced."""

    length: int
    paths: Paths


class Terms(NamedTuple):
    """A sound advertisement with its communities as numbers."""

    advertisement: BGPAdvertisement
    communities: tuple[str, ...]
    large_communities: tuple[str, ...]
    extended_communities: tuple[str, ...]


def terms(resources: Resources, last: Mapping[str, Terms]) -> tuple[dict[str, Terms], list[Finding]]:
    """The advertisements whose communities are known, by name.

    One that names something unknown stays as it was when all of it was known (``last``), as MetalLB keeps a
    configuration that was good; one that never was is left out.
    """
    aliases, twice = aliases_of(resources)
    result: dict[str, Terms] = {}
    findings = [Finding("community-name-twice", ERROR, *problem) for problem in twice]
    for name in sorted(resources.bgp_advertisements):
        advert = resources.bgp_advertisements[name]
        values = []
        for text in advert.communities:
            value = aliases.get(text, text)
            if ":" not in value:
                fix = f"Add a Community object that defines it; {nearest(text, aliases)}"
                kept = name in last
                reason = f"is no community: the advertisement {reasons.KEPT if kept else 'is not used'}"
                findings.append(Finding("unknown-community", ERROR, _path(advert, "communities"), text, reason, fix))
                if kept:
                    result[name] = last[name]
                break
            values.append(value)
        else:
            large = sorted({value[len("large:") :] for value in values if value.startswith("large:")})
            plain = sorted({value for value in values if not value.startswith("large:")})
            result[name] = Terms(advert, tuple(plain), tuple(large), tuple(sorted({*advert.extended_communities})))
    return result, findings


def unknown_names(resources: Resources) -> list[Finding]:
    """Pools and peers that advertisements name and that are not there."""
    return [
        Finding(
            "unknown-name",
            WARNING,
            _path(advert, reference.field),
            reference.name,
            "nothing of this name exists",
            nearest(reference.name, reference.known),
        )
        for advert, reference in lost_references(resources)
    ]


def mistakes(resources: Resources) -> list[Finding]:
    """Selectors of advertisements and peers that match nothing, and local preferences that contradict each other."""
    return [
        *(Finding("selects-nothing", WARNING, *problem) for problem in lost_selectors(resources)),
        *(Finding("local-preference-conflict", ERROR, *problem) for problem in contradictions(resources)),
    ]


def too_wide_findings(advert: BGPAdvertisement, pool: Pool) -> list[tuple[str, Finding]]:
    """Families in which the aggregate is too wide for the pool, each with its finding."""
    findings = []
    for family, (block, shortest) in too_wide(advert, pool).items():
        reason = f"an aggregate of /{advert.lengths[family]} is wider than {block} of the pool {pool.name}"
        fix = f"Choose at least {shortest} for {FAMILY_NAME[family]}; until then the pool is not announced in it."
        value = str(advert.lengths[family])
        place = _path(advert, LENGTH_FIELD[family])
        findings.append((family, Finding("aggregation", ERROR, place, value, reason, fix)))
    return findings


def combine(family: str, chosen: Sequence[Terms], peers: Mapping[str, Sequence[str]]) -> tuple[Offer, ...] | None:
    """The offers of several advertisements of one pool, or None when they contradict each other.

    ``peers``: name → families, of the sessions of this node. Equal prefixes towards one peer unite their communities;
    two local preferences for one are a contradiction as soon as serviceSelectors had a part in it. Else it is a mistake
    of the configuration: the first advertisement by name counts, and ``contradictions`` tells of it.
    """
    lengths: dict[int, dict[str, list[Terms]]] = {}
    for entry in chosen:
        advert = entry.advertisement
        for peer in advert.peers or peers:
            if family in peers.get(peer, ()):
                lengths.setdefault(advert.lengths[family], {}).setdefault(peer, []).append(entry)
    offers = []
    for length in sorted(lengths):
        groups: dict[tuple[Any, ...], list[str]] = {}
        for peer in sorted(lengths[length]):
            entries = _agreeing(lengths[length][peer])
            preferences = {entry.advertisement.local_preference for entry in entries}
            if len(preferences) > 1:
                return None
            plain = tuple(sorted({value for entry in entries for value in entry.communities}))
            large = tuple(sorted({value for entry in entries for value in entry.large_communities}))
            more = tuple(sorted({value for entry in entries for value in entry.extended_communities}))
            groups.setdefault((plain, large, preferences.pop() or None, more), []).append(peer)
        offers.append(Offer(length, [_path_of(names, *shape) for shape, names in groups.items()]))
    return tuple(offers)


def _agreeing(entries: list[Terms]) -> list[Terms]:
    """Without those that contradict the first one that is for all Services, and are for all Services themselves."""
    plain = [entry.advertisement for entry in entries if not entry.advertisement.service_selectors]
    return [
        entry
        for entry in entries
        if entry.advertisement not in plain or entry.advertisement.local_preference == plain[0].local_preference
    ]


def merge(first: Paths, second: Paths) -> Paths:
    """The paths of one prefix that two VIPs offer: per peer the union of communities, the higher local preference."""
    if first is second or first == second:
        return first
    united: dict[str, tuple[set[str], set[str], int, set[str]]] = {}
    for path in [*first, *second]:
        for peer in path["peers"]:
            plain, large, preference, more = united.get(peer, (set(), set(), 0, set()))
            higher = max(preference, path["local_preference"] or 0)
            more = more.union(path.get("extended_communities", ()))
            united[peer] = (plain | set(path["communities"]), large | set(path["large_communities"]), higher, more)
    groups: dict[tuple[Any, ...], list[str]] = {}
    for peer in sorted(united):
        plain, large, preference, more = united[peer]
        shape = (tuple(sorted(plain)), tuple(sorted(large)), preference or None, tuple(sorted(more)))
        groups.setdefault(shape, []).append(peer)
    return [_path_of(names, *shape) for shape, names in groups.items()]


def _path_of(
    peers: list[str], plain: Iterable[str], large: Iterable[str], preference: int | None, extended: Sequence[str]
) -> dict[str, Any]:
    return {
        "peers": peers,
        "communities": list(plain),
        "large_communities": list(large),
        "local_preference": preference,
        **({"extended_communities": list(extended)} if extended else {}),
    }


def _path(advert: Advertisement, field: str) -> str:
    return f"{kind_of(advert)} {advert.name}: spec.{field}"
