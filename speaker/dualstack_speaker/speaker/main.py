# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``dualstack-speaker speaker``: starts the process, feeds it, shows it, stops it."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import Iterable, Mapping
from typing import Any

from dualstack.announcing.why import why
from dualstack.findings import ERROR, Finding
from dualstack.resources.model import Key

from ..observe import health, living, program, systemd
from ..observe.asking import reason
from ..observe.http import PageServer
from ..observe.logs import Log
from ..observe.metrics import CONTENT_TYPE, render
from ..observe.status_server import StatusServer
from ..sources import addresses
from . import metrics
from .agent import Agent, collection
from .checks import checks
from .config import DEFAULT_PATH, Config, load
from .draining import Draining
from .feeds import feed
from .link_client import LinkClient
from .reporter import Reporter
from .view import Status, merge

GATHER = 1.0  # seconds in which what is heard of other nodes is gathered
SETTLE = 0.3  # seconds that addresses must have been quiet before they are read


def run(arguments: list[str]) -> int:
    """The exit status: 0 after a stop in order, 1 when the process could not start, 2 for a bad configuration."""
    options = program.parser("dualstack-speaker speaker", "Decides what this node announces.", DEFAULT_PATH)
    return program.daemon(
        options,
        arguments,
        load,
        lambda config, log, _given: program.until_stopped(_serve(config, log), log, reason),
    )


async def _serve(config: Config, log: Log) -> None:
    await Process(config, log).serve()


class Process:
    """The parts and their wiring."""

    def __init__(self, config: Config, log: Log) -> None:
        self._config = config
        self._log = log
        self._link = LinkClient(config.wire_socket, log, random.random, self._on_wire)
        self._objects = collection()
        self._feed = feed(config, self._objects, random.random)
        self._agent = Agent(config, self._feed.source, self._objects, self._link.want)
        self._draining = Draining(self._link, log, self._look)
        self._reporter = self._report()
        self._counts = {"updates": 0, "errors": 0}
        self._said: set[Finding] = set()
        self._rereading: asyncio.TimerHandle | None = None
        self._heard: Mapping[str, Any] | None = None  # what is gathered of other nodes

    async def serve(self) -> None:
        """Runs until SIGTERM or SIGINT. Stopping tells wire nothing: it goes on with what it has."""
        stop = living.stopping()
        status = StatusServer(self._config.status_socket, self._status, {"explain": self._explain})
        pages = PageServer({"/metrics": self._metrics}, CONTENT_TYPE)
        probes = PageServer(dict(health.pages(self._checks)), health.CONTENT_TYPE)
        news = addresses.open_news()
        loop = asyncio.get_running_loop()
        loop.add_reader(news, self._on_news, news)
        self._agent.interfaces(addresses.interfaces(self._config.addresses))
        self._feed.start(self._update)
        await status.start()
        if self._config.metrics:
            await pages.start(*self._config.metrics)
        if self._config.health:
            await probes.start(*self._config.health)
        works = [self._link.run(), self._feed.run(), self._draining.run()]
        works += [self._reporter.run()] if self._reporter is not None else []
        tasks = [asyncio.ensure_future(work) for work in works]
        gc.collect()
        gc.freeze()
        systemd.notify("READY=1")
        place = "the API server" if self._feed.client is not None else self._config.resources
        self._log.write("info", "started", {"node": self._config.node, "resources": place})
        try:
            await living.until(stop, tasks)
        finally:
            systemd.notify("STOPPING=1")
            if self._reporter is not None:
                await self._reporter.flush()
            for task in tasks:
                task.cancel()
            status.close()
            pages.close()
            probes.close()
            if self._reporter is not None:
                await self._reporter.close()
            await self._feed.close()
            loop.remove_reader(news)
            news.close()
        self._log.write("info", "stopped")

    def _report(self) -> Reporter | None:
        kubernetes, client = self._config.kubernetes, self._feed.client
        if kubernetes is None or client is None:
            return None
        return Reporter(client, kubernetes.namespace, self._config.node, self._agent, self._link, self._log)

    def _update(self, touched: Iterable[Key], endpoints: str) -> None:
        self._counts["updates"] += 1
        if self._agent.update(touched, endpoints):
            self._draining.want(self._agent.decision.drain)
            if self._reporter is not None:
                self._reporter.decided(self._agent.decision.changed)
        elif self._reporter is not None:
            self._reporter.news()
        self._tell()

    def _on_wire(self, news: Mapping[str, Any]) -> None:
        if news.get("nodes") is not None:
            if self._heard is None:
                asyncio.get_running_loop().call_later(GATHER, self._hear)
            self._heard = news["nodes"]
        self._look()  # the reporter asks for the whole status, once for many lines

    def _hear(self) -> None:
        heard, self._heard = self._heard, None
        if heard is not None and self._agent.speakers(heard):
            self._decided()

    def _look(self) -> None:
        if self._reporter is not None:
            self._reporter.news()

    def _on_news(self, news: Any) -> None:
        addresses.drain(news)
        if self._rereading is not None:
            self._rereading.cancel()
        self._rereading = asyncio.get_running_loop().call_later(SETTLE, self._reread)

    def _reread(self) -> None:
        if self._agent.interfaces(addresses.interfaces(self._config.addresses)):
            self._log.write("info", "addresses changed")
            self._decided()

    def _decided(self) -> None:
        if self._reporter is not None:
            self._reporter.decided(self._agent.decision.changed)
        self._tell()

    def _tell(self) -> None:
        """Logs what was decided and each finding once."""
        desired = self._agent.decision.desired
        counts: dict[str, Any] = {part: len(desired[part]) for part in desired}
        self._log.write("info", "decided", {**counts, "complete": self._agent.complete})
        now = set(self._agent.findings())
        for finding in sorted(now - self._said, key=str):
            level = "error" if finding.severity == ERROR else "warning"
            self._counts["errors"] += finding.severity == ERROR
            fields = {"path": finding.path, "value": finding.value, "reason": finding.reason, "fix": finding.fix}
            self._log.write(level, finding.id, {name: text for name, text in fields.items() if text})
        for finding in sorted(self._said - now, key=str):
            self._log.write("info", "repaired", {"path": finding.path, "reason": finding.reason})
        self._said = now

    async def _status(self) -> Status:
        return self._merge(await self._link.status())

    def _merge(self, wire: dict[str, Any] | None) -> Status:
        return merge(
            self._config.node,
            self._agent.decision.announcements,
            self._agent.findings(),
            self._link.acknowledged,
            wire,
            self._link.error,
        )

    async def _metrics(self) -> str:
        wire = await self._link.status()
        ports = {name: session["port"] for name, session in self._agent.decision.desired["peers"].items()}
        told = self._reporter.counts if self._reporter is not None else {}
        counts = metrics.Counts(self._agent.loaded, self._counts["updates"], self._counts["errors"], told)
        return render(metrics.collect(self._merge(wire), wire, counts, ports))

    def _checks(self) -> Iterable[health.Check]:
        return checks(self._agent.loaded, self._agent.findings(), self._link.connected, self._link.error)

    async def _explain(self, request: dict[str, Any]) -> dict[str, Any]:
        wire = await self._link.status()
        agent = self._agent
        missing = [] if agent.loaded else [str(finding) for finding in agent.findings()]
        story = why(agent.resources(), agent.decision, agent.facts, str(request.get("service")), wire)
        return {**story.as_dict(), "lines": list(story.lines()), "loaded": agent.loaded, "missing": missing}
