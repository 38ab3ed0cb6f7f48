# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which events are written, and when."""

from __future__ import annotations

import random

import pytest

from dualstack_speaker.reporting import correlation
from dualstack_speaker.reporting.correlation import (
    BURST,
    NORMAL,
    REFILL,
    REPEAT,
    WARNING,
    EventBook,
    Occasion,
    Reference,
)
from dualstack_speaker.reporting.wording import timestamp

WALL = 1_700_000_000.0  # 2023-11-14T22:13:20Z
SERVICE = Reference("v1", "Service", "default", "web", "u-1")


def occasion(text: str = "assigned", about: Reference = SERVICE, common: bool = False) -> Occasion:
    return Occasion(about, NORMAL, "IPAllocated", text, common)


def drain(book: EventBook, now: float) -> list[correlation.Request]:
    """Writes everything that is due."""
    found = []
    while (next_one := book.next(now)) is not None:
        found.append(book.request(next_one))
        book.done(next_one, now)
    return found


def test_an_event_has_what_kubectl_describe_shows() -> None:
    """MetalLB 2: events of the Service with its reasons, source metallb-controller or metallb-speaker."""
    book = EventBook("metallb-speaker", "node1")
    book.record(occasion("192.0.2.1 and 2001:db8::1"), 0.0, WALL)
    (request,) = drain(book, 0.0)
    assert (request.path, request.patch) == ("/api/v1/namespaces/default/events", False)
    body = request.body
    assert body["metadata"]["name"].startswith("web.") and body["metadata"]["namespace"] == "default"
    assert body["involvedObject"] == {
        "apiVersion": "v1", "kind": "Service", "namespace": "default", "name": "web", "uid": "u-1"
    }  # fmt: skip
    assert body["source"] == {"component": "metallb-speaker", "host": "node1"}
    assert (body["type"], body["reason"], body["count"]) == ("Normal", "IPAllocated", 1)
    assert body["firstTimestamp"] == body["lastTimestamp"] == "2023-11-14T22:13:20Z"


def test_the_same_again_raises_the_count_of_one_object_at_most_every_ten_seconds() -> None:
    """MetalLB 13.3: an event more with every reconcile; here one object with a count."""
    book = EventBook("metallb-controller", "node1")
    for second in range(15):
        book.record(occasion(), float(second), WALL + second)
        writes = drain(book, float(second))
        assert len(writes) == (second in (0, REPEAT))
    assert book.due == 2 * REPEAT
    (last,) = drain(book, 2 * REPEAT)
    assert last.patch and last.body == {"count": 15, "lastTimestamp": "2023-11-14T22:13:34Z"}


@pytest.mark.parametrize("patch", [False, True], ids=["create", "patch"])
def test_what_happens_again_while_its_event_is_being_written_is_counted_by_the_next_write(patch: bool) -> None:
    book = EventBook("metallb-speaker", "node1")
    book.record(occasion(), 0.0, WALL)
    if patch:
        drain(book, 0.0)
        book.record(occasion(), REPEAT, WALL + REPEAT)
    one = book.next(REPEAT)
    assert one is not None
    request = book.request(one)
    assert (request.patch, request.body["count"]) == (patch, 1 + patch)
    book.record(occasion(), REPEAT + 1, WALL + REPEAT + 1)
    book.record(occasion(), REPEAT + 2, WALL + REPEAT + 2)
    book.done(one, REPEAT + 3)
    assert (book.next(REPEAT + 3), book.due) == (None, 2 * REPEAT + 3)
    (last,) = drain(book, 2 * REPEAT + 3)
    assert last.patch and last.body == {"count": 3 + patch, "lastTimestamp": timestamp(WALL + REPEAT + 2)}
    assert (book.next(9 * REPEAT), book.due) == (None, None)


def test_warnings_are_written_first() -> None:
    book = EventBook("metallb-controller", "node1")
    warning = Occasion(SERVICE, WARNING, "AllocationFailed", "no address is left")
    for one in (occasion("first"), occasion("second"), warning):
        book.record(one, 0.0, WALL)
    assert [request.body["type"] for request in drain(book, 0.0)] == [WARNING, NORMAL, NORMAL]


def test_one_object_can_not_flood_and_harms_no_other() -> None:
    book = EventBook("metallb-speaker", "node1")
    for number in range(200):
        book.record(occasion(f"text {number}"), 0.0, WALL)
    assert len(drain(book, 0.0)) == BURST and book.dropped == 200 - BURST
    book.record(occasion(about=SERVICE._replace(name="other")), 0.0, WALL)
    assert len(drain(book, 0.0)) == 1
    book.record(occasion("later"), REFILL, WALL)
    assert len(drain(book, REFILL)) == 1


def test_too_many_are_dropped_warnings_last() -> None:
    book = EventBook("metallb-speaker", "node1")
    for number in range(correlation.MOST_WAITING + 10):
        book.record(occasion(about=SERVICE._replace(name=f"web{number}")), 0.0, WALL)
    assert book.dropped == 10
    book.record(Occasion(SERVICE, WARNING, "AllocationFailed", "no address is left"), 0.0, WALL)
    assert book.dropped == 10


def test_an_event_that_the_server_has_forgotten_is_made_anew() -> None:
    """Events live for an hour (kube-apiserver --event-ttl)."""
    book = EventBook("metallb-speaker", "node1")
    book.record(occasion(), 0.0, WALL)
    drain(book, 0.0)
    book.record(occasion(), REPEAT, WALL + REPEAT)
    repeat = book.next(REPEAT)
    assert repeat is not None and book.request(repeat).patch
    book.refused(repeat, gone=True)
    (again,) = drain(book, REPEAT)
    assert not again.patch and again.body["count"] == 2


def test_what_the_server_refuses_is_not_tried_again() -> None:
    book = EventBook("metallb-speaker", "node1")
    book.record(occasion(), 0.0, WALL)
    first = book.next(0.0)
    assert first is not None
    book.refused(first, gone=True)  # of a namespace that is gone: nothing was made before
    assert book.next(10 * REPEAT) is None


@pytest.mark.parametrize("name", ["web", "a" * 253, "x.y-z"])
def test_all_nodes_give_a_common_event_one_name_and_names_are_never_too_long(name: str) -> None:
    about = Reference("metallb.io/v1beta2", "BGPPeer", "metallb-system", name)
    names = []
    for host in ("node1", "node2"):
        for common in (True, False):
            book = EventBook("metallb-speaker", host)
            book.record(occasion(about=about, common=common), 0.0, WALL + len(names))
            names.append(drain(book, 0.0)[0].body["metadata"]["name"])
    assert names[0] == names[2] and len(set(names)) == 3
    assert all(len(text) <= 253 for text in names)


def test_events_of_nodes_stand_in_the_namespace_default() -> None:
    book = EventBook("metallb-speaker", "node1")
    book.record(occasion(about=Reference("v1", "Node", "", "node1")), 0.0, WALL)
    (request,) = drain(book, 0.0)
    assert request.path == "/api/v1/namespaces/default/events" and "namespace" not in request.body["involvedObject"]


def test_any_history_keeps_what_is_known_small_and_loses_no_count() -> None:
    chance = random.Random("events")
    book = EventBook("metallb-speaker", "node1")
    now = 0.0
    said: dict[Occasion, int] = {}
    for _unused in range(20_000):
        now += chance.random()
        what = occasion(f"text {chance.randrange(3)}", SERVICE._replace(name=f"web{chance.randrange(100)}"))
        before = book.dropped
        book.record(what, now, WALL + now)
        said[what] = said.get(what, 0) + (book.dropped == before)
        if chance.random() < 0.3:
            drain(book, now)
    counts = {request.body["count"] for request in drain(book, now + 2 * REPEAT)}
    assert counts and max(counts) <= max(said.values())
    assert book.due is None
