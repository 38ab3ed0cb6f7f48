# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a Service lacks an address: the reason, how its pools are, and the nearest fix.

A reason has a ``mark`` without figures: an event is told again only when the mark is another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..addresses.blocks import FAMILY_NAME, address_text, family_of, parse_address
from ..findings import nearest
from ..resources.model import Pool
from ..resources.wishes import ADDRESSES, POOL, PREFIX, SINGLE_STACK, ServiceWish
from .asking import asked_of, families_of
from .choosing import Chooser, buggy
from .holdings import Holdings
from .offers import Offers
from .sharing import clash, terms_of

_MOST = 5  # pools that a message tells of
ASK_POOL, ASK_ADDRESS = f"{PREFIX}/{POOL}", f"{PREFIX}/{ADDRESSES}"


class Reason(NamedTuple):
    """Why there is no address, as a sentence, and the fix, as another one."""

    mark: str
    text: str
    fix: str


class State(NamedTuple):
    """How a pool is for a Service and a family: how near it is to serve it (0 is nearest), in words, and the fix."""

    rank: int
    mark: str
    text: str
    fix: str


class Teller:
    """Explains, and changes nothing."""

    def __init__(self, offers: Offers, holdings: Holdings, chooser: Chooser) -> None:
        self._offers = offers
        self._holdings = holdings
        self._chooser = chooser

    def why(self, wish: ServiceWish, lacking: Sequence[str]) -> Reason:
        """Why a Service lacks addresses of these families; nothing of one that it could have without the other."""
        short = [family for family in lacking if not self._could_have(wish, family)] or lacking
        reasons = list(dict.fromkeys(self._of_family(wish, family) for family in short))
        mark, text, fix = ("; ".join(dict.fromkeys(parts)) for parts in zip(*reasons))
        if len(short) < len(lacking):
            text += f"; {wish.policy or SINGLE_STACK} takes both or none"
        return Reason(mark, text, fix)

    def why_lost(self, wish: ServiceWish, address: str) -> str:
        """Why a Service may not keep an address."""
        family, value = family_of(address), parse_address(address).first
        if family not in families_of(wish):
            return f"the Service has no {FAMILY_NAME[family]} ClusterIP"
        pools = self._holdings.places.pools(family, value)
        if not pools:
            return "it is in no pool"
        if self._chooser.pool_for(wish, family, value) is None:
            return f"the pool {' and '.join(pools)} does not serve the Service with it"
        users = self._chooser.in_the_way(wish, family, value)
        if not users:
            return f"another {FAMILY_NAME[family]} address is kept"
        return f"{users[0]} has it too, and {clash(terms_of(wish), self._holdings.of(users[0]).terms).text}"

    def _could_have(self, wish: ServiceWish, family: str) -> bool:
        asked = asked_of(wish)
        if family in asked:
            return self._chooser.requested(wish, family, asked[family]) is not None
        if asked and not any(entry in asked for entry in families_of(wish)):
            return False
        return bool(self._chooser.choose(wish, [family], {}))

    def _of_family(self, wish: ServiceWish, family: str) -> Reason:
        asked = asked_of(wish)
        if family in asked:
            return self._asked(wish, family, asked[family])
        if asked and not any(entry in asked for entry in families_of(wish)):
            name = " and ".join(FAMILY_NAME[entry] for entry in families_of(wish))
            text = f"{', '.join(wish.addresses)} is asked for, but the Service has {name} only"
            return Reason("family", text, f"ask for {name}, or change ipFamilies")
        return self._automatic(wish, family)

    def _asked(self, wish: ServiceWish, family: str, value: int) -> Reason:
        """Why a Service can't have the address that it asks for."""
        text = address_text(family, value)
        pools = [self._offers.pools[name] for name in self._holdings.places.pools(family, value)]
        if not pools:
            return Reason(
                f"{text} nowhere", f"{text} is in no pool", f"ask for an address of {self._open(wish, family)}"
            )
        names = " and ".join(pool.name for pool in pools)
        if self._chooser.pool_for(wish, family, value) is None:
            if any(buggy(pool, family, value) for pool in pools):
                fix = "ask for another address, or turn it off"
                return Reason(f"{text} buggy", f"{text} is left out by avoidBuggyIPs of the pool {names}", fix)
            fix = f"add the namespace {wish.namespace} or the labels of the Service there"
            return Reason(f"{text} kept", f"serviceAllocation of the pool {names} keeps the Service from {text}", fix)
        users = self._chooser.in_the_way(wish, family, value)
        if users:
            other = users[0]
            why = clash(terms_of(wish), self._holdings.of(other).terms)
            fix = f"ask for another address, or {why.fix}"
            return Reason(f"{text} {other}", f"{text} is in use by {other}, and {why.text}", fix)
        asked = f"{text} is in the pool {names}, and the Service asks for the pool {wish.pool}"
        instead = f"{wish.pool},{pools[0].name}" if len(families_of(wish)) > 1 else pools[0].name
        return Reason(f"{text} elsewhere", asked, f"write {ASK_POOL}: {instead}, or leave it out")

    def _open(self, wish: ServiceWish, family: str) -> str:
        """The pools that serve a Service with a family, as the end of a sentence."""
        groups = self._offers.groups(wish)
        names = [pool.name for group in groups for pool in group if family in self._holdings.supplies[pool.name]]
        return f"the pool {' or '.join(names[:_MOST])}" if names else f"a pool with {FAMILY_NAME[family]} addresses"

    def _automatic(self, wish: ServiceWish, family: str) -> Reason:
        """Why no pool gives a Service an address of a family."""
        asked = self._offers.named(wish)
        unknown = [name for name in asked if name not in self._offers.pools]
        if unknown:
            known = nearest(unknown[0], self._offers.pools)
            return Reason(f"unknown {unknown}", f"unknown pool {unknown[0]!r}", f"correct {ASK_POOL}: {known}")
        if wish.pool is not None:
            near = [self._offers.pools[name] for name in asked]
            near += [other for pool in near for other in self._offers.partners(pool) if other not in near]
        else:
            near = [self._offers.pools[name] for name in sorted(self._offers.pools)]
        states = sorted(self._state(pool, wish, family) for pool in near)
        if not states:
            return Reason("no name", f"{ASK_POOL} names no pool", "write the name of one, or leave it out")
        shown = "; ".join(state.text for state in states[:_MOST])
        more = f"; and {len(states) - _MOST} more" if len(states) > _MOST else ""
        mark = f"{family}: " + "; ".join(state.mark for state in states[:_MOST])
        return Reason(mark, f"no available {FAMILY_NAME[family]} address: {shown}{more}", states[0].fix)

    def _state(self, pool: Pool, wish: ServiceWish, family: str) -> State:
        """Why a pool has nothing for a Service."""
        name, word = pool.name, FAMILY_NAME[family]
        supply = self._holdings.supplies[name].get(family)
        if supply is None:
            return State(4, f"{name} none", f"pool {name} has no {word}", f"add {word} addresses to the pool {name}")
        free = supply.count.available
        if not self._offers.accepts(pool, wish):
            fix = f"add the namespace {wish.namespace} or the labels of the Service to serviceAllocation of {name}"
            return State(2, f"{name} kept", f"serviceAllocation of the pool {name} keeps the Service out", fix)
        if not pool.auto_assign and wish.pool is None:
            fix = f"ask for it: {ASK_POOL}: {name}"
            return State(1 if free else 3, f"{name} asked", f"pool {name} has autoAssign off ({free} free)", fix)
        if not supply.size:
            if pool.avoid_buggy_ips:
                text, fix = (
                    "has none but those that avoidBuggyIPs leaves out",
                    "turn avoidBuggyIPs off, or add addresses",
                )
            else:
                text, fix = "has none that is its alone", "take its addresses out of the other pools"
            return State(3, f"{name} empty", f"pool {name} {text}", f"{fix} in the pool {name}")
        if supply.resting:
            text = f"pool {name} is full ({supply.assigned} in use, {supply.resting} at rest after others had them)"
            return State(0, f"{name} rests", text, f"wait, or ask for one of them: {ASK_ADDRESS}")
        text = f"pool {name} is full ({supply.assigned} in use)"
        return State(3, f"{name} full", text, f"add addresses to the pool {name}")
