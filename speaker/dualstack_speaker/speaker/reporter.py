# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells the cluster what this node does: status objects, conditions and events, late rather than often.

Only with a source that has an API server. Nothing here decides or holds back what is announced: it reads the decision
and the status of ``wire`` a while after something changed, in small pieces between which the loop does its work.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

from dualstack.announcing.announcements import LAYER2, Announcement
from dualstack.findings import Finding
from dualstack.resources.model import Resources

from ..kube.client import Client
from ..kube.query import Query
from ..observe.logs import Log
from ..reporting import occasions
from ..reporting.conditions import SPEAKER_VALID, of_wire, validity
from ..reporting.configuration_state import ConfigurationState
from ..reporting.events import Recorder
from ..reporting.keeper import Keeper
from ..reporting.ledger import BGP_STATUS, L2_STATUS, NODE
from ..reporting.pace import Pace
from ..reporting.sharing import Sharing
from ..reporting.told import NOTHING, Live, Told, disputes, live, told
from ..sources.kubernetes import KubernetesSource
from .agent import Agent
from .link_client import LinkClient
from .view import drain_of, session_list

SETTLE = 1.0  # seconds between a change and its report …
SHARE = 0.05  # … or more, so that reports take no more than this share of the time
LOOK = 30.0  # seconds after which everything is looked at though nothing seems to have changed
SILENCE = 30.0  # seconds without an answer of wire after which nothing counts as announced
AGAIN = 10.0  # seconds after which reports that failed begin anew
DARKNESS = 5.0  # seconds that nobody answers before it is told: nodes that begin listen first
UNREAD = 10.0  # seconds after which it is told that not everything could be read
FLUSH = 1.0  # seconds that events which still wait may take at an end in order
PIECE = 50  # Services between two turns of the loop


class Reporter:
    """``decided`` and ``news`` say that something changed; ``run`` tells it, for as long as it lives."""

    def __init__(self, client: Client, namespace: str, node: str, agent: Agent, link: LinkClient, log: Log) -> None:
        self._namespace = namespace
        self._node = node
        self._agent = agent
        self._link = link
        self._log = log
        self._pace = Pace()
        self._bgp = Keeper(client, namespace, BGP_STATUS, node, self._pace, log)
        self._layer2 = Keeper(client, namespace, L2_STATUS, node, self._pace, log)
        labels = {"metallb.io/component-type": "speaker", "metallb.io/node-name": node}
        self._state = ConfigurationState(client, namespace, f"speaker-{node}", labels, log)
        self._recorder = Recorder(client, occasions.COMPONENT, node, log, self._pace)
        self._changed = asyncio.Event()
        self._dirty: OrderedDict[str, None] = OrderedDict()
        self._known: dict[str, Told] = {}
        self._dark: dict[str, float] = {}  # Services that nobody answers for, since when (monotonic)
        self._share = Sharing()
        self._seen: Live | None = None
        self._made = self._answered = time.monotonic()
        self._said: set[Finding] = set()
        self._begun = False
        self._source = KubernetesSource(client, random.random, self.news)  # a missing right here holds nothing back
        own = f"{NODE}={node}"
        self._source.watch(Query(L2_STATUS.where.name, namespace), self._layer2)
        self._source.watch(Query(BGP_STATUS.where.name, namespace, label_selector=own), self._bgp)

    def decided(self, services: Iterable[str]) -> None:
        """The decision about these Services has changed."""
        dirty = dict.fromkeys(services)
        if dirty:
            self._pace.changing()
        self._dirty.update(dirty)
        self._changed.set()

    def news(self) -> None:
        """Something in ``wire`` or among the findings has changed."""
        self._changed.set()

    @property
    def counts(self) -> Mapping[str, int]:
        """What was written since the start, by kind, and the events that were left out."""
        return {
            "events": self._recorder.written,
            "events_left_out": self._recorder.dropped + self._recorder.refused,
            "ServiceBGPStatus": self._bgp.written,
            "ServiceL2Status": self._layer2.written,
        }

    async def flush(self) -> None:
        """Has ``run`` write the events that still wait, for a moment at most: before it is cancelled."""
        await self._recorder.flush(FLUSH)

    async def close(self) -> None:
        """Ends the watches. What stands there stays: ``wire`` goes on with it."""
        await self._source.close()

    async def run(self) -> None:
        """Never ends: a mistake in here is told, and ends no announcement."""
        while True:
            works = (self._watch(), self._recorder.run(), self._state.run(), self._bgp.run(), self._layer2.run())
            tasks = [asyncio.ensure_future(work) for work in works]
            try:
                await asyncio.gather(*tasks)
            except Exception as error:  # pylint: disable=broad-exception-caught
                self._log.write("error", "reports failed", {"reason": f"{type(error).__name__}: {error}"})
                self._seen = None  # every Service is looked at again
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.sleep(AGAIN)

    async def _watch(self) -> None:
        while True:
            self._changed.clear()
            begun = time.process_time()
            sure = await self._look() if self._agent.loaded and self._source.loaded else await self._unread()
            spent = time.process_time() - begun
            rest = max(SETTLE, spent / SHARE)
            if sure:
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), LOOK)
            await asyncio.sleep(rest)

    async def _unread(self) -> bool:
        """Tells what is missing once that has lasted: nothing is decided before."""
        owner = self._owner(self._agent.resources())
        if time.monotonic() - self._made >= UNREAD and owner is not None:
            wire = await self._link.status()
            findings = self._agent.findings()
            self._state.want([validity(SPEAKER_VALID, findings, self._agent.loaded), *of_wire(self._head(wire))], owner)
        return False

    async def _look(self) -> bool:
        """Whether nothing is on its way any more."""
        wire = await self._link.status()
        now = time.monotonic()
        if wire is not None:
            self._answered = now
        findings, resources = self._agent.findings(), self._agent.resources()
        owner = self._owner(resources)
        self._state.want([validity(SPEAKER_VALID, findings, self._agent.loaded), *of_wire(self._head(wire))], owner)
        for occasion in occasions.of_findings(findings, self._said, self._namespace):
            self._recorder.say(occasion)
        self._said = set(findings)
        if wire is None and now - self._answered < SILENCE:
            return False  # it is being restarted, or busy: what was true stays said
        seen = live(wire)
        if not self._begun:
            self._remember()
        if not seen.same(self._seen):
            self._dirty.update(dict.fromkeys([*self._known, *resources.services]))
        self._seen = seen
        sure = await self._services(seen, resources)
        self._begun = True
        for keeper in (self._bgp, self._layer2):
            keeper.wake(owner)
        return sure and drain_of(wire) != "told"  # it ends by itself

    async def _services(self, seen: Live, resources: Resources) -> bool:
        later = []
        dirty, self._dirty = self._dirty, OrderedDict()
        for number, key in enumerate(dirty):
            if number % PIECE == PIECE - 1:
                await asyncio.sleep(0)
            found = self._service(key, seen, resources)
            if found.unsure or self._dark.get(key, float("-inf")) > time.monotonic() - DARKNESS:
                later.append(key)
        self._dirty.update(dict.fromkeys(later))
        return not later

    def _service(self, key: str, seen: Live, resources: Resources) -> Told:
        before = self._known.get(key, NOTHING)
        entries = self._agent.decision.announcements.of(key)
        found = told(entries, self._node, self._taken_over(entries), seen, before.bgp)
        self._bgp.ledger.want(key, found.bgp)
        self._layer2.ledger.want(key, found.layer2)
        now = time.monotonic()
        since = self._dark.setdefault(key, now) if found.dark else self._dark.pop(key, now)
        service = resources.services.get(key)
        if service is not None:
            about = occasions.service_reference(key, service.uid)
            for occasion in occasions.of_service(about, self._node, before, found, now - since >= DARKNESS):
                self._recorder.say(occasion)
        if found == NOTHING:
            self._known.pop(key, None)
        else:
            self._known[key] = self._share(found)
        return found

    def _taken_over(self, entries: Iterable[Announcement]) -> bool:
        parts = [
            ("layer2", entry.vip) if entry.mode == LAYER2 else ("routes", prefix)
            for entry in entries
            if not entry.reason
            for prefix, _unused in entry.routes or ((entry.vip, ()),)
        ]
        return all(self._link.taken_over(part, name) for part, name in parts)

    def _remember(self) -> None:
        """What the process before has told of: no event begins again, and what is no more true goes."""
        for service, report in self._bgp.ledger.own():
            self._known[service] = self._known.get(service, NOTHING)._replace(bgp=report)
        for service, report in self._layer2.ledger.own():
            self._known[service] = self._known.get(service, NOTHING)._replace(layer2=report)

    def _head(self, wire: Mapping[str, Any] | None) -> dict[str, Any]:
        seen = live(wire)
        told_of = {"connected": wire is not None, "error": self._link.error, "drain": drain_of(wire)}
        claimed = list(disputes(seen, sorted(seen.layer2)))
        return {"wire": told_of, "sessions": session_list(wire["sessions"]) if wire else [], "disputes": claimed}

    def _owner(self, resources: Resources) -> dict[str, Any] | None:
        node = resources.nodes.get(self._node)
        if node is None or not node.uid:
            return None
        return {"apiVersion": "v1", "kind": "Node", "name": self._node, "uid": node.uid}
