# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A thread that follows the objects of one query: list, watch from where the list stood, list again when it must.

Rules: Kubernetes API concepts, "Efficient detection of changes": pages (``limit``, ``continue``), bookmarks, 410 Gone.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlencode

from ..base.backoff import Backoff, jittered
from .client import Client, read_answer, status_error
from .connection import reason
from .decoding import decode
from .errors import ApiError, SettingsError
from .inbox import Inbox, Stopped
from .query import Query

Object = dict[str, Any]

SLICE = 50  # objects that the loop takes over at once
LONGEST_LINE = 16 * 2**20  # octets; etcd holds objects of 1.5 MiB
_PIECE = 1 << 16
_GONE = 410


class Trouble(NamedTuple):
    """Why a query is not followed. ``status``: of the server's refusal, 0: no (whole) answer; ``since``: Unix time."""

    status: int
    reason: str
    since: float


class Receiver(Protocol):
    """Whom the thread tells, always in the loop and in this order of things."""

    def listing(self) -> None:
        """A list begins; ``put`` and, unless it fails, ``listed`` follow."""

    def put(self, objects: list[Object]) -> None:
        """Objects that are there."""

    def listed(self, keys: set[tuple[str, str]], version: str, asked: float) -> None:
        """The list is whole: namespaces and names of all, its resourceVersion, when it was asked for (monotonic)."""

    def following(self) -> None:
        """The watch is open: nothing is missed from here on."""

    def changed(self, events: list[tuple[bool, Object]], version: str) -> None:
        """Objects that are there (True) or gone, in order, and how far the watch has come."""

    def failed(self, trouble: Trouble) -> None:
        """It is not followed for now; it is tried again."""


class Timing(NamedTuple):
    """Seconds. ``silence``: after which a watch is opened anew (servers send bookmarks once a minute).

    ``absence``: after which a server that is back is asked for a list: it tells at once how all things stand, where a
    watch would tell one change after the other.
    """

    answer: float = 30.0
    watch: float = 480.0
    silence: float = 90.0
    absence: float = 5.0
    first: float = 0.2
    ceiling: float = 30.0
    page: int = 250  # objects: a page is memory that a process keeps for ever


class Reflector(threading.Thread):
    """``jitter``: a number in [0, 1) on every call."""

    def __init__(
        self,
        client: Client,
        query: Query,
        receiver: Receiver,
        inbox: Inbox,
        jitter: Callable[[], float],
        timing: Timing,
    ) -> None:
        super().__init__(name=f"kube-{query.where.plural}", daemon=True)
        self._client = client
        self._query = query
        self._receiver = receiver
        self._inbox = inbox
        self._jitter = jitter
        self._timing = timing
        self._connection = client.connection()
        self._backoff = Backoff(timing.first, timing.ceiling)
        self._version = ""
        self._selecting = True
        self._paging = True
        self._wanted = self._done = 0  # how often a new list was asked for, and that of the last one
        self._since = 0.0  # the time of day, for people
        self._failing = 0.0
        self._spared = False  # whether the failure of what had been good has had its immediate second try
        self._wake = threading.Event()
        self._stopping = False

    def stop(self) -> None:
        """From the loop: end soon."""
        self._stopping = True
        self._wake.set()
        self._connection.interrupt()

    def wake(self) -> None:
        """From the loop: whatever is waited for, try now."""
        self._wake.set()

    def refresh(self) -> None:
        """From the loop: list again."""
        self._wanted += 1
        self._wake.set()
        self._connection.interrupt()

    def run(self) -> None:
        try:
            while not self._stopping:
                self._step()
        except Stopped:
            pass
        finally:
            self._connection.close()

    def _step(self) -> None:
        try:
            absent = self._since and time.monotonic() - self._failing > self._timing.absence
            if not self._version or self._done != self._wanted or absent:
                self._list()
            self._watch()
        except ApiError as error:
            self._refused(error)
        except (OSError, http.client.HTTPException, SettingsError) as error:
            self._connection.close(abort=True)
            self._failed(Trouble(0, reason(error), 0), None)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self._connection.close(abort=True)
            self._failed(Trouble(0, f"what it says can't be read: {reason(error)}", 0), None)

    def _refused(self, error: ApiError) -> None:
        if error.status == _GONE and self._version:
            self._version = ""  # what we know is too old for a watch: list
            return
        if error.status == _GONE and self._paging:
            self._paging = False  # the pages took too long: all at once
            return
        if error.status == http.client.BAD_REQUEST and self._selecting and self._query.field_selector:
            self._selecting = False  # an older server; what comes is selected here
            return
        if error.status == http.client.UNAUTHORIZED:
            self._client.access.forget()
            self._connection.close()
        self._failed(Trouble(error.status, error.message, 0), error.retry_after)

    def _failed(self, trouble: Trouble, pause: float | None) -> None:
        """Waits, unless it is the first failure since all was well."""
        if self._stopping:
            return
        if trouble.status in (0, http.client.UNAUTHORIZED) and not self._spared and not self._since:
            self._spared = True
            return
        if not self._since:
            self._since, self._failing = time.time(), time.monotonic()
        self._inbox.post(0, self._receiver.failed, trouble._replace(since=self._since))
        delay = self._backoff.delay(self._jitter())
        self._wait(delay if pause is None else min(pause, self._timing.ceiling) + delay)

    def _wait(self, seconds: float) -> None:
        self._wake.wait(seconds)
        self._wake.clear()

    def _ask(self, parameters: dict[str, str]) -> tuple[http.client.HTTPResponse, float]:
        deadline = time.monotonic() + self._timing.answer
        target = f"{self._query.path}?{urlencode({**self._query.parameters(self._selecting), **parameters})}"
        return self._connection.ask("GET", target, None, self._client.headers(), deadline), deadline

    def _list(self) -> None:
        asked, wanted = time.monotonic(), self._wanted
        self._inbox.post(0, self._receiver.listing)
        keys: set[tuple[str, str]] = set()
        following = {"limit": str(self._timing.page)} if self._paging else {}
        while True:
            answer = read_answer(self._connection, *self._ask(following))
            metadata = answer["metadata"]
            version, more = str(metadata["resourceVersion"]), metadata.get("continue")
            items = self._take(answer.pop("items", None) or [])
            keys.update(map(_key, items))
            items.reverse()
            while items:  # what the loop has taken over is free before the rest is
                some = items[: -SLICE - 1 : -1]
                del items[-SLICE:]
                self._inbox.post(len(some), self._receiver.put, some)
            del answer
            if not more:
                break
            following["continue"] = more
        self._version, self._paging, self._done, self._since = version, True, wanted, 0.0
        self._inbox.post(0, self._receiver.listed, keys, version, asked)

    def _watch(self) -> None:
        began = time.monotonic()
        parameters = {
            "watch": "1",
            "resourceVersion": self._version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(max(1, round(jittered(self._timing.watch, self._jitter())))),
        }
        response, deadline = self._ask(parameters)
        if response.status >= 300:
            read_answer(self._connection, response, deadline)
        self._connection.patience(self._timing.silence)
        self._since = 0.0
        self._inbox.post(0, self._receiver.following)
        useful = False
        try:
            for lines in _lines(response):
                useful = True
                self._events(lines)
        finally:
            if useful or time.monotonic() - began > 1.0:
                self._spared = False
                self._backoff.forget()
        if not useful and time.monotonic() - began < 1.0:
            self._wait(self._backoff.delay(self._jitter()))  # a server that ends every watch at once is not hurried

    def _events(self, lines: list[bytes]) -> None:
        events: list[tuple[bool, Object]] = []
        try:
            for line in lines:
                event = decode(line)
                kind, given = event["type"], event["object"]
                if kind == "ERROR":
                    self._connection.close()
                    raise status_error(given)
                version = str(given["metadata"]["resourceVersion"])
                if kind != "BOOKMARK":
                    self._strip(given)
                    there = kind != "DELETED" and (self._selecting or self._query.accepts(given))
                    events.append((there, given))
                self._version = version
        finally:
            self._inbox.post(len(events), self._receiver.changed, events, self._version)

    def _take(self, items: list[Object]) -> list[Object]:
        for given in items:
            self._strip(given)
        return items if self._selecting else [given for given in items if self._query.accepts(given)]

    def _strip(self, given: Object) -> None:
        """What lists leave out is added, what nobody reads goes. Raises ValueError for an object without a name."""
        if not all(isinstance(text, str) for text in _key(given)):
            raise ValueError("an object has no name")
        given["apiVersion"], given["kind"] = self._query.where.api_version, self._query.kind
        given["metadata"].pop("managedFields", None)


def _key(given: Object) -> tuple[str, str]:
    metadata = given["metadata"]
    return metadata.get("namespace") or "", metadata["name"]


def _lines(response: http.client.HTTPResponse) -> Iterator[list[bytes]]:
    """The lines of a stream as they arrive. Raises ValueError for half a line at its end and for one without end."""
    rest = b""
    while piece := response.read1(_PIECE):
        whole, newline, piece = piece.rpartition(b"\n")
        if newline:
            lines = [line for line in (rest + whole).split(b"\n") if line.strip()]
            rest = piece
            if lines:
                yield lines
        else:
            rest += piece
        if len(rest) > LONGEST_LINE:
            raise ValueError("a line of a watch has no end")
    if rest.strip():
        raise ValueError("a watch ended within a line")
