# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a watch tells while a write is under way."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Mapping
from typing import Any

import pytest

from dualstack.resources.model import Key
from dualstack_speaker.observe.logs import Log
from dualstack_speaker.reporting.api import JSON
from dualstack_speaker.reporting.keeper import Keeper
from dualstack_speaker.reporting.ledger import BGP_STATUS, L2_STATUS, Kind, Report
from dualstack_speaker.reporting.pace import Pace

NAMES = {"ipv4": "tor1-ipv4", "ipv6": "tor1-ipv6"}


class Answer:
    """An object."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body


class Server:
    """Keeps one object at most; ``slow`` is the method whose answer comes after the news of the object's end."""

    def __init__(self, slow: str) -> None:
        self.keeper: Keeper | None = None
        self.object: dict[str, Any] | None = None
        self.asked: list[str] = []
        self._slow = slow
        self.whole = asyncio.Event()

    async def send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, content_type: str = JSON
    ) -> Answer:
        """Writes; the watch tells at once."""
        assert self.keeper is not None and body is not None
        self.asked.append(method)
        if method == "POST":
            self.object = copy.deepcopy(dict(body))
            self.object["metadata"]["name"] = f"x-{len(self.asked)}"
        assert self.object is not None and path
        self.object.update({} if method == "POST" else copy.deepcopy(dict(body)))
        given = copy.deepcopy(self.object)
        self.keeper.put(given)
        if method == self._slow:
            self._slow = ""
            self.object = None
            self.keeper.drop(Key("", "ns", given["metadata"]["name"]))
        elif method == "PATCH":
            self.whole.set()
        await asyncio.sleep(0)
        return Answer(given)


@pytest.mark.parametrize("family", NAMES)
@pytest.mark.parametrize("kind", [L2_STATUS, BGP_STATUS])
@pytest.mark.parametrize("slow", ["POST", "PATCH"])
def test_what_is_deleted_before_its_write_is_answered_is_made_anew(
    slow: str, kind: Kind, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is older than the news; who believed it waited for ever."""
    monkeypatch.setattr("dualstack_speaker.reporting.keeper.REPAIR", 0.01)

    async def whole() -> list[str]:
        server = Server(slow)
        server.keeper = keeper = Keeper(server, "ns", kind, "node1", Pace(1000.0, 1000), Log("error"))
        keeper.ledger.want("default/web", Report((NAMES[family],), ""))
        keeper.wake(None)
        task = asyncio.ensure_future(keeper.run())
        done = asyncio.ensure_future(server.whole.wait())
        await asyncio.wait([task, done], timeout=20, return_when=asyncio.FIRST_COMPLETED)
        task.cancel()
        assert done.done(), server.asked
        return server.asked

    asked = asyncio.run(whole())
    assert asked == (["POST", "POST", "PATCH"] if slow == "POST" else ["POST", "PATCH", "POST", "PATCH"])
