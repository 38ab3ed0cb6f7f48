# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The driver of a session: what happens to it when the session itself has a bug."""

from __future__ import annotations

import asyncio

import pytest

from dualstack_speaker.base.outputs import Output
from dualstack_speaker.link import peers
from dualstack_speaker.observe.logs import Log
from dualstack_speaker.wire.bgp.driver import BgpDriver

PEER = {
    "local_asn": 64512, "peer_asn": 64500, "address": "127.0.0.1", "port": 1, "router_id": "10.0.1.11", "hold_time": 9,
    "keepalive_time": 3, "connect_retry": 1, "families": ["ipv6"], "next_hop": {"ipv6": "2001:db8::11"},
}  # fmt: skip


def test_a_bug_ends_its_own_session_which_then_backs_off(capsys: pytest.CaptureFixture[str]) -> None:
    def broken(number: int, data: bytes, now: float) -> list[Output]:
        raise ZeroDivisionError("a bug")

    async def play() -> BgpDriver:
        driver = BgpDriver("tor1", peers.decode("peer", PEER), Log())
        driver.start()
        driver.session.received = broken  # type: ignore[method-assign]
        driver.on_received(driver.session.number, b"anything")
        return driver

    driver = asyncio.run(play())
    seen = driver.session.snapshot(0.0)
    assert (seen.state, seen.last_error) == ("Idle", "internal error: ZeroDivisionError('a bug')")
    assert driver.session.next_deadline is not None
    assert "level=error event=bug peer=tor1" in capsys.readouterr().err
