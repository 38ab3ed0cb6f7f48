# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses: which space networks, hosts and pools are taken from.

Left out on purpose: IPv4-mapped IPv6 addresses, which reading refuses already.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..addresses.blocks import IPV4, IPV6, Block, address_text, parse_network
from ..findings import ERROR, HINT, WARNING
from ..intent.load import Intent
from ..plan.clusters import places
from . import special
from .owners import stated
from .rule import Plan, Problem, rule

PRIVATE = tuple(map(parse_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")))
SHARED = parse_network("100.64.0.0/10")
LOCAL = parse_network("fc00::/7")
LOCAL_UNDEFINED = parse_network("fc00::/8")


@rule("address-multicast", ERROR)
def multicast(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """No network, host or pool has multicast addresses: no host answers for them.

    Source: RFC 1112 section 7.2, RFC 5771, RFC 4291 section 2.7.
    """
    yield from special.inside(intent, plan, special.MULTICAST)


@rule("address-link-local", ERROR)
def link_local(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """No network, host or pool has link-local addresses: no router forwards them.

    Source: RFC 3927 section 2.7, RFC 4291 section 2.5.6.
    """
    for problem in special.inside(intent, plan, special.LINK_LOCAL):
        if problem.path.startswith("dualstack.fabric.peers"):
            problem = problem._replace(fix="Name the interface behind which the peer is found, instead of addresses.")
        yield problem


@rule("address-loopback", ERROR)
def loopback(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """No network, host or pool has loopback addresses: they never leave a host.

    Source: RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3.
    """
    yield from special.inside(intent, plan, special.LOOPBACK)


@rule("address-unspecified", ERROR)
def unspecified(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """No network, host or pool has addresses that mean "this host" or "this network".

    Source: RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.2.
    """
    yield from special.inside(intent, plan, special.UNSPECIFIED)


@rule("address-unassigned", ERROR)
def unassigned(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """No network, host or pool lies in space that nobody has: class E, IPv6 outside of 2000::/3 and fc00::/7.

    Source: RFC 1112 section 4, RFC 4291 section 2.4; kernels and routers drop class E as martians.
    """
    yield from special.inside(intent, plan, special.UNASSIGNED)


@rule("address-withdrawn", ERROR)
def withdrawn(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """No network, host or pool lies in space that was taken back: site-local, 6bone, ORCHID, the 6to4 relays.

    Source: RFC 3879, RFC 3701, RFC 4843, RFC 7526; kubeadm warns of fec0::/10 too.
    """
    yield from special.inside(intent, plan, special.WITHDRAWN)


@rule("address-protocol", ERROR)
def protocol(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """No network, host or pool lies in space that belongs to a protocol, as NAT64, AS112, ORCHIDv2 or SRv6.

    Source: IANA special-purpose address registries (RFC 6890, RFC 8190).
    """
    yield from special.inside(intent, plan, special.PROTOCOLS)


@rule("address-transition", WARNING)
def transition(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """No network, host or pool has addresses of 6to4 or Teredo, whose relays are gone.

    Source: RFC 7526, RFC 4380.
    """
    yield from special.inside(intent, plan, special.TRANSITION)


@rule("address-benchmark", WARNING)
def benchmark(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Outside of a lab nothing has benchmarking addresses: borders filter them.

    Source: RFC 2544, RFC 5180; quiet with dualstack.lab.
    """
    if not intent.lab:
        yield from special.inside(intent, plan, special.BENCHMARKING)


@rule("address-documentation", WARNING)
def documentation(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Outside of a lab nothing has documentation addresses: they were copied from a manual, and borders filter them.

    Source: RFC 5737, RFC 3849, RFC 9637; quiet with dualstack.lab.
    """
    if not intent.lab:
        for problem in special.inside(intent, plan, special.DOCUMENTATION):
            yield problem._replace(fix=f"{problem.fix[:-1]}; in a lab set dualstack.lab: true.")


@rule("address-shared", HINT)
def shared_space(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Shared address space is the carriers': behind a provider's NAT the same addresses stand on the outside.

    Source: RFC 6598 section 1 and 4.
    """
    for path, block in stated(intent, plan):
        if block.overlap(SHARED):
            reason = "is shared address space (100.64.0.0/10), which a provider's NAT may use outside of this network"
            yield Problem(path, special.shown(block), reason, f"Prefer {special.INSTEAD[IPV4]}.")


@rule("address-not-random", HINT)
def not_random(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The 40 bits after fd are drawn by chance, so that two networks that meet one day do not clash.

    One finding per /48: fc00::/8, whose meaning is undefined, and global IDs of few distinct digits or many zeros.

    Source: RFC 4193 section 3.1 and 3.2; quiet with dualstack.lab.
    """
    seen: set[int] = set()
    for path, block in stated(intent, plan):
        site = block.first >> 80
        if intent.lab or not LOCAL.contains(block) or site in seen:
            continue
        seen.add(site)
        digits = f"{site:012x}"[2:]
        prefix = f"{address_text(IPV6, site << 80)}/48"
        fix = "Draw 40 bits (openssl rand -hex 5) and write them behind fd."
        if LOCAL_UNDEFINED.contains(block):
            yield Problem(path, special.shown(block), f"the eighth bit of {prefix} is 0, which has no meaning yet", fix)
        elif digits.count("0") >= 5 or len(set(digits)) <= 3:
            yield Problem(
                path, special.shown(block), f"the global ID {digits} of {prefix} was not drawn by chance", fix
            )


@rule("cluster-cidr-public", HINT)
def cluster_public(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Pod and service CIDRs are private, or meant to be reachable from outside. Special space has rules of its own.

    Public IPv4 space of others can't be reached from the cluster any more; pods with global IPv6 addresses can be
    reached by everybody whom no filter stops.

    Source: RFC 1918, RFC 4193; Kubernetes routes the CIDRs inside the cluster whoever they belong to.
    """
    del plan
    for path, cluster in places(intent):
        for key in ("pods", "services"):
            for text in (cluster[key] or {}).values():
                block = parse_network(text)
                known = any(private.contains(block) for private in PRIVATE)
                if not known and not any(block.overlap(each.block) for each in special.EVERY):
                    yield Problem(f"{path}.{key}", text, _public(block), _private(block))


RULES = (
    multicast,
    link_local,
    loopback,
    unspecified,
    unassigned,
    withdrawn,
    protocol,
    transition,
    benchmark,
    documentation,
    shared_space,
    not_random,
    cluster_public,
)


def _public(block: Block) -> str:
    if block.family == IPV6:
        return "is global: whoever no filter stops reaches it from outside"
    partly = next((private for private in PRIVATE if private.overlap(block)), None)
    if partly is not None:
        return f"is larger than the private {partly}: the rest belongs to others, whom the cluster can't reach any more"
    return "is public: its owner can't be reached from the cluster any more, unless that is you"


def _private(block: Block) -> str:
    partly = next((private for private in PRIVATE if private.overlap(block)), None)
    if partly is not None:
        return f"Write {partly} or a part of it."
    return f"Silence this when it is yours and meant, or take it from {special.INSTEAD[block.family]}."
