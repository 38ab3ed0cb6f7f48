# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resources from the API server: queries that are listed and watched, each of which feeds a sink.

What is not in a new list is dropped; while the API server is away nothing is. Whoever follows is told once per batch,
and after an absence once for all queries, so that nobody decides on half of what has changed meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from dualstack.findings import Finding
from dualstack.resources.collection import UnnamedObject
from dualstack.resources.model import Key

from ..kube.client import Client
from ..kube.errors import SettingsError
from ..kube.inbox import Inbox
from ..kube.memory import give_back
from ..kube.query import Query
from ..kube.reflector import Object, Reflector, Timing, Trouble
from . import kubernetes_findings as words
from .sink import Sink

PATIENCE = 10.0  # seconds that a batch waits for queries which are still being caught up
ENDING = 2.0  # seconds that threads get to end
LARGE = 1000  # objects of a list, after which memory is given back …
REST = 1.0  # … so many seconds later

TIMING = Timing()

NOT_FOUND = 404


class Watched:
    """One query and what became of it. Its methods are called in the loop."""

    def __init__(self, query: Query, sink: Sink, progress: Callable[[Watched], None], needed: bool) -> None:
        self.query = query
        self.needed = needed  # whether nothing can be said of the cluster before it was listed
        self.trouble: Trouble | None = None
        self.loaded = False
        self.catching_up = False
        self.listed_at = 0.0  # monotonic; when the list in force was asked for
        self.version = ""  # the resourceVersion up to which everything was seen
        self.changes = 0  # puts and drops by which something changed
        self.events = 0  # objects that came
        self.listed_objects = 0  # of the list that was read last
        self.refresh: Callable[[], None] = lambda: None
        self.wake: Callable[[], None] = lambda: None
        self._sink = sink
        self._progress = progress
        self._known: set[tuple[str, str]] = set()
        self._unread: dict[str, str] = {}
        self._over = False

    @property
    def absent(self) -> bool:
        """Whether the API server does not know the kind."""
        return self.trouble is not None and self.trouble.status == NOT_FOUND

    @property
    def away(self) -> bool:
        """Whether the API server does not answer."""
        return self.trouble is not None and self.trouble.status == 0

    def listing(self) -> None:
        """See Receiver, as of all that follows."""
        self.catching_up = True

    def put(self, objects: list[Object]) -> None:
        for given in objects:
            self._take(True, given)

    def listed(self, keys: set[tuple[str, str]], version: str, asked: float) -> None:
        for gone in () if self._over else sorted(self._known - keys):
            self._drop(gone)
        self.loaded = True
        self.listed_at, self.version, self.listed_objects = asked, version, len(keys)
        self._well()

    def following(self) -> None:
        self._well()

    def changed(self, events: list[tuple[bool, Object]], version: str) -> None:
        for there, given in events:
            self._take(there, given)
        self.version = version

    def failed(self, trouble: Trouble) -> None:
        if self._over:
            return
        self.trouble = trouble
        self.catching_up = False
        self.loaded = self.loaded or self.absent
        self._progress(self)

    def forget(self) -> None:
        """Drops everything, and passes over what may still come: nobody follows the query any more."""
        self._over = True
        for gone in sorted(self._known):
            self._drop(gone)

    def findings(self) -> list[Finding]:
        """Objects that have no name, which an API server never has."""
        return [words.unnamed(self.query, place, reason) for place, reason in sorted(self._unread.items())]

    def _well(self) -> None:
        if self._over:
            return
        self.trouble = None
        self.catching_up = False
        self._progress(self)

    def _take(self, there: bool, given: Object) -> None:
        if self._over:
            return
        self.events += 1
        metadata = given["metadata"]
        key = (metadata.get("namespace") or "", metadata["name"])
        if not there:
            self._drop(key)
            return
        try:
            changed = self._sink.put(given)
        except UnnamedObject as error:
            self._unread["/".join(map(str, key))] = str(error)
            return
        self._known.add(key)
        self.changes += changed

    def _drop(self, key: tuple[str, str]) -> None:
        self._known.discard(key)
        self.changes += self._sink.drop(Key(self.query.kind, *key))


class KubernetesSource:
    """``done`` is called in the loop after a batch that changed anything, findings included, and after a new list.

    ``jitter``: a number in [0, 1) on every call. To be made in the loop.
    """

    def __init__(
        self,
        client: Client,
        jitter: Callable[[], float],
        done: Callable[[], None],
        timing: Timing = TIMING,
    ) -> None:
        self._client = client
        self._jitter = jitter
        self._done = done
        self._timing = timing
        self._inbox = Inbox(asyncio.get_running_loop(), self._drained)
        self._following: dict[Query, tuple[Watched, Reflector]] = {}
        self._told: tuple[object, ...] = ()
        self._loaded = False
        self._waiting_since: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._giving_back: asyncio.TimerHandle | None = None

    def watch(self, query: Query, sink: Sink, needed: bool = True) -> Watched:
        """Follows a query from now on. The same query again is the same.

        ``needed``: False for one that another query's objects ask for. It is waited for like all others while it is
        listed, but when it is refused the source is loaded without it, whatever came first.
        """
        if query in self._following:
            return self._following[query][0]
        watched = Watched(query, sink, self._progressed, needed)
        reflector = Reflector(self._client, query, watched, self._inbox, self._jitter, self._timing)
        watched.refresh, watched.wake = reflector.refresh, reflector.wake
        watched.catching_up = True
        self._following[query] = watched, reflector
        reflector.start()
        return watched

    def unwatch(self, query: Query) -> None:
        """Follows a query no more, and drops what it has brought."""
        watched, reflector = self._following.pop(query)
        reflector.stop()
        watched.forget()

    def follows(self, query: Query) -> Watched | None:
        """What became of a query that is followed; None of one that is not."""
        return self._following[query][0] if query in self._following else None

    @property
    def watched(self) -> list[Watched]:
        """All queries, in the order in which they were begun."""
        return [watched for watched, _unused in self._following.values()]

    @property
    def loaded(self) -> bool:
        """Whether there was a moment at which every query that is needed had been listed, or nobody knew its kind."""
        if not self._loaded:
            needed = [watched.loaded for watched in self.watched if watched.needed]
            self._loaded = bool(needed) and all(needed)
        return self._loaded

    @property
    def settled(self) -> bool:
        """Whether nothing is worth waiting for; after PATIENCE nothing is."""
        return not self._holding()

    @property
    def lost(self) -> bool:
        """Whether something may be missing that was there before this process began."""
        return any(watched.absent or not watched.loaded for watched in self.watched)

    def findings(self) -> list[Finding]:
        """What is wrong with the API server, and with what we may see of it."""
        problem = self._client.access.problem
        troubles = [
            (watched.query, watched.trouble)
            for watched in self.watched
            if watched.trouble is not None and watched.trouble.reason != problem
        ]
        found = words.troubles(self._url(), troubles) if troubles else []
        if problem:
            found.append(words.credentials(problem))
        return found + [finding for watched in self.watched for finding in watched.findings()]

    async def close(self) -> None:
        """Ends the threads."""
        self._inbox.close()
        for timer in (self._timer, self._giving_back):
            if timer is not None:
                timer.cancel()
        threads = [reflector for _unused, reflector in self._following.values()]
        for thread in threads:
            thread.stop()
        deadline = time.monotonic() + ENDING
        for thread in threads:
            await asyncio.get_running_loop().run_in_executor(None, thread.join, max(0.0, deadline - time.monotonic()))

    def _url(self) -> str:
        try:
            return self._client.access.look()[1].url
        except SettingsError:
            return "the API server"

    def _progressed(self, watched: Watched) -> None:
        """One query has had an answer: whoever waits for the server tries again as well."""
        if watched.listed_objects > LARGE:
            watched.listed_objects = 0
            if self._giving_back is not None:
                self._giving_back.cancel()
            self._giving_back = asyncio.get_running_loop().call_later(REST, give_back)
        if not watched.away:
            for other in self.watched:
                if other.away:
                    other.wake()

    def _drained(self) -> None:
        if not self._holding():
            self._tell()

    def _holding(self) -> bool:
        """Whether it is better to wait: a list is under way, or only some have found the server again."""
        catching_up = away = 0
        for watched, _unused in self._following.values():
            catching_up += watched.catching_up
            away += watched.away
        if not catching_up and away in (0, len(self._following)):
            self._waiting_since = None
            return False
        now = time.monotonic()
        if self._waiting_since is None:
            self._waiting_since = now
        left = self._waiting_since + PATIENCE - now
        if left > 0 and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(left, self._waited)
        return left > 0

    def _waited(self) -> None:
        self._timer = None
        self._told = ()  # whoever was told that it is better to wait waits no longer
        self._drained()

    def _tell(self) -> None:
        state = (
            self.loaded,
            tuple((watched.changes, watched.loaded, watched.listed_at, watched.trouble) for watched in self.watched),
            self._client.access.problem,
        )
        if state != self._told:
            self._told = state
            self._done()
