# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the controller and their wiring: when this process begins to act, and what it does then.

It acts while it holds the Lease, and only once it knows everything that was written before it got it: Services are
listed anew, unless they were listed since, or the holder before noted its last write and that was seen by now.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import time
from collections.abc import Sequence
from typing import Any

from dualstack.findings import Finding

from ..kube.access import Access
from ..kube.client import Client
from ..kube.query import Query
from ..kube.renewal import Renewal
from ..observe.logs import Log
from ..reporting.conditions import CONTROLLER_VALID, Condition, alone, validity
from ..reporting.configuration_state import ConfigurationState
from ..reporting.correlation import Occasion, Reference
from ..reporting.events import Recorder
from ..reporting.finding_log import FindingLog
from ..reporting.pace import Pace
from ..sources.kubernetes import KubernetesSource, Watched
from .config import Config
from .counters import Counters
from .fenced import Fenced
from .heart import OTHERS_FOR, POOL, SERVICE, Heart, News
from .holding import Holding
from .identity import Identity
from .lease import Candidate
from .sweep import sweep
from .writer import WORKERS, Writer

COMPONENT = "metallb-controller"  # the source of events, as MetalLB has it
GRACE = 0.3  # seconds in which the last write of the holder before may still arrive by itself
FLUSH = 1.0  # seconds that events which still wait may take at an end in order
REPORT = 0.2  # seconds that findings may change before they are told


class Process:
    """``start`` returns the tasks of which none may end. To be made in the loop. Raises OSError."""

    def __init__(self, config: Config, log: Log) -> None:
        self.config = config
        self.log = log
        self._identity = Identity(config.identity, os.path.dirname(config.status_socket))
        self.candidate = Candidate(self._identity.name, config.lease, config.namespace, config.timing)
        self.candidate.predecessor = self._identity.predecessor
        self.heart = Heart(config.load_balancer_class, config.rest)
        self._client = Client(Access(config.kubeconfig))
        place = (config.namespace, config.lease)
        self.holding = Holding(self._client, self.candidate, place, log, self._advance)
        self._fenced = Fenced(self._client, self.holding.remaining, WORKERS)
        self.writer = Writer(self._fenced, self.heart, self._tell, log)
        self._pace = Pace()
        self.recorder = Recorder(self._client, COMPONENT, config.identity, log, self._pace)
        self.source = KubernetesSource(self._client, random.random, self._advance)
        self._lease_source = KubernetesSource(self._client, random.random, lambda: None)
        self._counters = Counters(self._fenced, self.heart, config.namespace, log)
        self._finding_log = FindingLog(log)
        self.watched: dict[str, Watched] = {}
        self._term = 0  # the term in which this process acts; 0: none
        self._asked = 0  # the term for which Services were asked for anew
        self._listing_after = 0.0  # monotonic; what was listed before is not whole any more
        self._of_term: list[asyncio.Future[Any]] = []
        self._report: asyncio.TimerHandle | None = None
        self._looked = float("-inf")  # when it was last planned to look whether other writers are gone

    @property
    def listed(self) -> bool:
        """Whether everything was listed that decisions need."""
        return len(self.watched) == 3 and all(watched.listed_at > 0 for watched in self.watched.values())

    async def start(self) -> Sequence[asyncio.Future[Any]]:
        """Begins. The Lease comes first, so that of two lists of many Services one can be spared."""
        namespace = self.config.namespace
        for _unused in range(2):
            if not self.holding.leading:
                await self.holding.turn()
        self._lease_source.watch(Query("Lease", namespace, self.config.lease), self.holding)
        for query in (
            Query(POOL, namespace),
            Query("Namespace"),
            Query(SERVICE, field_selector="spec.type=LoadBalancer"),
        ):
            self.watched[query.kind] = self.source.watch(query, self.heart)
        renewal = Renewal(self._client, random.random)
        work = (self.holding.run(), self.recorder.run(), self._counters.run(), renewal.run())
        return [asyncio.ensure_future(task) for task in work]

    async def stop(self) -> None:
        """Ends: no more writes, then the Lease is given away, unless a write is under way of which nobody knows."""
        await self.writer.quiet()
        if self.writer.sure and self._term:
            await self.holding.release(str(self.heart.newest))
        self._end()
        await self.recorder.flush(FLUSH)
        await asyncio.gather(self.source.close(), self._lease_source.close())
        self._client.close()
        for part in (self.holding, self._fenced, self._identity):
            part.close()

    def findings(self) -> list[Finding]:
        """Everything that is wrong with the configuration and with what may be seen of it."""
        found = [*self.source.findings(), *self._lease_source.findings(), *self.heart.findings()]
        return list(dict.fromkeys(found))  # both sources tell of a server that is away

    def _advance(self) -> None:
        """Something has come, or the Lease has changed hands."""
        candidate, leading = self.candidate, self.holding.leading
        if self._term and (self._term != candidate.term or candidate.holder != candidate.identity):
            self._end()
        if self._term and leading != self.heart.acting:
            self._go_on() if leading else self._pause()
        if leading and not self._term and self.listed and self._fresh():
            self._begin()
        self.writer.pump()
        self._counters.changed()
        if self._report is None:
            self._report = asyncio.get_running_loop().call_later(REPORT, self._tell_findings)

    def _fresh(self) -> bool:
        """Whether all Services are known as they were when the term began; if not, they are asked for."""
        services, since = self.watched[SERVICE], self.holding.since
        if services.listed_at >= since:
            return True
        inherited = self.candidate.inherited
        whole = services.listed_at > self._listing_after and inherited.isdigit()
        if whole and self.heart.newest >= int(inherited):
            return True
        if self._asked != self.candidate.term:
            self._asked = self.candidate.term
            asyncio.get_running_loop().call_later(GRACE if whole else 0.0, self._ask, self.candidate.term)
        return False

    def _ask(self, term: int) -> None:
        if self.holding.leading and self.candidate.term == term != self._term:
            self.watched[SERVICE].refresh()

    def _begin(self) -> None:
        self._term = self.candidate.term
        self.heart.begin()
        labels = {"metallb.io/component-type": "controller"}
        self._state = ConfigurationState(self._client, self.config.namespace, "controller", labels, self.log)
        self._state.want(self._conditions())
        self._of_term = [asyncio.ensure_future(self._state.run()), asyncio.ensure_future(self._sweep())]
        gc.freeze()  # thousands of Services live long: no search for garbage looks at them from now on
        self.log.write("info", "begins to act", {"term": self._term, "services": self.heart.services()[0]})

    def _pause(self) -> None:
        self.heart.interrupt()
        self.log.write("warning", "the Lease was not renewed in time", {"reason": self.holding.problem or "too slow"})

    def _go_on(self) -> None:
        self.heart.begin()
        self.log.write("info", "the Lease is renewed", {"term": self._term})

    def _end(self) -> None:
        """Also what is known of Services goes, as decisions of this process are mixed with it."""
        if not self._term:
            return
        self._term = 0
        for task in self._of_term:
            task.cancel()
        self.heart.end()
        self.writer.forget()
        self._listing_after = asyncio.get_running_loop().time()
        self.watched[SERVICE].refresh()
        self.log.write("info", "ceases to act", {"holder": self.candidate.holder or None})

    async def _sweep(self) -> None:
        await sweep(self._fenced, self.heart)
        self.writer.pump()

    def _tell(self, news: list[News]) -> None:
        if news:
            self._pace.changing()
        for key, uid, event in news:
            namespace, _slash, name = key.partition("/")
            about = Reference("v1", SERVICE, namespace, name, uid)
            self.recorder.say(Occasion(about, event.type, event.reason, event.message))

    def _tell_findings(self) -> None:
        self._report = None
        services = self.heart.findings_of_services().values()
        self._finding_log.tell([*self.findings(), *(finding for single in services for finding in single)])
        if self._term:
            self._state.want(self._conditions())

    def _conditions(self) -> list[Condition]:
        now = time.monotonic()
        others = self.heart.others(now)
        if others and now - self._looked >= OTHERS_FOR / 2:  # it has to end by itself
            self._looked = now
            asyncio.get_running_loop().call_later(OTHERS_FOR, self._tell_findings)
        return [validity(CONTROLLER_VALID, self.findings()), alone(others)]
