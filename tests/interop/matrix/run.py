# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of the matrix with one stack: all sessions at once, each judged by what the stack's own tables hold."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Callable, NamedTuple

from interop.matrix.cases import (
    CHANGES,
    DIALLED,
    OUR_ASN,
    PLAIN,
    RESTART,
    THEIR_ASN,
    WATCHED,
    Case,
    cases,
)
from interop.matrix.limits import NO_HELPER, NOT_OFFERED, watches, why_not
from interop.matrix.place import Place
from interop.peers.shape import FAMILIES, Route, Stack, Table
from processes import Wire, until

PREFIXES = {
    "ipv4": [f"192.0.2.{number}/32" for number in (1, 2, 3)],
    "ipv6": [f"2001:db8:1::{n}/128" for n in (1, 2, 3)],
}
COMMUNITIES = ("64512:100", "64512:200", "65535:65281", "65535:65284")  # the last ones: NO_EXPORT, NOPEER
LARGE = ("4200000000:5:6", "64512:1:2")
PREFERENCE = 150
WAIT = 90.0  # seconds without any progress after which a cell has failed


class Cell(NamedTuple):
    """A place in the matrix: what was tried on which session."""

    tried: str
    case: Case


class Results(NamedTuple):
    """What a stack is, and what is wrong with a cell; an empty text when it is as it should be."""

    stack: type[Stack]
    version: str
    cells: dict[Cell, str]
    looks: int  # at its tables while wire was away

    @property
    def title(self) -> str:
        """The stack with its version."""
        return f"{self.stack.name} {self.version}"


def run(kind: type[Stack], root: Path, folder: Path) -> Results:
    """All cells of a stack."""
    sessions = cases(watches(kind))
    place = Place(sessions)
    wires = [Wire(folder / "wire", place.node.prefix, listen_port=179), Wire(folder / "again", place.node.prefix)]
    stack = None
    try:
        neighbours = [case.neighbour() for case in sessions]
        stack = kind(root, place.router.namespace, folder / "stack", THEIR_ASN, place.router.ipv4, neighbours)
        for wire in wires:
            wire.start()
        return _Run(stack, sessions, *wires).results()
    finally:
        for wire in wires:
            wire.end()
        if stack is not None:
            stack.end()
        place.end()


class _Run:
    """A stack and two wires that run: one that stays, and one that is killed and comes back."""

    def __init__(self, stack: Stack, sessions: list[Case], staying: Wire, killed: Wire) -> None:
        self._stack, self._sessions = stack, sessions
        self._killed = killed
        self._links = {False: staying.link(), True: killed.link()}
        self._problems: dict[Cell, str] = {}
        self._missing: dict[Case, int] = {}
        self._looks = 0

    def results(self) -> Results:
        """Tries everything, one after the other."""
        for restarted in (False, True):
            some = self._of(lambda case, r=restarted: (case.tried == RESTART) is r)  # type: ignore[misc]
            self._links[restarted].full(peers={case.name: case.peer() for case in some}, routes=_routes(some))
        self._await(self._of(lambda case: True), None, False)
        self._watched(self._of(lambda case: case.tried == WATCHED))
        plain = self._of(lambda case: case.tried == PLAIN)
        self._links[False].delta(routes={prefixes[0]: None for prefixes in PREFIXES.values()})
        self._links[False].delta(routes=_changes(self._of(lambda case: case.tried != RESTART)))
        self._await(plain, CHANGES, True)
        self._restart(self._of(lambda case: case.tried == RESTART))
        self._words()
        return Results(type(self._stack), self._stack.version, self._problems, self._looks)

    def _of(self, wanted: Callable[[Case], bool]) -> list[Case]:
        return [case for case in self._sessions if wanted(case)]

    def _await(self, some: list[Case], tried: str | None, changed: bool) -> None:
        """Waits until the stack holds what it should of some sessions, or nothing happens any more."""
        problems: dict[Case, str] = {}

        def settled() -> bool:
            table = self._stack.table()
            problems.update({case: self._problem(case, table, changed) for case in some})
            return not any(problems.values())

        _wait(settled, problems)
        self._problems.update({Cell(tried or case.tried, case): problem for case, problem in problems.items()})

    def _problem(self, case: Case, table: Table, changed: bool) -> str:
        held = table.get(case.ours(case.transport), {})
        wanted = {} if case.refused else _expected(case, changed)
        if why_not(type(self._stack), case) == NOT_OFFERED:
            wanted = {prefix: route for prefix, route in wanted.items() if ":" in prefix}
        return "; ".join(_differences(case, held, wanted))

    def _watched(self, some: list[Case]) -> None:
        """BFD is up at both ends."""
        problems: dict[Case, str] = {}

        def settled() -> bool:
            ours = self._links[False].ask("status")["status"]["sessions"]
            for case in some:
                ends = (ours[case.name]["bfd"]["state"].lower(), self._stack.bfd(case.ours(case.transport)))
                problems[case] = "" if ends == ("up", "up") else f"BFD is {ends[0]} here, {ends[1]} there"
            return not any(problems.values())

        _wait(settled, problems)
        for case, problem in problems.items():
            cell = Cell(WATCHED, case)
            self._problems[cell] = self._problems.get(cell) or problem

    def _restart(self, some: list[Case]) -> None:
        """kill -9: what the stack keeps is never missing at any look at its tables, and it is fresh in the end."""
        kept = [case for case in some if not case.refused and not why_not(type(self._stack), case)]
        lost = [case for case in some if why_not(type(self._stack), case) == NO_HELPER]
        until(self._killed.journal.exists, "the journal")
        self._killed.stop(signal.SIGKILL)
        problems: dict[Case, str] = {}

        def away() -> bool:
            table = self._look(kept)
            for case in kept:
                routes = table.get(case.ours(case.transport), {})
                stale = bool(routes) and all(route.stale for route in routes.values())
                problems[case] = "" if stale else "what it keeps is not marked as stale"
            problems.update(
                {case: "what it holds was not lost" if table.get(case.ours(case.transport)) else "" for case in lost}
            )
            return not any(problems.values())

        _wait(away, problems)
        first = dict(problems)
        starting = threading.Thread(target=self._killed.start)
        starting.start()
        while starting.is_alive():
            self._look(kept)
            starting.join(0.02)
        self._links[True] = self._killed.link()
        self._links[True].full(peers={case.name: case.peer() for case in some}, routes=_routes(some))

        def back() -> bool:
            table = self._look(kept)
            problems.update({case: self._problem(case, table, False) for case in some})
            return not any(problems.values())

        _wait(back, problems)
        for case in some:
            cell = Cell(RESTART, case)
            gone = f"{self._missing[case]} prefixes were missing" if self._missing.get(case) else ""
            self._problems[cell] = self._problems[cell] or first.get(case, "") or gone or problems[case]

    def _look(self, kept: list[Case]) -> Table:
        table = self._stack.table()
        self._looks += 1
        for case in kept:
            held = table.get(case.ours(case.transport), {})
            self._missing[case] = self._missing.get(case, 0) + sum(
                prefix not in held for prefix in _expected(case, False)
            )
        return table

    def _words(self) -> None:
        """Our own status says in plain words why there is no session, or not all of it; the stack has none either."""
        problems: dict[Case, str] = {}

        def settled() -> bool:
            for case, seen in self._statuses():
                told, established = seen["last_error"], seen["state"] == "Established"
                right = told == _told(type(self._stack), case) and established is not case.refused
                problems[case] = "" if right else f"our status says {seen['state']}, {told!r}"
            return not any(problems.values())

        _wait(settled, problems)
        for case, problem in problems.items():
            refused = case.refused and self._stack.session(case.ours(case.transport)).established
            for cell in [cell for cell in self._problems if cell.case == case]:
                found = problem or ("it has a session in spite of different passwords" if refused else "")
                self._problems[cell] = self._problems[cell] or found

    def _statuses(self) -> Iterator[tuple[Case, dict[str, Any]]]:
        seen = {restarted: link.ask("status")["status"]["sessions"] for restarted, link in self._links.items()}
        for case in self._sessions:
            yield case, seen[case.tried == RESTART][case.name]


def _wait(settled: Callable[[], bool], problems: Mapping[Case, str]) -> None:
    """Until everything is settled, or it has not come closer to that for long."""
    least, since = -1, time.monotonic()
    while not settled():
        count = sum(map(bool, problems.values()))
        if not 0 <= least <= count:
            least, since = count, time.monotonic()
        if time.monotonic() - since > WAIT:
            return
        time.sleep(0.2)


def _told(stack: type[Stack], case: Case) -> str:
    """The words of our status on a session."""
    where, hint = case.theirs(case.transport), "; is the TCP MD5 password the same on both sides?"
    if case.refused and case.tried == DIALLED:
        return f"passive: waits for {where} to connect{hint}"
    if case.refused:
        return f"no answer from {where} port 179{hint}"
    if why_not(stack, case) == NOT_OFFERED:
        return "peer does not carry ipv4: activate it for us there, with an IPv6 next hop for IPv4 (RFC 8950)"
    return ""


def _routes(some: Iterable[Case]) -> dict[str, Any]:
    """The first two prefixes of each family."""
    path = {"peers": [case.name for case in some], "communities": [], "large_communities": [], "local_preference": None}
    return {prefix: [path] for prefixes in PREFIXES.values() for prefix in prefixes[:2]}


def _changes(some: Iterable[Case]) -> dict[str, Any]:
    """The last two prefixes of each family, one with more than before, one new."""
    path = {
        "peers": [case.name for case in some],
        "communities": list(reversed(COMMUNITIES)),
        "large_communities": list(LARGE),
        "local_preference": PREFERENCE,
    }
    return {prefix: [path] for prefixes in PREFIXES.values() for prefix in prefixes[1:]}


def _expected(case: Case, changed: bool) -> dict[str, Route]:
    """What the stack should hold of a session."""
    return {
        prefix: Route(
            next_hop=case.next_hop(family),
            as_path=() if case.internal else (OUR_ASN,),
            communities=COMMUNITIES if changed else (),
            large_communities=LARGE if changed else (),
            local_preference=PREFERENCE if changed else 100,
            stale=False,
        )
        for family in FAMILIES
        for prefix in (PREFIXES[family][1:] if changed else PREFIXES[family][:2])
    }


def _differences(case: Case, held: dict[str, Route], wanted: dict[str, Route]) -> Iterator[str]:
    for prefix in sorted(held.keys() | wanted.keys()):
        if prefix not in held or prefix not in wanted:
            yield f"{prefix} is {'missing' if prefix in wanted else 'there'}"
            continue
        ours = wanted[prefix]
        seen = held[prefix] if case.internal else held[prefix]._replace(local_preference=ours.local_preference)
        if seen != ours:
            yield f"{prefix} is {held[prefix]}"
