# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services to addresses: what MetalLB's controller decides (`controller/service.go`, `internal/allocator`, 0.16).

Pure: wishes, pools and namespaces in, verdicts out; ``now`` is any clock that never goes back, in seconds. Ties go by
name. After a restart everything follows from the Services: who holds an address keeps it, those with most of them
first. Otherwise than MetalLB: each family is looked at by itself, so that an address stays while it may, whatever
becomes of the other one; pools are combined; a Service keeps what it has until what it asks for instead is there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from heapq import heappop, heappush

from ..addresses.blocks import address_text, family_of, parse_address
from ..findings import Finding
from ..resources.model import Labels, Pool
from ..resources.wishes import ALLOCATED_FROM, OLD_PREFIX, PREFIX, ServiceWish
from . import verdict as words
from .asking import asked_of, families_of, needs_all, speaks_to_us, unfit
from .choosing import Chooser
from .holdings import Holdings
from .ledger import Address
from .offers import Offers
from .sharing import ALONE, Terms, terms_of
from .supply import Count
from .swapping import circles
from .telling import Teller
from .verdict import Event, Verdict

_ASSIGNED = Event(words.NORMAL, words.ALLOCATED, "")  # the addresses are put in when all is decided


class Allocator:
    """``configure``, ``put`` and ``drop`` take note; ``settle`` decides and tells.

    ``load_balancer_class``: only Services of this class are touched, None: only those without one. ``rest``: seconds
    that a freed address is kept from other Services, 0: none. Nothing is decided before the first ``configure``.
    """

    def __init__(self, load_balancer_class: str | None = None, rest: float = 300.0) -> None:
        self._class = load_balancer_class
        self._configured = False
        self._unreadable: frozenset[str] = frozenset()
        self._holdings = Holdings(rest)
        self._look_at(Offers({}, {}))
        self._wishes: dict[str, ServiceWish] = {}
        self._owned: set[str] = set()  # had an address of us in this life
        self._last: dict[str, tuple[Address, ...]] = {}  # as the last verdict told
        self._touched: set[str] = set()
        self._waiting: dict[str, tuple[str, ...]] = {}  # families that are missing, or not as asked
        self._stuck: dict[str, str] = {}  # who can have no address whatever becomes free, and why
        self._groups: dict[str, tuple[str, str]] = {}  # of those who wait and would share
        self._sharers: dict[tuple[str, str], set[str]] = {}  # the same by group
        self._told: dict[str, str] = {}  # the last event of those that are not told twice in a row
        self._events: dict[str, list[Event]] = {}

    # What comes in

    def configure(
        self, pools: Mapping[str, Pool], namespaces: Mapping[str, Labels], unreadable: Collection[str] = ()
    ) -> None:
        """All pools, the labels of all namespaces, and the names of pools that are there but can't be read.

        A Service keeps the addresses that it has of an unreadable pool.
        """
        moved = self._offers.moved(pools, namespaces) if self._configured else set(namespaces)
        changed = self._holdings.configure(pools) | (self._unreadable ^ frozenset(unreadable))
        self._unreadable = frozenset(unreadable)
        if changed or moved or not self._configured:
            before = self._offers
            self._look_at(Offers(dict(pools), dict(namespaces)))
            related = changed | before.related(changed) | self._offers.related(changed)
            self._touched.update(self._waiting)
            self._touched.update(self._holdings.holders(changed | self._unreadable))
            for key, wish in self._wishes.items():
                named = wish.pool is not None and not related.isdisjoint(self._offers.named(wish))
                if named or wish.problem or wish.namespace in moved or key not in self._holdings:
                    self._touched.add(key)
        self._configured = True

    def _look_at(self, offers: Offers) -> None:
        self._offers = offers
        self._chooser = Chooser(offers, self._holdings, self._unreadable)
        self._teller = Teller(offers, self._holdings, self._chooser)

    def put(self, wish: ServiceWish) -> None:
        """A Service as it is now."""
        self._wishes[wish.key] = wish
        self._touched.add(wish.key)

    def again(self, key: str) -> None:
        """The last verdict of a Service could not be written: tell it again."""
        self._touched.add(key)

    def drop(self, key: str) -> None:
        """A Service is gone."""
        self._wishes.pop(key, None)
        self._touched.add(key)

    # What goes out

    @property
    def due(self) -> float | None:
        """When to settle again though nothing comes in: an address ends its rest, and somebody waits."""
        return self._holdings.next_end if self._waiting else None

    def counts(self) -> dict[str, dict[str, Count]]:
        """Pool → family → addresses in use and left, exactly."""
        supplies = self._holdings.supplies
        return {pool: {family: supply.count for family, supply in supplies[pool].items()} for pool in sorted(supplies)}

    def waiting(self) -> dict[str, str]:
        """The Services that lack an address, and why."""
        found = {key: self._why(self._wishes[key])[1] for key in self._waiting}
        return dict(sorted({**found, **self._stuck}.items()))

    def addresses(self, key: str) -> tuple[str, ...]:
        """What a Service has by the last ``settle``, in the order of its families."""
        return tuple(map(_text, self._holdings.of(key).addresses))

    def findings(self) -> list[Finding]:
        """What is wrong between pools."""
        return self._holdings.places.findings()

    def settle(self, now: float) -> list[Verdict]:
        """Decide. Returns the verdicts of those that have news, by name."""
        if not self._configured:
            return []
        self._events = {}
        touched, self._touched = self._touched, set()
        self._holdings.expire(now)
        served = [key for key in sorted(touched) if not self._leave(key, now)]
        self._review(served, now)
        touched |= self._complete(served, now)
        verdicts = (self._verdict(key) for key in sorted(touched))
        return [verdict for verdict in verdicts if verdict is not None]

    # First those who have nothing to get

    def _leave(self, key: str, now: float) -> bool:
        """Take everything from a Service that is not to have any; whether it is one."""
        wish = self._wishes.get(key)
        self._wait(key, ())
        self._stuck.pop(key, None)
        if wish is not None and self._is_ours(wish):
            event = unfit(wish, bool(self._offers.pools or self._unreadable))
            if event is None:
                return False
            if event.message:
                self._tell(key, event.message, event)
                self._stuck[key] = event.message.partition(f'"{key}": ')[2] or event.message
        else:
            self._told.pop(key, None)
        if wish is None:
            self._owned.discard(key)
        self._holdings.set(key, (), self._holdings.of(key).terms, now)
        return True

    def _is_ours(self, wish: ServiceWish) -> bool:
        if wish.key in self._owned:
            return not wish.load_balancer or wish.load_balancer_class == self._class
        if not wish.load_balancer:
            names = (wish.allocated_from or "").split(",")
            return self._class is None or any(name in self._offers.pools for name in names)
        return wish.load_balancer_class == self._class and not self._is_foreign(wish)

    def _is_foreign(self, wish: ServiceWish) -> bool:
        """Whether somebody else wrote the status: it is not noted, not of our pools, and the Service speaks not to us.

        MetalLB clears it, also where it has no pools at all.
        """
        if wish.allocated_from is not None or not (wish.assigned or wish.hostnames) or speaks_to_us(wish):
            return False
        pools = self._holdings.places.pools
        return not any(pools(family_of(text), parse_address(text).first) for text in wish.assigned)

    # Then what stays

    def _review(self, keys: Collection[str], now: float) -> None:
        """Keep what is allowed: first those who have addresses in memory, then by their status.

        Who has a note of ours there comes before who has none, then who has most.
        """

        def rank(key: str) -> tuple[bool, bool, int, str]:
            wish = self._wishes[key]
            return (key not in self._holdings, wish.allocated_from is None, -len(wish.assigned), key)

        ahead = set(keys)
        for key in sorted(keys, key=rank):
            ahead.discard(key)
            wish = self._wishes[key]
            if wish.assigned or wish.problem or key in self._holdings:
                self._keep(wish, ahead, now)
            else:
                self._mark(wish)

    def _keep(self, wish: ServiceWish, ahead: set[str], now: float) -> None:
        key, have = wish.key, self._holdings.by_family(wish.key)
        families = dict.fromkeys([*have, *map(family_of, wish.assigned)]) if wish.problem else families_of(wish)
        kept = [address for family in families for address in self._kept(wish, family, have.get(family), ahead)]
        texts = {_text(address) for address in kept}
        before = [_text(address) for address in have.values()] if have or key in self._last else wish.assigned
        lost = [text for text in before if text not in texts]
        if lost and not wish.problem and (have or wish.allocated_from is not None):
            why = ". ".join(f"{text} is taken away: {self._teller.why_lost(wish, text)}" for text in lost)
            self._add(key, Event(words.NORMAL, words.CLEARED, f"{why}."))
        self._holdings.set(key, kept, terms_of(wish), now)
        if kept:
            self._owned.add(key)
        if wish.problem:
            reason = words.UNREADABLE if kept else words.FAILED
            self._tell(key, wish.problem, Event(words.WARNING, reason, wish.problem))
            if not kept:
                self._stuck[key] = wish.problem
            return
        self._mark(wish)

    def _kept(self, wish: ServiceWish, family: str, has: Address | None, ahead: set[str]) -> list[Address]:
        """What a Service keeps of a family: what it has in memory, else the first good one of its status."""
        values = [] if has is None else [has.value]
        values += [parse_address(text).first for text in wish.assigned if family_of(text) == family]
        for value in values:
            pool = self._chooser.pool_for(wish, family, value)
            if pool is not None and self._shares(wish, family, value, ahead):
                return [Address(family, value, pool)]
        return []

    def _shares(self, wish: ServiceWish, family: str, value: int, ahead: set[str]) -> bool:
        """Whether nobody stands in the way, also not by what those who come later in this turn will want."""
        return all(
            user in ahead and terms_of(wish).goes_with(terms_of(self._wishes[user]))
            for user in self._chooser.in_the_way(wish, family, value)
        )

    # Then what is missing

    def _complete(self, keys: Iterable[str], now: float) -> set[str]:
        """Give what is missing, until nothing moves. Returns all who were looked at.

        Who asks for addresses comes first, then who asks for pools; within both by name.
        """

        def rank(key: str) -> tuple[bool, bool, str]:
            return (not self._wishes[key].addresses, self._wishes[key].pool is None, key)

        turn = {key for key in keys if key in self._waiting} | self._stirred()
        seen = set(turn)
        while turn:
            ranks, again = sorted(map(rank, turn)), set()
            while ranks:
                here = heappop(ranks)
                self._give(here[-1], now)
                for key in self._stirred():
                    if rank(key) <= here:
                        again.add(key)
                    elif key not in turn:
                        turn.add(key)
                        heappush(ranks, rank(key))
                    seen.add(key)
            turn = again or self._swap(now)
            seen |= turn
        for key in seen:
            if key in self._waiting:
                self._tell_failure(key)
        return seen

    def _stirred(self) -> set[str]:
        """Those who wait, and to whom what was freed or came to be shared since the last time may be of use."""
        families, groups = self._holdings.news()
        found = {key for group in groups for key in self._sharers.get(group, ())}
        if families:
            found.update(key for key, lacking in self._waiting.items() if not families.isdisjoint(lacking))
        return found

    def _give(self, key: str, now: float) -> None:
        """Give a Service what it lacks, as far as that can be; all or nothing where it needs all and has none."""
        wish, have = self._wishes[key], self._holdings.by_family(key)
        families, asked, good = families_of(wish), asked_of(wish), self._chooser.as_asked(wish)
        lacking = [family for family in families if family not in good]
        found: dict[str, Address] = {}
        for family in lacking:
            if family in asked:
                pool = self._chooser.requested(wish, family, asked[family])
                if pool is not None:
                    found[family] = Address(family, asked[family], pool)
        if not asked or any(family in asked for family in families):
            rest = [family for family in lacking if family not in asked]
            found.update(self._chooser.choose(wish, rest, {**good, **found}))
        if have or not needs_all(wish) or len(found) == len(families):
            self._assign(wish, found, now)

    def _swap(self, now: float) -> set[str]:
        """Let those change places who ask for the addresses of each other. Returns them."""
        able = {
            key: self._wishes[key] for key in self._waiting if self._wishes[key].addresses and key in self._holdings
        }
        circle = (
            next(circles(able, self._chooser, self._holdings), frozenset[str]()) if len(able) > 1 else frozenset[str]()
        )
        moves: dict[str, dict[str, Address]] = {}
        for key in circle:
            wish, have = able[key], self._holdings.by_family(key)
            new = {family: value for family, value in asked_of(wish).items() if family in families_of(wish)}
            moves[key] = {}
            for family, value in new.items():
                pool = self._chooser.requested(wish, family, value, apart=circle)
                if pool is not None and (family not in have or have[family].value != value):
                    moves[key][family] = Address(family, value, pool)
        for key, found in moves.items():
            stay = [address for family, address in self._holdings.by_family(key).items() if family not in found]
            self._holdings.set(key, stay, terms_of(able[key]), now)
        for key in sorted(moves):
            self._assign(able[key], moves[key], now)
        return set(circle)

    def _assign(self, wish: ServiceWish, found: Mapping[str, Address], now: float) -> None:
        """A Service gets these addresses, instead of those that it has of their families."""
        if not found:
            return
        key, result = wish.key, {**self._holdings.by_family(wish.key), **found}
        addresses = [result[family] for family in families_of(wish) if family in result]
        self._holdings.set(key, addresses, terms_of(wish), now)
        self._owned.add(key)
        if _ASSIGNED not in self._events.get(key, ()):
            self._add(key, _ASSIGNED)
        self._mark(wish)

    def _mark(self, wish: ServiceWish) -> None:
        """Note whether a Service waits."""
        good: Collection[str] = self._chooser.as_asked(wish) if wish.key in self._holdings else ()
        lacking = tuple(family for family in families_of(wish) if family not in good)
        self._wait(wish.key, lacking, terms_of(wish))
        if not lacking:
            self._told.pop(wish.key, None)

    def _wait(self, key: str, lacking: tuple[str, ...], terms: Terms = ALONE) -> None:
        """Note for which families a Service waits."""
        if key in self._waiting:
            del self._waiting[key]
            group = self._groups.pop(key, None)
            if group is not None:
                self._sharers[group].discard(key)
                if not self._sharers[group]:
                    del self._sharers[group]
        if lacking:
            self._waiting[key] = lacking
            if terms.key:
                self._groups[key] = terms[:2]
                self._sharers.setdefault(terms[:2], set()).add(key)

    # What is told

    def _why(self, wish: ServiceWish) -> tuple[str, str]:
        """A mark without figures, and sentences."""
        reason = self._teller.why(wish, self._waiting[wish.key])
        end = "" if reason.fix.endswith("?") else "."
        return reason.mark, f"{reason.text}. {reason.fix[:1].upper()}{reason.fix[1:]}{end}"

    def _tell_failure(self, key: str) -> None:
        wish, have = self._wishes[key], self._holdings.of(key).addresses
        mark, text = self._why(wish)
        if have and not needs_all(wish) and len(have) < len(families_of(wish)):
            message = f"cannot assign additional IP in {wish.policy}: {text}"
            self._tell(key, mark, Event(words.NORMAL, words.ADDITIONAL_FAILED, message))
            return
        kept = f" It keeps {' and '.join(map(_text, have))}." if have else ""
        message = f'Failed to allocate IP for "{key}": {text}{kept}'
        self._tell(key, mark, Event(words.WARNING, words.FAILED, message))

    def _tell(self, key: str, mark: str, event: Event) -> None:
        """An event that is not told twice in a row."""
        mark = f"{event.reason}: {mark}"
        if self._told.get(key) != mark:
            self._told[key] = mark
            self._add(key, event)

    def _add(self, key: str, event: Event) -> None:
        self._events.setdefault(key, []).append(event)

    def _verdict(self, key: str) -> Verdict | None:
        wish = self._wishes.get(key)
        if wish is None:
            self._last.pop(key, None)
            return None
        held = self._holdings.of(key).addresses
        addresses, pools = tuple(map(_text, held)), tuple(dict.fromkeys(address.pool for address in held))
        write = not wish.problem and self._is_ours(wish) and self._differs(wish, addresses, ",".join(pools))
        news = self._last.get(key, held) != held
        self._last[key] = held
        events = self._events.get(key, [])
        if _ASSIGNED in events:
            told = _ASSIGNED._replace(message="Assigned IP [" + " ".join(f'"{text}"' for text in addresses) + "]")
            events = [told if event == _ASSIGNED else event for event in events]
        old = [name for name in wish.old_annotations if not name.endswith(ALLOCATED_FROM)]
        if write and old:
            message = f"{' and '.join(old)}: the prefix {OLD_PREFIX} is deprecated. Write {PREFIX} instead."
            events = [*events, Event(words.WARNING, words.DEPRECATED, message)]
        return Verdict(key, addresses, pools, write, tuple(events), wish.ip_mode) if write or news or events else None

    def _differs(self, wish: ServiceWish, addresses: tuple[str, ...], note: str) -> bool:
        """Whether status and annotation must be written."""
        if not addresses:
            return wish.allocated_from is not None or (bool(wish.assigned) and wish.key in self._owned)
        return (
            addresses != wish.assigned
            or note != wish.allocated_from
            or wish.ip_mode != wish.held_mode
            or wish.hostnames
            or any(name.endswith(ALLOCATED_FROM) for name in wish.old_annotations)
        )


def _text(address: Address) -> str:
    return address_text(address.family, address.value)
