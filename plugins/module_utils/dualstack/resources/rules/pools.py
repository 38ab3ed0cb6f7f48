# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules over IPAddressPools."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ...addresses.blocks import FAMILY_NAME, IPV4, IPV6, AddressError, Block, address_text, parse_address
from ...addresses.counting import capacity
from ...addresses.sets import overlaps
from ...findings import ERROR, HINT, WARNING
from .. import modes, readings
from ..extensions import ADVERTISED
from ..model import Pool
from ..relations import kind_of, of_pool
from ..selectors import Selector, selected
from ..shapes import listing, mapping
from .rule import Case, Problem, rule

_HUGE = 1 << 62


def _place(pool: Pool, field: str) -> str:
    return f"IPAddressPool {pool.name}: spec.{field}"


def _pools(case: Case) -> list[Pool]:
    return [case.resources.pools[name] for name in sorted(case.resources.pools)]


def _blocks(case: Case) -> Iterator[tuple[tuple[Pool, int], Block]]:
    for pool in _pools(case):
        for index, block in enumerate(pool.blocks):
            yield (pool, index), block


@rule("pools-overlap", ERROR)
def pools_overlap(case: Case) -> Iterator[Problem]:
    """Every address stands in one entry of one pool.

    Source: MetalLB `config.go` parsePools refuses any overlap, also between entries of one pool.
    """
    for (one, first), (two, second), shared in overlaps(_blocks(case)):
        owner = "the same pool" if one.name == two.name else f"the pool {two.name}"
        reason = f"shares {shared} with spec.addresses[{second}] ({two.blocks[second]}) of {owner}"
        yield Problem(_place(one, f"addresses[{first}]"), str(one.blocks[first]), reason, f"Take {shared} out of one.")


@rule("entry-without-length", ERROR, speaker=HINT)
def entry_without_length(case: Case) -> Iterator[Problem]:
    """An entry of a pool is a CIDR or a range; one address is a /32 or a /128.

    Source: MetalLB `config.go` ParseCIDR hands an entry without a dash to Go's net.ParseCIDR.
    """
    for place, text in _written(case):
        if "/" in text or "-" in text:
            continue
        try:
            block = parse_address(text)
        except AddressError:
            continue  # told by the reader
        yield Problem(place, text, "MetalLB refuses an address without a length", f"Write {block}.")


@rule("entry-with-blanks", ERROR, speaker=HINT)
def entry_with_blanks(case: Case) -> Iterator[Problem]:
    """A CIDR has no blanks around it; only ranges may.

    Source: MetalLB `config.go` ParseCIDR trims the ends of a range and nothing else.
    """
    for place, text in _written(case):
        if "/" in text and "-" not in text and text != text.strip():
            yield Problem(place, repr(text), "MetalLB refuses blanks around a CIDR", f"Write {text.strip()}.")


@rule(readings.HOST_BITS, WARNING)
def host_bits(case: Case) -> Iterator[Problem]:
    """A CIDR begins at its network address; host bits are cut off in silence.

    Source: Go's net.ParseCIDR, of which MetalLB takes the network.
    """
    for place, text in _written(case):
        reading = readings.host_bits(text)
        if reading is not None:
            yield Problem(place, text, *reading)


@rule("avoid-buggy-ipv6", WARNING)
def avoid_buggy_ipv6(case: Case) -> Iterator[Problem]:
    """avoidBuggyIPs leaves out IPv4 addresses that end in .0 and .255, and nothing of IPv6.

    Source: MetalLB `allocator.go` ipConfusesBuggyFirewalls; RFC 4291 section 2.6.1 (subnet-router anycast address).
    """
    for pool in _pools(case):
        for index, block in enumerate(pool.blocks):
            whole = block.prefix_length is not None and block.size > 1
            if pool.avoid_buggy_ips and block.family == IPV6 and whole:
                first, rest = address_text(IPV6, block.first), Block(IPV6, block.first + 1, block.last)
                reason = f"avoidBuggyIPs has no effect on IPv6: {first}, the anycast address of routers, is handed out"
                yield Problem(_place(pool, f"addresses[{index}]"), str(block), reason, f"Write {rest} to leave it out.")


@rule("no-usable-address", ERROR)
def no_usable_address(case: Case) -> Iterator[Problem]:
    """A pool with avoidBuggyIPs has addresses left.

    Source: MetalLB `allocator.go` poolCount; a lone .0 or .255 even counts as -1.
    """
    for pool in _pools(case):
        if pool.avoid_buggy_ips and not capacity(pool.blocks, avoid_buggy=True):
            shown = ", ".join(map(str, pool.blocks))
            reason = "avoidBuggyIPs leaves no address of the pool"
            yield Problem(_place(pool, "addresses"), shown, reason, "Remove avoidBuggyIPs, or give more addresses.")


@rule("network-address", HINT, only=modes.METALLB)
def network_address(case: Case) -> Iterator[Problem]:
    """A pool for layer 2 leaves out the network's own addresses.

    Source: MetalLB `allocator.go` hands out the first and the last address of a CIDR too; RFC 1122 section 3.2.1.3
    (broadcast), RFC 4291 section 2.6.1 (subnet-router anycast).
    """
    adverts = list(case.resources.l2_advertisements.values())
    for pool in _pools(case):
        if not of_pool(adverts, pool):
            continue
        for index, block in enumerate(pool.blocks):
            length = block.prefix_length
            if length is None or block.size < 4 or pool.avoid_buggy_ips:
                continue
            first, last = address_text(block.family, block.first), address_text(block.family, block.last)
            named = f"{first} and {last}" if block.family == IPV4 else first
            inner = Block(block.family, block.first + 1, block.last - (block.family == IPV4))
            reason = f"{named} can be handed out, which a host on this network can't use"
            yield Problem(_place(pool, f"addresses[{index}]"), str(block), reason, f"Write {inner}.")


@rule("pool-counters", WARNING, only=modes.METALLB)
def pool_counters(case: Case) -> Iterator[Problem]:
    """A large IPv6 block stands behind the IPv4 blocks of its pool.

    Source: MetalLB `allocator.go` poolCount adds to the largest 64-bit number, which then is negative; the alert for
    exhausted pools fires.
    """
    for pool in _pools(case):
        families = [block.family for block in pool.blocks]
        for index, block in enumerate(pool.blocks):
            if block.family == IPV6 and block.size >= _HUGE and IPV4 in families[index:]:
                reason = "stands before IPv4: metallb_allocator_addresses_total becomes negative"
                yield Problem(_place(pool, f"addresses[{index}]"), str(block), reason, "Write the IPv4 blocks first.")
                break


@rule("pool-holds-host", ERROR)
def pool_holds_host(case: Case) -> Iterator[Problem]:
    """No pool holds the address of a node or a router.

    Source: a VIP that is also a host's address has two owners (RFC 5227 section 1); MetalLB checks nothing here.
    """
    owned = [(f"the Node {name}", block) for name, blocks in case.foreign.node_addresses.items() for block in blocks]
    for peer in case.resources.peers.values():
        texts = {peer.address: "peerAddress", peer.source_address: "sourceAddress"}
        owned += [(f"BGPPeer {peer.name} ({word})", parse_address(text)) for text, word in texts.items() if text]
    for pool in _pools(case):
        for index, block in enumerate(pool.blocks):
            for owner, address in owned:
                if block.contains(address):
                    taken = address_text(address.family, address.first)
                    reason = f"holds {taken}, the address of {owner}"
                    yield Problem(
                        _place(pool, f"addresses[{index}]"), str(block), reason, f"Take {taken} out of the pool."
                    )


@rule("allocation-twice", ERROR, speaker=WARNING)
def allocation_twice(case: Case) -> Iterator[Problem]:
    """serviceAllocation repeats neither namespaces nor selectors nor the values of an expression.

    Source: MetalLB `config.go` addressPoolServiceAllocationsFromCR, validateLabelSelectorDuplicate.
    """
    for pool in _pools(case):
        if pool.allocation is None:
            continue
        for field, entries in (
            ("namespaces", pool.allocation.namespaces),
            ("namespaceSelectors", pool.allocation.namespace_selectors),
            ("serviceSelectors", pool.allocation.service_selectors),
        ):
            for index in repeated(entries):
                place = _place(pool, f"serviceAllocation.{field}[{index}]")
                yield Problem(place, "", "stands twice: MetalLB refuses the pool", "Remove one.")
            for index, entry in enumerate(entries):
                requirements = entry.requirements if isinstance(entry, Selector) else ()
                if any(len(set(part.values)) < len(part.values) for part in requirements):
                    place = _place(pool, f"serviceAllocation.{field}[{index}]")
                    yield Problem(place, "", "an expression repeats a value: MetalLB refuses the pool", "Remove one.")


@rule("allocation-for-nobody", WARNING)
def allocation_for_nobody(case: Case) -> Iterator[Problem]:
    """serviceAllocation names namespaces or Services.

    Source: MetalLB `allocator.go`: such a pool is neither pinned for a Service nor one without serviceAllocation, from
    which others are served; asked for by name it serves everybody (isPoolCompatibleWithService).
    """
    for pool in _pools(case):
        chosen = pool.allocation
        if chosen and not (chosen.namespaces or chosen.namespace_selectors or chosen.service_selectors):
            reason = "names nobody: only Services that ask for the pool get its addresses, whatever its priority"
            fix = "Name namespaces or selectors, or leave serviceAllocation out."
            yield Problem(_place(pool, "serviceAllocation"), "", reason, fix)


@rule("namespace-selectors-open", WARNING, only=modes.METALLB)
def namespace_selectors_open(case: Case) -> Iterator[Problem]:
    """namespaceSelectors match a namespace; those that match none restrict nothing.

    Source: MetalLB `config.go` addressPoolServiceAllocationsFromCR: the empty set of namespaces counts as no
    restriction, so the pool opens instead of closing.
    """
    known = case.foreign.namespaces
    for pool in _pools(case):
        chosen = pool.allocation
        if not chosen or not chosen.namespace_selectors or chosen.namespaces or not known:
            continue
        if not any(selected(chosen.namespace_selectors, labels) for labels in known.values()):
            reason = "matches no namespace: then the pool is open to all of them"
            fix = "Correct the labels, or name the namespaces."
            yield Problem(_place(pool, "serviceAllocation.namespaceSelectors"), "", reason, fix)


@rule("pool-not-announced", WARNING)
def pool_not_announced(case: Case) -> Iterator[Problem]:
    """Every pool is selected by an advertisement, in each of its families.

    Source: MetalLB assigns addresses of any pool and announces only those that an advertisement selects; our speaker
    reads the annotation baremetal.dualstack/families as well.
    """
    if not case.unread.isdisjoint(("BGPAdvertisement", "L2Advertisement")):
        return
    adverts = [*case.heard.bgp_advertisements.values(), *case.heard.l2_advertisements.values()]
    for pool in _pools(case):
        selecting = of_pool(adverts, pool)
        missing = {block.family for block in pool.blocks}.difference(*(advert.families for advert in selecting))
        if not selecting:
            reason = "no advertisement selects the pool: its addresses are assigned and never announced"
            yield Problem(f"IPAddressPool {pool.name}", "", reason, "Add an L2Advertisement or a BGPAdvertisement.")
            continue
        for family in missing:  # one at most: each advertisement is for some family
            names = ", ".join(f"{kind_of(advert)} {advert.name}" for advert in selecting)
            word = FAMILY_NAME[family]
            reason = f"its {word} addresses are assigned and never announced: none of {names} is for {word}"
            fix = f"Add {family} to the annotation {ADVERTISED}, or an advertisement for {word}."
            yield Problem(f"IPAddressPool {pool.name}", word, reason, fix)


def repeated(entries: Iterable[Any]) -> list[int]:
    """The positions of entries that stood before."""
    seen: list[Any] = []
    found = []
    for index, entry in enumerate(entries):
        if entry in seen:
            found.append(index)
        seen.append(entry)
    return found


def _written(case: Case) -> Iterator[tuple[str, str]]:
    """The entries of all pools as they were written, with their places."""
    for key, given in case.objects:
        if key.kind == "IPAddressPool":
            for index, text in enumerate(listing(mapping(given.get("spec")).get("addresses"))):
                if isinstance(text, str):
                    yield f"IPAddressPool {key.name}: spec.addresses[{index}]", text


RULES = (
    pools_overlap,
    entry_without_length,
    entry_with_blanks,
    host_bits,
    avoid_buggy_ipv6,
    no_usable_address,
    network_address,
    pool_counters,
    pool_holds_host,
    allocation_twice,
    allocation_for_nobody,
    namespace_selectors_open,
    pool_not_announced,
)
