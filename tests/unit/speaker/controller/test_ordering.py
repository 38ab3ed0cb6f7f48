# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of writes: whatever fails or is killed between two of them, no address is in two Services."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from dualstack_speaker.controller.ordering import Ordering, Target, Write

V4, W4, V6 = "192.0.2.1", "192.0.2.2", "2001:db8::1"


def target(*addresses: str) -> Target:
    return Target(addresses, "pool" if addresses else "", "VIP")


def everything(ordering: Ordering, now: float = 0.0) -> list[Write]:
    """All writes that may be sent now."""
    found = []
    while (write := ordering.take(now)) is not None:
        found.append(write)
    return found


def test_writes_of_different_services_are_under_way_at_once() -> None:
    ordering = Ordering()
    ordering.want("d/a", target(V4), [])
    ordering.want("d/b", target(V6), [])
    writes = everything(ordering)
    assert [write.key for write in writes] == ["d/a", "d/b"] and ordering.flying == 2
    for write in writes:
        ordering.acknowledged(write)
    assert len(ordering) == 0


def test_writes_of_one_service_follow_each_other() -> None:
    ordering = Ordering()
    ordering.want("d/a", target(V4), [])
    (first,) = everything(ordering)
    ordering.want("d/a", target(W4), [])
    assert everything(ordering) == []
    ordering.acknowledged(first)
    (second,) = everything(ordering)
    assert second == Write("d/a", target(W4), True)


def test_an_address_changes_hands_only_after_it_was_taken_away() -> None:
    ordering = Ordering()
    ordering.want("d/new", target(V4, V6), [])
    ordering.want("d/old", target(), [V4])
    (taking,) = everything(ordering)
    assert taking == Write("d/old", target(), True)
    ordering.acknowledged(taking)
    assert everything(ordering) == [Write("d/new", target(V4, V6), True)]


def test_an_address_of_a_service_that_is_gone_is_free() -> None:
    ordering = Ordering()
    ordering.want("d/old", target(), [V4])
    (write,) = everything(ordering)
    ordering.want("d/new", target(V4), [])
    assert everything(ordering) == []
    ordering.gone("d/old")
    assert everything(ordering) == [Write("d/new", target(V4), True)]
    ordering.acknowledged(write)  # its answer comes late: of no meaning


def test_who_shares_an_address_does_not_wait() -> None:
    ordering = Ordering()
    ordering.want("d/a", target(V4, V6), [V4])
    ordering.want("d/b", target(V4), [])
    assert [write.final for write in everything(ordering)] == [True, True]


def test_services_that_swap_addresses_are_emptied_first() -> None:
    ordering = Ordering()
    ordering.want("d/a", target(W4, V6), [V4, V6])
    ordering.want("d/b", target(V4), [W4])
    (first,) = everything(ordering)
    assert not first.final and first.target.addresses in ((), (V6,))
    ordering.acknowledged(first)
    (second,) = everything(ordering)
    assert second.final
    ordering.acknowledged(second)
    (third,) = everything(ordering)
    assert third.final and third.key == first.key
    ordering.acknowledged(third)
    assert len(ordering) == 0


def test_after_a_conflict_the_newest_version_is_waited_for() -> None:
    ordering = Ordering()
    ordering.want("d/a", target(V4), [])
    (write,) = everything(ordering)
    ordering.refused(write, None)
    assert everything(ordering) == []
    ordering.again("d/a")
    assert everything(ordering) == [write]


def test_a_refused_write_is_tried_later() -> None:
    ordering = Ordering()
    ordering.want("d/a", target(V4), [])
    (write,) = everything(ordering)
    ordering.refused(write, 5.0)
    assert everything(ordering, 4.9) == [] and ordering.due == 5.0
    assert everything(ordering, 5.0) == [write]


def test_what_a_write_without_an_answer_may_have_given_goes_to_nobody_else() -> None:
    ordering = Ordering()
    ordering.want("d/a", target(V4), [])
    (write,) = everything(ordering)
    ordering.unanswered(write)
    ordering.want("d/a", target(), [])
    ordering.want("d/b", target(V4), [])
    assert everything(ordering) == []
    ordering.sure("d/a", [V4])
    (clear,) = everything(ordering)
    assert clear == Write("d/a", target(), True)
    ordering.acknowledged(clear)
    assert everything(ordering) == [Write("d/b", target(V4), True)]


def test_a_service_that_is_as_it_should_be_is_left_alone() -> None:
    ordering = Ordering()
    ordering.want("d/a", target(V4), [])
    ordering.content("d/a", [V4])
    assert everything(ordering) == [] and len(ordering) == 0


# A model: Services with at most one owner per address, an API server that carries out, refuses or keeps silent.

KEYS = ["d/a", "d/b", "d/c", "d/d"]
POOL = ["192.0.2.1", "192.0.2.2", "2001:db8::1"]


@dataclass
class Model:
    """``held``: what the API server holds; ``owners``: what the allocator has decided."""

    ordering: Ordering = field(default_factory=Ordering)
    held: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict.fromkeys(KEYS, ()))
    owners: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict.fromkeys(KEYS, ()))
    flying: list[Write] = field(default_factory=list)
    unsure: set[str] = field(default_factory=set)
    now: float = 0.0

    def decide(self, owners: dict[str, tuple[str, ...]]) -> None:
        """The allocator has decided anew; it never gives an address twice."""
        self.owners = owners
        for key in KEYS:
            self.tell(key)

    def tell(self, key: str) -> None:
        """What the API server holds is put into the allocator, which says whether it is right."""
        if self.owners[key] == self.held[key]:
            self.ordering.content(key, self.held[key])
        else:
            self.ordering.want(key, target(*self.owners[key]), self.held[key])

    def answer(self, index: int, how: str) -> None:
        """One of the writes that are under way ends."""
        write = self.flying.pop(index % len(self.flying))
        if how in ("taken", "silent, taken"):
            self.held[write.key] = write.target.addresses
        given_out = [text for addresses in self.held.values() for text in addresses]
        assert len(given_out) == len(set(given_out)), "an address is in two Services"
        if how == "taken":
            self.ordering.acknowledged(write)
            self.tell(write.key)
        elif how == "refused":
            self.ordering.refused(write, self.now)
        else:
            self.ordering.unanswered(write)
            self.unsure.add(write.key)

    def look(self) -> None:
        """The Services of which a write got no answer are asked for."""
        for key in sorted(self.unsure):
            self.tell(key)
            self.ordering.sure(key, self.held[key])
        self.unsure.clear()


@st.composite
def decisions(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    owners: dict[str, list[str]] = {key: [] for key in KEYS}
    for text in POOL:
        key = draw(st.sampled_from([*KEYS, ""]))
        if key:
            owners[key].append(text)
    return {key: tuple(texts) for key, texts in owners.items()}


_HOWS = st.sampled_from(["taken", "taken", "refused", "silent, taken", "silent, lost"])
_STEPS = st.lists(
    st.one_of(decisions(), st.tuples(st.integers(0, 3), _HOWS), st.just("look"), st.just("take")), max_size=80
)


@settings(max_examples=400, deadline=None)
@given(_STEPS)
def test_no_address_is_ever_in_two_services_and_all_gets_done(steps: list[object]) -> None:
    model = Model()
    for step in steps:
        if isinstance(step, dict):
            model.decide(step)
        elif isinstance(step, tuple) and model.flying:
            model.answer(*step)
        elif step == "look":
            model.look()
        elif step == "take" and (write := model.ordering.take(model.now)) is not None:
            model.flying.append(write)
    for _unused in range(100):
        model.flying += everything(model.ordering)
        if not model.flying and not model.unsure:
            break
        while model.flying:
            model.answer(0, "taken")
        model.look()
    assert model.held == model.owners
    assert len(model.ordering) == 0
