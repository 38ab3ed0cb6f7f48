# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of the matrix with one stack: all sessions at once, each judged by what the stack's own tables hold."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Callable, NamedTuple

from interop.matrix.cases import (
    CHANGES,
    DIALLED,
    PLAIN,
    RESTART,
    THEIR_ASN,
    WATCHED,
    Case,
    cases,
)
from interop.matrix.content import ALL, FIRST, LATER, PREFIXES, Content, differences
from interop.matrix.limits import NO_BFD, NO_HELPER, NOT_FOUND, NOT_OFFERED, established, why_not
from interop.matrix.place import Place
from interop.peers.shape import Stack, Table
from processes import Wire, until

WAIT = 90.0  # seconds without any progress after which a cell has failed
_BRIEF = 0.01  # seconds between two looks while wire is away


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
    sessions = cases()
    place = Place(sessions)
    wires = [Wire(folder / "wire", place.node.prefix, listen_port=179), Wire(folder / "again", place.node.prefix)]
    stack = None
    try:
        neighbours = [case.neighbour() for case in sessions if why_not(kind, case) != NOT_FOUND]
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
            self._links[restarted].full(peers={case.name: case.peer() for case in some}, routes=FIRST.routes(some))
        self._await(self._sessions, None, FIRST)
        self._watched(self._of(lambda case: case.tried == WATCHED))
        plain = self._of(lambda case: case.tried == PLAIN)
        self._links[False].delta(routes={prefixes[0]: None for prefixes in PREFIXES.values()})
        self._links[False].delta(routes=LATER.routes(self._of(lambda case: case.tried != RESTART)))
        self._await(plain, CHANGES, LATER)
        self._restart(self._of(lambda case: case.tried == RESTART))
        self._words()
        return Results(type(self._stack), self._stack.version, self._problems, self._looks)

    def _of(self, wanted: Callable[[Case], bool]) -> list[Case]:
        return [case for case in self._sessions if wanted(case)]

    def _await(self, some: list[Case], tried: str | None, content: Content) -> None:
        """Waits until the stack holds what it should of some sessions, or nothing happens any more."""
        problems: dict[Case, str] = {}

        def settled() -> bool:
            table = self._stack.table()
            problems.update({case: self._problem(case, table, content) for case in some})
            return not any(problems.values())

        _wait(settled, problems)
        for case, problem in problems.items():
            self._add(Cell(tried or case.tried, case), problem)

    def _add(self, cell: Cell, problem: str) -> None:
        """Notes what is wrong with a cell; what was seen first stays."""
        self._problems[cell] = self._problems.get(cell) or problem

    def _problem(self, case: Case, table: Table, content: Content) -> str:
        held = table.get(case.ours(case.transport), {})
        wanted = content.expected(case) if established(type(self._stack), case) else {}
        if why_not(type(self._stack), case) == NOT_OFFERED:
            wanted = {prefix: route for prefix, route in wanted.items() if ":" in prefix}
        return "; ".join(differences(case, held, wanted))

    def _watched(self, some: list[Case]) -> None:
        """BFD is up at both ends; where there is none at the other end, it holds nothing up."""
        problems: dict[Case, str] = {}

        def settled() -> bool:
            ours = self._links[False].ask("status")["status"]["sessions"]
            for case in some:
                alone = why_not(type(self._stack), case) == NO_BFD
                here = str(ours[case.name]["bfd"]["state"]).lower()
                there = "down" if alone else self._stack.bfd(case.ours(case.transport))
                right = here == there == ("down" if alone else "up")
                problems[case] = "" if right else f"BFD is {here} here, {there} there"
            return not any(problems.values())

        _wait(settled, problems)
        for case, problem in problems.items():
            self._add(Cell(WATCHED, case), problem)

    def _restart(self, some: list[Case]) -> None:
        """kill -9: what the stack keeps is never missing at any look at its tables, and it is fresh in the end.

        The new wire does not know the third prefixes until it is told: they too are kept until then.
        """
        kind = type(self._stack)
        kept = [case for case in some if not case.refused and not why_not(kind, case)]
        lost = [case for case in some if why_not(kind, case) == NO_HELPER]
        until(self._killed.journal.exists, "the journal")
        saved = self._killed.journal.read_bytes()
        self._links[True].delta(routes=ALL.routes(some))
        self._await(some, RESTART, ALL)
        self._killed.stop(signal.SIGKILL)
        problems: dict[Case, str] = {}

        def away() -> bool:
            table = self._look(kept)
            for case in kept:
                stale = all(route.stale for route in table.get(case.ours(case.transport), {}).values())
                problems[case] = "" if stale else "what it keeps is not marked as stale"
            for case in lost:
                problems[case] = "it keeps prefixes all the same" if table.get(case.ours(case.transport)) else ""
            return not any(problems.values())

        def standing() -> bool:
            self._look(kept)
            seen = self._links[True].ask("status")["status"]["sessions"]
            problems.update({case: "" if seen[case.name]["state"] == "Established" else "no session" for case in kept})
            return not any(problems.values())

        def back() -> bool:
            table = self._look(kept)
            problems.update({case: self._problem(case, table, ALL) for case in some})
            return not any(problems.values())

        found = [self._settle(away, problems)]
        self._killed.journal.write_bytes(saved)
        starting = threading.Thread(target=self._killed.start)
        starting.start()
        while starting.is_alive():
            self._look(kept)
            starting.join(_BRIEF)
        self._links[True] = self._killed.link()
        found.append(self._settle(standing, problems))
        self._links[True].full(peers={case.name: case.peer() for case in some}, routes=ALL.routes(some))
        found.append(self._settle(back, problems))
        found.append({case: f"{count} prefixes were missing" for case, count in self._missing.items() if count})
        for case in some:
            self._add(Cell(RESTART, case), next(filter(None, (each.get(case) for each in found)), ""))

    def _settle(self, settled: Callable[[], bool], problems: dict[Case, str]) -> dict[Case, str]:
        """What is still a problem when nothing happens any more."""
        problems.clear()
        _wait(settled, problems, _BRIEF)
        return dict(problems)

    def _look(self, kept: list[Case]) -> Table:
        table = self._stack.table()
        self._looks += 1
        for case in kept:
            held = table.get(case.ours(case.transport), {})
            missing = sum(prefix not in held for prefix in ALL.expected(case))
            self._missing[case] = self._missing.get(case, 0) + missing
        return table

    def _words(self) -> None:
        """Our own status says in plain words why there is no session, or not all of it; the stack has none either."""
        problems: dict[Case, str] = {}

        def settled() -> bool:
            for case, seen in self._statuses():
                told, wanted = seen["last_error"], established(type(self._stack), case)
                right = told == _told(type(self._stack), case) and (seen["state"] == "Established") is wanted
                problems[case] = "" if right else f"our status says {seen['state']}, {told!r}"
            return not any(problems.values())

        _wait(settled, problems)
        for case, problem in problems.items():
            told = why_not(type(self._stack), case) != NOT_FOUND
            refused = case.refused and told and self._stack.session(case.ours(case.transport)).established
            for cell in [cell for cell in self._problems if cell.case == case]:
                self._add(cell, problem or ("it has a session in spite of different passwords" if refused else ""))

    def _statuses(self) -> Iterator[tuple[Case, dict[str, Any]]]:
        seen = {restarted: link.ask("status")["status"]["sessions"] for restarted, link in self._links.items()}
        for case in self._sessions:
            yield case, seen[case.tried == RESTART][case.name]


def _wait(settled: Callable[[], bool], problems: Mapping[Case, str], pause: float = 0.2) -> None:
    """Until everything is settled, or it has not come closer to that for long."""
    least, since = -1, time.monotonic()
    while not settled():
        count = sum(map(bool, problems.values()))
        if not 0 <= least <= count:
            least, since = count, time.monotonic()
        if time.monotonic() - since > WAIT:
            return
        time.sleep(pause)


def _told(stack: type[Stack], case: Case) -> str:
    """The words of our status on a session."""
    behind = f"%{case.interface}" if case.interface else ""
    where, hint = case.theirs(case.transport) + behind, "; is the TCP MD5 password the same on both sides?"
    if why_not(stack, case) == NOT_FOUND:
        return f"no router advertisement on {case.interface} yet"
    if case.refused and case.tried == DIALLED:
        return f"passive: waits for {where} to connect{hint}"
    if case.refused:
        return f"no answer from {where} port 179{hint}"
    if why_not(stack, case) == NOT_OFFERED:
        return "peer does not carry ipv4: activate it for us there, with an IPv6 next hop for IPv4 (RFC 8950)"
    return ""
