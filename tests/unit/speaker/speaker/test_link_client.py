# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The speaker's end of the link, against a server that answers as the contract says and remembers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from dualstack_speaker.observe.logs import Log
from dualstack_speaker.speaker.link_client import LinkClient

ONE = {"peers": {}, "routes": {"192.0.2.1/32": [1]}, "layer2": {}, "nodes": {}}
TWO = {"peers": {}, "routes": {"192.0.2.1/32": [1], "2001:db8::1/128": [2]}, "layer2": {"192.0.2.9": {}}, "nodes": {}}


class Wire:
    """Answers; ``synced`` and ``refuse`` steer it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.synced = False
        self.refuse = ""
        self.seen: list[dict[str, Any]] = []
        self.server: asyncio.AbstractServer | None = None
        self.writers: list[asyncio.StreamWriter] = []
        self.subscribers: list[asyncio.StreamWriter] = []

    async def start(self) -> None:
        self.server = await asyncio.start_unix_server(self.serve, str(self.path))

    async def stop(self) -> None:
        assert self.server
        self.server.close()
        for writer in self.writers:
            writer.close()
        self.writers = []
        self.path.unlink(missing_ok=True)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        while line := await reader.readline():
            request = json.loads(line)
            answer: dict[str, Any] = {"op": "ack", "seq": request["seq"], "ok": True}
            if request["op"] == "status":
                answer["status"] = {"synced": self.synced, "sessions": {}, "layer2": {}}
            elif request["op"] == "subscribe":
                self.subscribers.append(writer)
            else:
                self.seen.append({key: value for key, value in request.items() if key != "seq"})
                if self.refuse:
                    answer = {**answer, "ok": False, "error": self.refuse}
            writer.write(json.dumps(answer).encode() + b"\n")


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.005)


def run(
    tmp_path: Path,
    scenario: Callable[[LinkClient, Wire], Awaitable[None]],
    news: Callable[[Any], None] = lambda line: None,
) -> Wire:
    async def whole() -> Wire:
        wire = Wire(tmp_path / "wire.sock")
        client = LinkClient(str(wire.path), Log("error"), lambda: 0.0, news)
        task = asyncio.ensure_future(client.run())
        try:
            await asyncio.wait_for(scenario(client, wire), 60)
        finally:
            task.cancel()
            if wire.server:
                await wire.stop()
        return wire

    return asyncio.run(whole())


def test_nothing_is_sent_before_there_is_a_state(tmp_path: Path) -> None:
    async def scenario(client: LinkClient, wire: Wire) -> None:
        await wire.start()
        await until(lambda: client.connected)
        for _unused in range(5):
            assert await client.status() == {"synced": False, "sessions": {}, "layer2": {}}
        assert wire.seen == []
        client.want(ONE, True)
        await until(lambda: client.acknowledged == ONE)

    assert run(tmp_path, scenario).seen == [{"op": "full", "desired": ONE}]


def test_differences_after_the_whole_state(tmp_path: Path) -> None:
    async def scenario(client: LinkClient, wire: Wire) -> None:
        await wire.start()
        for state in (ONE, TWO, ONE):
            client.want(state, True)
            await until(lambda state=state: client.acknowledged == state)
        client.want(dict(ONE), True)
        assert await client.status() is not None

    assert run(tmp_path, scenario).seen == [
        {"op": "full", "desired": ONE},
        {"op": "delta", "routes": {"2001:db8::1/128": [2]}, "layer2": {"192.0.2.9": {}}},
        {"op": "delta", "routes": {"2001:db8::1/128": None}, "layer2": {"192.0.2.9": None}},
    ]


def test_the_whole_state_again_after_the_connection_broke(tmp_path: Path) -> None:
    async def scenario(client: LinkClient, wire: Wire) -> None:
        client.want(ONE, True)
        await until(lambda: client.error == "No such file or directory")
        assert await client.status() is None
        await wire.start()
        await until(lambda: client.acknowledged == ONE)
        await wire.stop()
        await until(lambda: not client.connected)
        assert client.acknowledged["routes"] == {}
        client.want(TWO, True)
        await wire.start()
        await until(lambda: client.acknowledged == TWO)

    assert [request["op"] for request in run(tmp_path, scenario).seen] == ["full", "full"]


def test_what_is_not_known_here_is_left_alone_until_all_is_known(tmp_path: Path) -> None:
    async def scenario(client: LinkClient, wire: Wire) -> None:
        wire.synced = True
        await wire.start()
        client.want(TWO, False)
        await until(lambda: client.acknowledged == TWO)
        client.want(ONE, False)
        await until(lambda: client.acknowledged == ONE)
        client.want(ONE, True)
        await until(lambda: len(wire.seen) == 3)

    assert run(tmp_path, scenario).seen == [
        {"op": "delta", "routes": TWO["routes"], "layer2": TWO["layer2"]},
        {"op": "delta", "routes": {"2001:db8::1/128": None}, "layer2": {"192.0.2.9": None}},
        {"op": "full", "desired": ONE},
    ]


def test_an_unfinished_state_is_a_whole_one_for_a_wire_without_any(tmp_path: Path) -> None:
    async def scenario(client: LinkClient, wire: Wire) -> None:
        await wire.start()
        client.want(ONE, False)
        await until(lambda: client.acknowledged == ONE)

    assert [request["op"] for request in run(tmp_path, scenario).seen] == ["full"]


def test_a_refusal_is_kept_and_tried_again_as_a_whole(tmp_path: Path) -> None:
    async def scenario(client: LinkClient, wire: Wire) -> None:
        wire.refuse = "routes.x: no"
        await wire.start()
        client.want(ONE, True)
        await until(lambda: client.error == "wire refused: routes.x: no")
        assert client.acknowledged["routes"] == {}
        wire.refuse = ""
        await until(lambda: client.acknowledged == ONE)
        assert client.error == ""

    assert {request["op"] for request in run(tmp_path, scenario).seen} == {"full"}


def test_a_state_that_changes_in_place_is_told_by_its_changes(tmp_path: Path) -> None:
    state: dict[str, dict[str, Any]] = {"peers": {}, "routes": {"192.0.2.1/32": [1]}, "layer2": {}, "nodes": {}}

    async def scenario(client: LinkClient, wire: Wire) -> None:
        await wire.start()
        client.want(state, True, {"routes": {"192.0.2.1/32": [1]}})
        await until(lambda: client.acknowledged == state)
        state["routes"]["2001:db8::1/128"] = [2]
        client.want(state, True, {"routes": {"2001:db8::1/128": [2]}})
        assert not client.taken_over("routes", "2001:db8::1/128")
        await until(lambda: client.taken_over("routes", "2001:db8::1/128"))
        del state["routes"]["192.0.2.1/32"]
        state["layer2"]["2001:db8::9"] = {"interfaces": []}
        client.want(state, True, {"routes": {"192.0.2.1/32": None}})
        client.want(state, True, {"layer2": {"2001:db8::9": {"interfaces": []}}})
        await until(lambda: client.acknowledged == state)
        assert client.taken_over("routes", "192.0.2.1/32")

    assert run(tmp_path, scenario).seen == [
        {"op": "full", "desired": {**state, "routes": {"192.0.2.1/32": [1]}, "layer2": {}}},
        {"op": "delta", "routes": {"2001:db8::1/128": [2]}},
        {"op": "delta", "routes": {"192.0.2.1/32": None}, "layer2": {"2001:db8::9": {"interfaces": []}}},
    ]


def test_what_came_and_went_before_it_was_sent_is_not_sent(tmp_path: Path) -> None:
    state: dict[str, dict[str, Any]] = {"peers": {}, "routes": {}, "layer2": {}, "nodes": {}}

    async def scenario(client: LinkClient, wire: Wire) -> None:
        await wire.start()
        client.want(state, True)
        await until(lambda: len(wire.seen) == 1 and client.error == "")
        client.want(state, True, {"routes": {"192.0.2.1/32": [1], "2001:db8::1/128": [1]}})
        client.want(state, True, {"routes": {"192.0.2.1/32": None, "2001:db8::1/128": None}})
        state["layer2"]["192.0.2.9"] = {}
        client.want(state, True, {"layer2": {"192.0.2.9": {}}})
        await until(lambda: client.acknowledged == state)

    assert run(tmp_path, scenario).seen[1:] == [{"op": "delta", "layer2": {"192.0.2.9": {}}}]


def test_wire_tells_news_by_itself(tmp_path: Path) -> None:
    told: list[Any] = []

    async def scenario(client: LinkClient, wire: Wire) -> None:
        await wire.start()
        await until(lambda: bool(wire.subscribers))
        line = {"op": "news", "owners": {"192.0.2.9": "node2", "2001:db8::9": None}, "sessions": {}}
        wire.subscribers[0].write(json.dumps(line).encode() + b"\n")
        await until(lambda: bool(told))
        assert told == [line]
        assert await client.status() is not None

    run(tmp_path, scenario, told.append)
