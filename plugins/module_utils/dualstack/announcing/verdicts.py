# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict about one Service, as far as it depends on no other Service.

The order of the reasons is MetalLB's (`speaker/layer2_controller.go`, `speaker/bgp_controller.go`). Endpoints count by
the family of the VIP: MetalLB takes those of both families together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from ..addresses.blocks import BITS, Block, address_text, parse_address
from ..findings import WARNING, Finding
from ..resources.model import Pool, Service
from ..resources.selectors import selected
from . import reasons
from .announcements import BGP, LAYER2, Announcement
from .context import Context
from .endpoints import Endpoints
from .facts import OF_ALL, UNKNOWN
from .layer2 import Claim
from .offers import Paths, merge

_NO_CLAIMS: Mapping[str, Claim] = {}


class Verdict(NamedTuple):
    """``entries``: the announcements, those by layer 2 without their candidates; ``claims`` by VIP: who may answer."""

    service: Service
    entries: tuple[Announcement, ...]
    claims: Mapping[str, Claim]

    @property
    def routes(self) -> dict[str, Paths]:
        """What is announced by BGP, by prefix."""
        found: dict[str, Paths] = {}
        for entry in self.entries:
            for prefix, paths in () if entry.reason else entry.routes:
                found[prefix] = merge(found[prefix], paths) if prefix in found else paths
        return found


def verdict(
    context: Context,
    endpoints: Endpoints,
    key: str,
    service: Service,
    pool_of: Callable[[str, Block], Pool | None],
) -> Verdict:
    """The verdict about the Service ``key``; ``pool_of`` finds the pool of a VIP."""
    entries: list[Announcement] = []
    claims: dict[str, Claim] = {}
    if service.load_balancer_class == context.facts.load_balancer_class:
        for text in service.addresses:
            block = parse_address(text)
            entries += _vip(context, endpoints, key, service, text, block, pool_of(text, block), claims)
    return Verdict(service, tuple(entries), claims or _NO_CLAIMS)


def unknown_endpoints(context: Context, service: Service) -> list[Finding]:
    """What is said of a Service whose traffic policy can't be followed."""
    ours = service.load_balancer_class == context.facts.load_balancer_class
    if not (service.local and ours and context.facts.endpoints == UNKNOWN):
        return []
    place = f"Service {service.key}: spec.externalTrafficPolicy"
    reason = "its EndpointSlices are not known to this speaker: every node announces it"
    fix = "Let the speaker read them from the API server, put them beside the other resources, or use Cluster."
    return [Finding("local-policy", WARNING, place, "Local", reason, fix)]


def _vip(
    context: Context,
    endpoints: Endpoints,
    key: str,
    service: Service,
    text: str,
    block: Block,
    pool: Pool | None,
    claims: dict[str, Claim],
) -> Iterator[Announcement]:
    family = block.family
    if pool is None:
        yield _silent(key, text, family, None, reasons.NO_POOL)
        return
    by_bgp = context.bgp(pool, family, service)
    if by_bgp is not None:
        offers, reason = by_bgp
        reason = reason or _unserved(context, endpoints, key, service, family) or ("" if offers else reasons.NO_PEER)
        routes = () if reason else tuple((_prefix(text, block, offer.length), offer.paths) for offer in offers)
        yield Announcement(text, family, key, BGP, None if reason else context.facts.name, routes, (), reason)
    if context.layer2(pool, family):
        claim, reason = _claim(context, endpoints, key, service, family, pool)
        if claim is not None:
            claims[text] = claim
        yield _silent(key, text, family, LAYER2, reason)
    elif by_bgp is None:
        yield _silent(key, text, family, None, reasons.NO_ADVERTISEMENT)


def _claim(
    context: Context, endpoints: Endpoints, key: str, service: Service, family: str, pool: Pool
) -> tuple[Claim | None, str]:
    """Who may answer by this Service, and why this node may not as far as that is known here."""
    known = context.facts.endpoints
    followed = (service.local and known != UNKNOWN) or known == OF_ALL
    if followed and not endpoints.serving(key, family):
        return None, reasons.NO_ENDPOINTS
    matching = [advert for advert in context.layer2(pool, family) if selected(advert.service_selectors, service.labels)]
    if service.shared and any(advert.service_selectors for advert in matching):
        return None, reasons.SHARED
    if not matching:
        return None, reasons.NO_MATCH
    nodes = endpoints.nodes(key, family) if service.local and known != UNKNOWN else None
    claim = Claim(context.electorate(matching), nodes, service.addresses[0])
    voters, name = claim.voters, context.facts.name
    if name in voters:
        return claim, ""
    if name in claim.electorate.weights:
        reason = reasons.NO_LOCAL_ENDPOINTS
    elif context.selects_node(matching):
        reason = context.node_reason()
    else:
        reason = reasons.NOT_OWNER if voters else reasons.NO_CANDIDATE
    return (claim if voters else None), reason


def _unserved(context: Context, endpoints: Endpoints, key: str, service: Service, family: str) -> str:
    """Why the endpoints of a Service keep this node from announcing it by BGP."""
    known = context.facts.endpoints
    if service.local and known != UNKNOWN and context.facts.name not in endpoints.nodes(key, family):
        return reasons.NO_LOCAL_ENDPOINTS
    if known == OF_ALL and not endpoints.serving(key, family):
        return reasons.NO_ENDPOINTS
    return ""


def _silent(key: str, text: str, family: str, mode: str | None, reason: str) -> Announcement:
    return Announcement(text, family, key, mode, None, (), (), reason)


def _prefix(text: str, block: Block, length: int) -> str:
    rest = BITS[block.family] - length
    if not rest:
        return f"{text}/{length}"
    return f"{address_text(block.family, block.first >> rest << rest)}/{length}"
