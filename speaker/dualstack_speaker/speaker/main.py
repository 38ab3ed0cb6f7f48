# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``dualstack-speaker speaker``: starts the process, feeds it, shows it, stops it."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import random
import signal
import sys
from collections.abc import Sequence
from typing import Any

from dualstack.findings import ERROR, Finding

from ..observe import systemd
from ..observe.config_file import ConfigError
from ..observe.http import PageServer
from ..observe.logs import Log
from ..observe.metrics import CONTENT_TYPE, render
from ..sources import addresses
from . import metrics
from .agent import Agent
from .config import DEFAULT_PATH, Config, load
from .link_client import LinkClient
from .status_server import StatusServer
from .view import Status, merge

SCAN_INTERVAL = 0.25  # seconds between looks at the resources
SETTLE = 0.3  # seconds that addresses must have been quiet before they are read


def run(arguments: list[str]) -> int:
    """The exit status: 0 after a stop in order, 1 when the process could not start, 2 for a bad configuration."""
    parser = argparse.ArgumentParser(prog="dualstack-speaker speaker", description="Decides what this node announces.")
    parser.add_argument("--config", default=DEFAULT_PATH, help="configuration file (default: %(default)s)")
    parser.add_argument("--check", action="store_true", help="check the configuration and exit")
    options = parser.parse_args(arguments)
    try:
        config = load(options.config)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if options.check:
        return 0
    log = Log(config.log_level, prefix="JOURNAL_STREAM" in os.environ)
    try:
        asyncio.run(_serve(config, log))
    except OSError as error:
        log.write("error", "cannot start", {"reason": error.strerror, "path": error.filename})
        return 1
    return 0


async def _serve(config: Config, log: Log) -> None:
    await Process(config, log).serve()


class Process:
    """The parts and their wiring."""

    def __init__(self, config: Config, log: Log) -> None:
        self._config = config
        self._log = log
        self._link = LinkClient(config.wire_socket, log, random.random)
        self._agent = Agent(config, self._link.want)
        self._said: set[Finding] = set()
        self._rereading: asyncio.TimerHandle | None = None

    async def serve(self) -> None:
        """Runs until SIGTERM or SIGINT. Stopping tells wire nothing: it goes on with what it has."""
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        loop.add_signal_handler(signal.SIGHUP, lambda: None)  # there is nothing to read again
        status = StatusServer(self._config.status_socket, self._status)
        pages = PageServer({"/metrics": self._metrics}, CONTENT_TYPE)
        news = addresses.open_news()
        loop.add_reader(news, self._on_news, news)
        self._agent.interfaces(addresses.interfaces(self._config.addresses))
        self._scan()
        await status.start()
        if self._config.metrics:
            await pages.start(*self._config.metrics)
        tasks = [asyncio.ensure_future(work) for work in (self._link.run(), self._watch_resources())]
        gc.collect()
        gc.freeze()
        systemd.notify("READY=1")
        self._log.write("info", "started", {"node": self._config.node, "resources": self._config.resources})
        try:
            await self._live(stop, tasks)
        finally:
            systemd.notify("STOPPING=1")
            for task in tasks:
                task.cancel()
            status.close()
            pages.close()
            loop.remove_reader(news)
            news.close()
        self._log.write("info", "stopped")

    async def _live(self, stop: asyncio.Event, tasks: Sequence[asyncio.Future[Any]]) -> None:
        """Waits for the stop, shows signs of life; a task that ends is a bug and ends the process."""
        interval = systemd.watchdog_interval() or 10.0
        stopped = asyncio.ensure_future(stop.wait())
        while not stopped.done():
            done, _unused = await asyncio.wait([stopped, *tasks], timeout=interval, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            systemd.notify("WATCHDOG=1")

    async def _watch_resources(self) -> None:
        while True:
            await asyncio.sleep(SCAN_INTERVAL)
            self._scan()

    def _scan(self) -> None:
        if self._agent.scan():
            self._tell()

    def _on_news(self, news: Any) -> None:
        addresses.drain(news)
        if self._rereading is not None:
            self._rereading.cancel()
        self._rereading = asyncio.get_running_loop().call_later(SETTLE, self._reread)

    def _reread(self) -> None:
        if self._agent.interfaces(addresses.interfaces(self._config.addresses)):
            self._log.write("info", "addresses changed")
            self._tell()

    def _tell(self) -> None:
        """Logs what was decided and each finding once."""
        desired = self._agent.decision.desired
        counts: dict[str, Any] = {part: len(desired[part]) for part in desired}
        self._log.write("info", "decided", {**counts, "complete": self._agent.complete})
        now = set(self._agent.findings())
        for finding in sorted(now - self._said, key=str):
            level = "error" if finding.severity == ERROR else "warning"
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
        return render(metrics.collect(self._merge(wire), wire, self._agent.loaded, ports))
