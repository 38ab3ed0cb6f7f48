# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``dualstack-speaker wire``: starts the process, keeps it alive, stops it in order."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
from collections.abc import Callable

from ..observe import living, program, systemd
from ..observe.logs import Log
from .bfd.memory import BfdMemory
from .config import DEFAULT_PATH, Config, load
from .drain import Drain
from .engine import Engine
from .handover import taking
from .handover.giving import Handover
from .handover.taking import CannotTakeOver, Heir
from .heartbeat.driver import Heartbeats
from .heartbeat.memory import Memory
from .journal_file import JournalFile
from .layer2.driver import Layer2Driver
from .link_server import LinkServer
from .news import News
from .reasons import reason

_LAST_WORDS = 1.0  # seconds at most that a stop waits for Cease to get out


def run(arguments: list[str]) -> int:
    """The exit status: 0 after a stop in order, 1 when the process could not start, 2 for a bad configuration."""
    options = program.parser("dualstack-speaker wire", "Keeps the BGP, ARP and NDP sockets.", DEFAULT_PATH)
    options.add_argument(
        "--take-over",
        action="store_true",
        help="take over from the process that runs, with its sockets and sessions, and exit when that is done",
    )
    return program.daemon(options, arguments, load, _start)


def _start(config: Config, log: Log, given: argparse.Namespace) -> int:
    if given.take_over:
        return taking.spawn(lambda tell: _take_over(config, log, tell))
    _realtime(config.realtime_priority, log)
    return program.until_stopped(_serve(config, log, None), log, reason)


def _take_over(config: Config, log: Log, tell: Callable[[str], None]) -> int:
    """The new process: builds everything at the priority of others, for the old one still has all the work."""
    try:
        heir = Heir(handover_path(config), tell)
        asyncio.run(_serve(config, log, heir))
    except CannotTakeOver as error:
        tell(str(error))
        return 1
    return 0


def handover_path(config: Config) -> str:
    """Where a process that takes over finds the one that runs."""
    return f"{config.socket}.handover"


async def _serve(config: Config, log: Log, heir: Heir | None) -> None:
    loop = asyncio.get_running_loop()
    stop = living.stopping()
    leaving = asyncio.Event()

    def leave() -> None:
        leaving.set()
        stop.set()

    loop.add_signal_handler(signal.SIGUSR1, leave)
    layer2 = Layer2Driver(config.exclude_interfaces, log, config.layer2_refresh)
    memory = BfdMemory(f"{config.journal}.bfd", log)
    news = News()
    nodes = Memory(f"{config.journal}.nodes", log)
    heartbeats = Heartbeats(config.heartbeat, layer2, nodes, log, news.owners)
    heartbeats.on_speakers = news.nodes
    engine = Engine(log, layer2, heartbeats, news.session, memory, config.restart_patience, config.listen_port)
    journal = JournalFile(config.journal, lambda: engine.state, log)
    drain = Drain(f"{config.journal}.drain", engine, log)
    server = LinkServer(config.socket, engine, journal, drain, news, log)
    handover = Handover(handover_path(config), engine, journal, server, log)
    if heir is not None:
        engine.prepare(heir.saved)
        _settle_memory()
        _realtime(config.realtime_priority, log)
        heir.take(engine, server, handover, log)
        journal.renew()
    else:
        server.start()
        handover.start()
    drain.restore()
    saved = journal.load() if heir is None else None
    if saved is not None:
        engine.restore(saved)
        journal.renew()  # its end may be torn: nothing is to be appended there
        log.write(
            "info",
            "state loaded",
            {"peers": len(saved.peers), "routes": len(saved.routes), "layer2": len(saved.layer2)},
        )
    if heir is None:
        _settle_memory()
    else:
        await heir.released()
    systemd.notify("READY=1")
    if heir is not None:
        heir.tell("")
    log.write("info", "started", {"socket": config.socket})
    await _watch(stop)
    systemd.notify("STOPPING=1")
    await handover.close()
    server.close()
    if leaving.is_set():
        engine.leave()
    else:
        engine.stop("planned stop of the speaker")
    await journal.flush()
    deadline = loop.time() + _LAST_WORDS
    while engine.closing and loop.time() < deadline:
        await asyncio.sleep(0.01)
    engine.fall_silent()
    log.write("info", "stopped")


def _settle_memory() -> None:
    """What is there stays, so the garbage collector need not look at it again and again; this itself takes a while."""
    gc.collect()
    gc.freeze()


async def _watch(stop: asyncio.Event) -> None:
    """Waits for the stop and shows the service manager meanwhile that the loop turns."""
    interval = systemd.watchdog_interval()
    while not stop.is_set():
        try:
            await asyncio.wait_for(stop.wait(), interval)
        except asyncio.TimeoutError:
            systemd.notify("WATCHDOG=1")


def _realtime(priority: int, log: Log) -> None:
    """SCHED_RR, so that a busy node delays neither hold timers nor neighbour replies; a warning where it is refused."""
    if not priority:
        return
    try:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(priority))
    except OSError as error:
        log.write("warning", "no real-time priority", {"priority": priority, "reason": reason(error)})
