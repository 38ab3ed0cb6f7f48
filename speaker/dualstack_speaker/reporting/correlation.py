# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which events are written, and when: the same ones counted in one object, few about one object in a while. No I/O.

As client-go's recorder has it (`tools/record/events_cache.go`): repeats raise ``count``, 25 events about one object may
come at once and one more every five minutes. Left out on purpose: uniting events that differ in their message.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict, deque
from typing import Any, NamedTuple

from ..kube.kinds import KINDS
from .wording import timestamp

_KIND = KINDS["Event"]
NORMAL, WARNING = "Normal", "Warning"
BURST, REFILL = 25, 300.0  # events about one object at once, and seconds until there may be one more
REPEAT = 10.0  # seconds between two writes of the count of one event
MOST_WAITING = 2000  # events that wait for their turn; Warnings may be twice as many
MOST_KNOWN = 4096  # events that are remembered, so that repeats of them are counted
_LONGEST_NAME = 253  # octets of an object's name (RFC 1123 subdomain)
_LONGEST_MESSAGE = 1024  # characters (`pkg/apis/core/validation/events.go`)


class Reference(NamedTuple):
    """The object that an event is about. ``uid`` may be empty: ``kubectl describe`` then goes by the name."""

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str = ""


class Occasion(NamedTuple):
    """What there is to say. ``common``: every node would say the same, so one of them is enough."""

    about: Reference
    type: str
    reason: str
    message: str
    common: bool = False


class Request(NamedTuple):
    """A write: ``path`` below the API server's address, ``patch`` or a new object."""

    path: str
    body: dict[str, Any]
    patch: bool


class _Event:
    """One object of the kind Event. Times: wall clock, but for ``written`` (monotonic)."""

    def __init__(self, name: str, wall: float) -> None:
        self.name = name
        self.first = self.last = wall
        self.count = 0
        self.told = 0  # the count in the last request
        self.created = False
        self.written = float("-inf")
        self.waiting = False


class _Bucket(NamedTuple):
    tokens: float
    at: float


class EventBook:
    """Events of a component on a host. ``now`` is monotonic, ``wall`` is the time of day, both in seconds."""

    def __init__(self, component: str, host: str) -> None:
        self._component = component
        self._host = host
        self._known: OrderedDict[Occasion, _Event] = OrderedDict()
        self._queues: dict[str, deque[Occasion]] = {WARNING: deque(), NORMAL: deque()}  # in this order
        self._repeats: OrderedDict[Occasion, float] = OrderedDict()  # due when; in this order, REPEAT being constant
        self._buckets: OrderedDict[Reference, _Bucket] = OrderedDict()
        self.dropped = 0

    def record(self, occasion: Occasion, now: float, wall: float) -> None:
        """Something happened."""
        event = self._known.get(occasion)
        if event is None:
            most = MOST_WAITING if occasion.type == NORMAL else 2 * MOST_WAITING
            if sum(map(len, self._queues.values())) >= most or not self._allowed(occasion.about, now):
                self.dropped += 1
                return
            event = self._known[occasion] = _Event(_name(occasion, wall), wall)
        self._known.move_to_end(occasion)
        event.count += 1
        event.last = wall
        if not event.waiting:
            event.waiting = True
            if now - event.written >= REPEAT:
                self._queues[occasion.type].append(occasion)
            else:
                self._repeats[occasion] = event.written + REPEAT
        while len(self._known) > MOST_KNOWN and not next(iter(self._known.values())).waiting:
            self._known.popitem(last=False)

    def next(self, now: float) -> Occasion | None:
        """The event to write now, which stays the next one until ``done`` or ``refused``."""
        while self._repeats and next(iter(self._repeats.values())) <= now:
            repeat = self._repeats.popitem(last=False)[0]
            self._queues[repeat.type].append(repeat)
        return next((queue[0] for queue in self._queues.values() if queue), None)

    @property
    def due(self) -> float | None:
        """When the next repeat is to be written; None: no repeat waits."""
        return next(iter(self._repeats.values()), None)

    def request(self, occasion: Occasion) -> Request:
        """How to write it."""
        event, about = self._known[occasion], occasion.about
        event.told = event.count
        namespace = about.namespace or "default"
        last = timestamp(event.last)
        if event.created:
            return Request(_KIND.path(namespace, event.name), {"count": event.count, "lastTimestamp": last}, True)
        involved = {
            "apiVersion": about.api_version,
            "kind": about.kind,
            "namespace": about.namespace,
            "name": about.name,
            "uid": about.uid,
        }
        body = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": event.name, "namespace": namespace},
            "involvedObject": {key: text for key, text in involved.items() if text},
            "type": occasion.type,
            "reason": occasion.reason,
            "message": occasion.message[:_LONGEST_MESSAGE],
            "source": {"component": self._component, "host": self._host},
            "reportingComponent": self._component,
            "reportingInstance": self._host,
            "firstTimestamp": timestamp(event.first),
            "lastTimestamp": last,
            "count": event.count,
        }
        return Request(_KIND.path(namespace), body, False)

    def done(self, occasion: Occasion, now: float) -> None:
        """It is written. What happened again since the request is a repeat."""
        event = self._take(occasion)
        event.created, event.written = True, now
        if event.count > event.told:
            event.waiting = True
            self._repeats[occasion] = now + REPEAT

    def refused(self, occasion: Occasion, gone: bool) -> None:
        """The API server does not want it; ``gone``: the object is no more (events live for an hour): made anew."""
        event = self._take(occasion)
        if gone and event.created:
            event.created, event.waiting = False, True
            self._queues[occasion.type].append(occasion)
        else:
            del self._known[occasion]

    def _take(self, occasion: Occasion) -> _Event:
        self._queues[occasion.type].remove(occasion)
        event = self._known[occasion]
        event.waiting = False
        return event

    def _allowed(self, about: Reference, now: float) -> bool:
        bucket = self._buckets.pop(about, _Bucket(BURST, now))
        tokens = min(float(BURST), bucket.tokens + (now - bucket.at) / REFILL)
        self._buckets[about] = _Bucket(tokens - 1 if tokens >= 1 else tokens, now)
        if len(self._buckets) > MOST_KNOWN:
            self._buckets.popitem(last=False)
        return tokens >= 1


def _name(occasion: Occasion, wall: float) -> str:
    """client-go's ``OBJECT.TIME``; of a common event, a name that every node comes to."""
    end = f".{int(wall * 1e9):016x}"
    if occasion.common:
        end = "." + hashlib.sha256("\0".join(map(str, (*occasion.about, *occasion[1:4]))).encode()).hexdigest()[:16]
    return occasion.about.name[: _LONGEST_NAME - len(end)].rstrip("-.") + end
