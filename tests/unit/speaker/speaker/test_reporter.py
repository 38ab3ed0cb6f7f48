# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mistake in what is told of a node ends nothing of what the node does."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from dualstack_speaker.kube.access import Access
from dualstack_speaker.kube.client import Client
from dualstack_speaker.observe.logs import Log
from dualstack_speaker.sources.files import FolderSource
from dualstack_speaker.speaker import reporter
from dualstack_speaker.speaker.agent import Agent, collection
from dualstack_speaker.speaker.config import Config
from dualstack_speaker.speaker.link_client import LinkClient


def test_reports_that_fail_begin_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reporter, "AGAIN", 0.0)
    monkeypatch.setattr(reporter, "SETTLE", 0.0)
    looks: list[int] = []

    async def whole() -> None:
        log = Log("error")
        client = Client(Access(str(tmp_path / "kubeconfig")))
        link = LinkClient(str(tmp_path / "wire.sock"), log, lambda: 0.5)
        agent = Agent(Config("node1"), FolderSource(str(tmp_path)), collection(), link.want)
        made = reporter.Reporter(client, "metallb-system", "node1", agent, link, log)
        enough = asyncio.Event()

        def mistaken() -> bool:
            looks.append(1)
            if len(looks) == 3:
                enough.set()
            raise KeyError("a mistake")

        monkeypatch.setattr(type(agent), "loaded", property(lambda self: mistaken()))
        task = asyncio.ensure_future(made.run())
        await asyncio.wait_for(enough.wait(), 60)
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await made.close()
        client.close()

    asyncio.run(whole())
    assert "reports failed" in capsys.readouterr().err
