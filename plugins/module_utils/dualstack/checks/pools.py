# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools: what they hold, and whether it is enough."""

from __future__ import annotations

from collections.abc import Iterator

from ..addresses import blocks
from ..addresses.blocks import FAMILY_NAME, IPV4, IPV6
from ..addresses.counting import capacity
from ..addresses.space import of_count
from ..findings import ERROR, HINT, WARNING
from ..intent.load import Intent
from . import serving
from .owners import POOL, RACK, owned
from .rule import Plan, Problem, rule

NEARLY_FULL = 0.9
LEAST_ROOM = 10  # a pool of fewer addresses was made for the Services that have them
LOPSIDED = 4
COUNTED = 4096  # a larger IPv6 block was chosen by its prefix length, not by counting addresses


@rule("pool-holds-edge", ERROR)
def holds_edge(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A layer-2 pool leaves out the network, broadcast and subnet-router anycast address of its rack's subnet.

    Source: RFC 1122 section 3.2.1.3, RFC 4291 section 2.6.1: routers answer for the one, all hosts for the other;
    MetalLB gives out both.
    """
    everything = list(owned(intent, plan))
    racks = [block for owner, block in everything if owner.kind == RACK and block.size > 2]
    edges = [(rack, blocks.Block(rack.family, rack.first, rack.first), "first") for rack in racks]
    edges += [(rack, blocks.Block(IPV4, rack.last, rack.last), "last") for rack in racks if rack.family == IPV4]
    avoiding = {entry["at"] for entry in intent.pools if entry["avoid_buggy_ips"]}
    for owner, block in everything:
        for rack, edge, which in edges if owner.kind == POOL and owner.layer2 else ():
            buggy = owner.path in avoiding and edge.family == IPV4 and edge.first & 0xFF in (0, 255)
            if block.contains(edge) and not buggy:
                text = blocks.address_text(edge.family, edge.first)
                reason = f"{owner.name} holds the {which} address of {rack}, which no host may have"
                yield Problem(owner.path, text, reason, f'Add "{text}" to the pool\'s reserve.')


@rule("pool-emptied", ERROR, absence=True)
def emptied(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The holes of a pool leave addresses of each of its families.

    Source: a family without addresses fails at the first Service that wants it.
    """
    for entry, planned in serving.pools(intent, plan):
        for family, texts in planned["blocks"].items():
            if not texts:
                taken = ", ".join(text for text in entry["reserve"] if blocks.family_of(text) == family)
                reason = f"leaves no {FAMILY_NAME[family]} address of pool {entry['name']}"
                fix = f"Reserve less, or take the {FAMILY_NAME[family]} block out of the pool."
                yield Problem(f"{entry['at']}.reserve", taken, reason, fix)


@rule("hole-outside", WARNING)
def hole_outside(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A hole lies in a block of its pool.

    Source: a hole elsewhere keeps nothing free: mistyped, or left behind when the pool moved.
    """
    for entry, planned in serving.pools(intent, plan):
        held = serving.whole(entry, planned)
        for index, text in enumerate(entry["reserve"]):
            hole = blocks.parse(text)
            same = [block for block in held if block.family == hole.family]
            if planned["blocks"].get(hole.family) == [] or any(block.overlap(hole) for block in same):
                continue
            shown = ", ".join(map(str, same)) or f"no {FAMILY_NAME[hole.family]} block"
            fix = "Correct it, or remove it."
            yield Problem(f"{entry['at']}.reserve[{index}]", text, f"is outside of the pool, which holds {shown}", fix)


@rule("pool-nearly-full", WARNING)
def nearly_full(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Less than nine tenths of a pool of ten addresses or more are in use.

    Source: MetalLB tells of an exhausted pool only by Services that stay pending.
    """
    counts = serving.used(plan)
    for entry, planned in serving.pools(intent, plan):
        for family in planned["blocks"]:
            room, used = serving.room(planned, family), counts[entry["name"], family]
            if room >= LEAST_ROOM and used >= room * NEARLY_FULL:
                reason = f"Services have {used} of its {room} {FAMILY_NAME[family]} addresses"
                fix = f"Give it room for {2 * used}, as an {of_count(family, 2 * used)} has."
                yield Problem(entry["at"], entry["name"], reason, fix)


@rule("pool-lopsided", WARNING)
def lopsided(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The families of a pool, and of a pair, hold about as many addresses, or IPv6 holds plenty.

    Source: MetalLB serves RequireDualStack with one address of each family or none: the pool ends with its smaller
    half.
    """
    by_name = {planned["name"]: planned for planned in plan["pools"]}
    dual = [(entry["at"], entry["name"], planned, planned) for entry, planned in serving.pools(intent, plan)]
    dual += [
        (pair["at"], pair["name"], by_name[pair[IPV4]], by_name[pair[IPV6]])
        for pair in intent.pairs
        if pair[IPV4] in by_name and pair[IPV6] in by_name
    ]
    for path, name, four, six in dual:
        rooms = {IPV4: serving.room(four, IPV4), IPV6: serving.room(six, IPV6)}
        less, more = sorted(rooms, key=lambda family: rooms[family])
        if not rooms[less] or rooms[less] * LOPSIDED >= rooms[more] or (more == IPV6 and rooms[IPV6] > COUNTED):
            continue
        reason = (
            f"holds {rooms[less]} {FAMILY_NAME[less]} addresses for {rooms[more]} of {FAMILY_NAME[more]}: Services "
            f"that require both end with {FAMILY_NAME[less]}"
        )
        yield Problem(path, name, reason, f"Give it an {of_count(less, rooms[more])}, or less {FAMILY_NAME[more]}.")


@rule("pool-asked-twice", ERROR)
def asked_twice(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """One key says what a pool holds: ``blocks``, or beside ``from`` one of size, prefix_length and take.

    Source: of two, one would be passed over in silence.
    """
    del plan
    for entry in intent.pools:
        given = [key for key in ("blocks", "size", "prefix_length") if entry[key] is not None]
        given += ["take"] if entry["take"] != "all" else []
        for key in given[1:]:
            reason = f"stands beside {given[0]}, which says already what the pool holds"
            yield Problem(f"{entry['at']}.{key}", str(entry[key]), reason, f"Remove {key} or {given[0]}.")


@rule("prefix-length-unused", WARNING)
def prefix_length_unused(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A prefix length is given for a family that the pool is taken from.

    Source: nothing of another family is taken: its supernet was forgotten.
    """
    del plan
    for entry in intent.pools:
        for family, length in (entry["prefix_length"] or {}).items():
            if length is not None and entry["from"] and family not in entry["from"]:
                reason = f"there is no {FAMILY_NAME[family]} supernet to take a /{length} from"
                fix = f"Add an {FAMILY_NAME[family]} supernet to from, or remove it."
                yield Problem(f"{entry['at']}.prefix_length.{family}", str(length), reason, fix)


@rule("avoid-buggy-ips", WARNING)
def avoid_buggy(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """avoid_buggy_ips is for pools with IPv4, and leaves something of each block.

    Source: MetalLB `allocator.go` skips IPv4 addresses that end in .0 or .255 and no others; a lone one counts as -1.
    """
    for entry, planned in serving.pools(intent, plan):
        path = f"{entry['at']}.avoid_buggy_ips"
        if entry["avoid_buggy_ips"] and planned["blocks"] and IPV4 not in planned["blocks"]:
            fix = "Remove it; to leave out the subnet-router anycast address, reserve it."
            yield Problem(path, "true", "has no effect on IPv6, and the pool has nothing else", fix)
        for text in planned["blocks"].get(IPV4, ()) if entry["avoid_buggy_ips"] else ():
            if not capacity([blocks.parse(text)], avoid_buggy=True):
                yield Problem(path, "true", f"leaves nothing of {text}", f"Remove {text} from the pool.")


@rule("pool-idle", HINT)
def idle(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A pool serves a Service of the intent, or gives addresses to those that ask for none.

    Source: with autoAssign false MetalLB gives nothing from a pool that no Service names.
    """
    named = {pool for service in plan["services"] for pool in service["pools"].values()}
    wanted = {service["pool"] for service in plan["services"]}
    named |= {pool for pair in plan["pairs"] if pair["name"] in wanted for pool in pair["pools"].values()}
    for entry in intent.pools:
        if not entry["auto_assign"] and entry["name"] not in named and not intent.partial:
            reason = "gives no address by itself, and no Service of the intent names it"
            yield Problem(entry["at"], entry["name"], reason, "Remove it, or set auto_assign: true.")


@rule("pool-unadvertised", WARNING)
def unadvertised(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """An advertisement names each pool; those of the Services are compared by ``never-announced``.

    Source: MetalLB gives out the addresses of any pool, and announces those that an advertisement selects.
    """
    named = {pool for advert in plan["advertisements"] for pool in advert["pools"]}
    named |= {pool for service in plan["services"] for pool in service["pools"].values()}
    for entry in intent.pools:
        if entry["name"] not in named and not intent.partial:
            reason = "no advertisement names the pool, so nobody announces its addresses"
            yield Problem(entry["at"], entry["name"], reason, "Add the pool to dualstack.advertise.")


@rule("pool-cluster-family", ERROR)
def cluster_family(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A pool has families of its cluster alone.

    Source: MetalLB gives a PreferDualStack Service of a single-stack cluster both addresses and takes them back, again
    and again.
    """
    known = serving.clusters(plan)
    for entry, planned in serving.pools(intent, plan):
        cluster = known.get(planned["cluster"])
        for family, texts in planned["blocks"].items() if cluster else ():
            if cluster and family not in cluster["families"]:
                reason = f"cluster {cluster['name']} has no {FAMILY_NAME[family]}"
                fix = f"Remove the {FAMILY_NAME[family]} blocks, or add the family to the cluster."
                yield Problem(entry["at"], ", ".join(texts), reason, fix)


RULES = (
    holds_edge,
    emptied,
    hole_outside,
    nearly_full,
    lopsided,
    asked_twice,
    prefix_length_unused,
    avoid_buggy,
    idle,
    unadvertised,
    cluster_family,
)
