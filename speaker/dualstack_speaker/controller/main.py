# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``dualstack-controller``: starts the process, feeds it, shows it, stops it."""

from __future__ import annotations

from ..observe import health, living, program, systemd
from ..observe.asking import reason
from ..observe.http import PageServer
from ..observe.logs import Log
from ..observe.metrics import CONTENT_TYPE, render
from ..observe.status_server import StatusServer
from . import metrics
from .config import DEFAULT_PATH, Config, load
from .process import Process
from .view import checks, view


def run(arguments: list[str]) -> int:
    """The exit status: 0 after a stop in order, 1 when the process could not start, 2 for a bad configuration."""
    options = program.parser("dualstack-controller", "Hands out addresses to Services.", DEFAULT_PATH)
    return program.daemon(
        options, arguments, load, lambda config, log, _given: program.until_stopped(_serve(config, log), log, reason)
    )


async def _serve(config: Config, log: Log) -> None:
    """Runs until SIGTERM or SIGINT; then the Lease is given away, so that another one acts at once."""
    stop = living.stopping()
    process = Process(config, log)

    async def status() -> dict[str, object]:
        return view(process)

    async def shown() -> str:
        return render(metrics.collect(view(process)))

    socket = StatusServer(config.status_socket, status)
    servers = [
        (PageServer({"/metrics": shown}, CONTENT_TYPE), config.metrics),
        (PageServer(dict(health.pages(lambda: checks(process))), health.CONTENT_TYPE), config.health),
    ]
    await socket.start()
    for server, place in servers:
        if place is not None:
            await server.start(*place)
    tasks = [living.failure(), *await process.start()]
    systemd.notify("READY=1")
    log.write("info", "started", {"identity": process.candidate.identity, "namespace": config.namespace})
    try:
        await living.until(stop, tasks)
    finally:
        systemd.notify("STOPPING=1")
        await process.stop()
        for task in tasks:
            task.cancel()
        socket.close()
        for server, _unused in servers:
            server.close()
    log.write("info", "stopped")
