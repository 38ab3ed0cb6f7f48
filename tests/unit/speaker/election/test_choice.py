# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who answers, out of what one node knows; and that nodes that know different things leave no address to nobody."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstack_speaker.election.choice import View, choose


def view(counts: bool = True, lacks: str = "", drained: bool = False, heard: bool = True) -> View:
    return View(counts, heard, drained, lacks.split().__contains__)


def chosen(own: str, **views: View) -> str | None:
    return choose([(name, known._replace(heard=known.heard and name != own)) for name, known in views.items()])


def test_the_first_that_counts() -> None:
    assert chosen("a", a=view(), b=view()) == "a"
    assert chosen("b", a=view(), b=view()) == "a"
    assert chosen("b", a=view(counts=False, heard=False), b=view(), c=view()) == "b"
    assert chosen("c", a=view(counts=False, heard=False), b=view(), c=view()) == "b", "only the next one in line"
    assert chosen("a", a=view(counts=False), b=view(counts=False, heard=False)) is None
    assert choose([]) is None


def test_who_is_drained_answers_only_where_nobody_else_does() -> None:
    assert chosen("a", a=view(drained=True), b=view()) == "b"
    assert chosen("a", a=view(drained=True), b=view(counts=False, heard=False)) == "a"
    assert chosen("b", a=view(drained=True), b=view(drained=True)) == "a"


def test_who_is_not_heard_by_the_one_that_answers_lets_it() -> None:
    """b does not hear a and has taken over; a hears b."""
    assert chosen("a", a=view(), b=view(lacks="a")) == "b"
    assert chosen("b", a=view(counts=False, heard=False), b=view(lacks="a")) == "b"
    assert chosen("a", a=view(), b=view(lacks="a", heard=False)) == "a", "where it cannot be heard, both answer"
    assert chosen("a", a=view(), b=view(lacks="a"), c=view()) == "b"
    assert chosen("a", a=view(), b=view(), c=view(lacks="a")) == "a", "c leaves it to b, which leaves it to a"
    assert chosen("a", a=view(), b=view(lacks="a"), c=view(lacks="a b")) == "c"


def test_who_answers_gives_back_when_it_counts_the_other_again() -> None:
    held_back = view(counts=False)
    assert chosen("b", a=held_back, b=view(lacks="a")) == "b"
    assert chosen("b", a=view(counts=False, lacks="b"), b=view(lacks="a")) == "b", "a lets it, whatever a thinks of b"
    assert chosen("a", a=view(), b=view(lacks="a")) == "b"
    assert chosen("a", a=view(), b=view()) == "a" and chosen("b", a=view(), b=view()) == "a"


COUNTED, HELD_BACK, UNHEARD = "counted", "held back", "unheard"
Hearing = Callable[[str, str], str]  # who, whom → how
ORDER = ["a", "b", "c", "d"]


def owners(hears: Hearing, up: set[str], drained: set[str]) -> set[str]:
    """Who answers, each node choosing by what it hears, and having been told what the others do without."""

    def known(who: str, whom: str) -> str:
        return hears(who, whom) if whom in up else UNHEARD

    def seen(by: str, whom: str) -> View:
        def lacks(other: str) -> bool:
            return other != whom and known(whom, other) is not COUNTED

        if by == whom:
            return View(True, False, by in drained, lacks)
        how = known(by, whom)
        return View(how is COUNTED, how is not UNHEARD, whom in drained, lacks)

    return {by for by in up if choose([(name, seen(by, name)) for name in ORDER]) == by}


how = st.sampled_from([COUNTED, HELD_BACK, UNHEARD])
nodes = st.sampled_from(ORDER)


@given(st.fixed_dictionaries({(a, b): how for a in ORDER for b in ORDER if a != b}), st.sets(nodes, min_size=1))
def test_no_loss_of_whatever_direction_leaves_an_address_to_nobody(
    matrix: dict[tuple[str, str], str], up: set[str]
) -> None:
    assert owners(lambda who, whom: matrix[who, whom], up, set())


@given(st.sets(nodes, min_size=1), st.sets(nodes))
def test_where_all_hear_each_other_exactly_one_answers(up: set[str], drained: set[str]) -> None:
    (owner,) = owners(lambda _who, _whom: COUNTED, up, drained)
    assert owner == min(up - drained or up)


@given(st.sets(nodes, min_size=2), st.data())
def test_where_one_is_not_heard_by_some_exactly_one_answers(up: set[str], data: st.DataObject) -> None:
    quiet = data.draw(st.sampled_from(sorted(up)))
    deaf = data.draw(st.sets(st.sampled_from(sorted(up - {quiet}))))
    kind = data.draw(st.sampled_from([HELD_BACK, UNHEARD]))
    found = owners(lambda who, whom: kind if whom == quiet and who in deaf else COUNTED, up, set())
    assert len(found) == 1


@pytest.mark.parametrize("own", ["a", "b"])
def test_cut_in_two_each_part_has_an_owner(own: str) -> None:
    parts = ({"a", "c"}, {"b", "d"})
    found = owners(lambda who, whom: COUNTED if {who, whom} in parts else UNHEARD, set(ORDER), set())
    assert own in found and len(found) == 2


@given(st.sets(nodes, min_size=1, max_size=3))
def test_parts_that_find_each_other_again_leave_nothing_to_nobody(part: set[str]) -> None:
    """Each holds the nodes of the other one back."""
    found = owners(lambda who, whom: COUNTED if (who in part) is (whom in part) else HELD_BACK, set(ORDER), set())
    assert len(found) == 1
