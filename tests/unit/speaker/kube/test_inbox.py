# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From threads into the loop: order, passes, and what waits is bounded."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest
from kube_following import until

from dualstack_speaker.kube.inbox import MOST, Inbox, Stopped


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 60))


def test_calls_come_in_order_and_the_end_of_a_pass_is_told() -> None:
    async def work() -> None:
        seen: list[object] = []
        inbox = Inbox(asyncio.get_running_loop(), lambda: seen.append("pass"))
        thread = threading.Thread(target=lambda: [inbox.post(1, seen.append, number) for number in range(500)])
        thread.start()
        await until(lambda: seen and seen[-1] == "pass" and 499 in seen)
        assert [entry for entry in seen if entry != "pass"] == list(range(500))
        thread.join()

    run(work)


def test_a_thread_waits_until_there_is_room() -> None:
    async def work() -> None:
        loop = asyncio.get_running_loop()
        taken: list[int] = []
        most = 0
        inbox = Inbox(loop, lambda: None)
        posted: list[int] = []

        def bring() -> None:
            for number in range(20):
                inbox.post(MOST // 4, take, number)
                posted.append(number)

        def take(number: int) -> None:
            nonlocal most
            most = max(most, len(posted) - len(taken))
            taken.append(number)

        thread = threading.Thread(target=bring)
        thread.start()
        await until(lambda: len(taken) == 20)
        thread.join()
        assert taken == list(range(20))
        assert most <= 5  # four wait, and one is being counted

    run(work)


def test_what_is_larger_than_all_room_passes_alone() -> None:
    async def work() -> None:
        taken: list[str] = []
        inbox = Inbox(asyncio.get_running_loop(), lambda: None)

        def bring() -> None:
            for name in ("a", "b"):
                inbox.post(10 * MOST, taken.append, name)

        thread = threading.Thread(target=bring)
        thread.start()
        await until(lambda: taken == ["a", "b"])
        thread.join()

    run(work)


def test_others_get_their_turn_between_passes() -> None:
    async def work() -> None:
        order: list[str] = []
        loop = asyncio.get_running_loop()
        inbox = Inbox(loop, lambda: order.append("pass"))

        def slow() -> None:
            end = loop.time() + 0.01
            while loop.time() < end:
                pass
            order.append("call")

        for _unused in range(3):
            inbox.post(1, slow)
        loop.call_soon(lambda: order.append("other"))
        await until(lambda: order.count("call") == 3 and order[-1] == "pass")
        assert order.index("other") < len(order) - 1 - order[::-1].index("call")
        assert order.count("pass") == 3

    run(work)


def test_closing_ends_threads_that_wait() -> None:
    async def work() -> None:
        inbox = Inbox(asyncio.get_running_loop(), lambda: None)
        ended: list[BaseException] = []

        def bring() -> None:
            try:
                while True:
                    inbox.post(MOST, lambda: None)
            except Stopped as error:
                ended.append(error)

        thread = threading.Thread(target=bring)
        thread.start()
        inbox.close()
        await until(lambda: bool(ended))
        thread.join()
        with pytest.raises(Stopped):
            inbox.post(1, lambda: None)

    run(work)
