# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pages of health say, asked over HTTP."""

from __future__ import annotations

import asyncio

import pytest

from dualstack.findings import ERROR, WARNING, Finding
from dualstack_speaker.observe import health
from dualstack_speaker.observe.health import DEAD, DEGRADED, NOT_READY, OK, Check
from dualstack_speaker.observe.http import PageServer
from dualstack_speaker.speaker.checks import checks

AWAY = Finding("kubernetes-away", WARNING, "API server", "", "does not answer since 12:00", "See it.")
BAD = Finding("asn", ERROR, "BGPPeer metallb-system/tor1: spec.peerASN", "0", "is no ASN", "Write 1 to 4294967295.")


@pytest.mark.parametrize(
    ("loaded", "findings", "connected", "states"),
    [
        (True, [], True, [OK, OK, OK, OK]),
        (False, [], True, [NOT_READY, OK, OK, OK]),
        (True, [], False, [OK, NOT_READY, OK, OK]),
        (True, [AWAY], True, [OK, OK, DEGRADED, OK]),
        (True, [BAD, BAD], True, [OK, OK, OK, DEGRADED]),
    ],
)
def test_what_is_ready_and_what_is_degraded(
    loaded: bool, findings: list[Finding], connected: bool, states: list[str]
) -> None:
    """MetalLB 8: a plain ping. Here nothing that a restart would not help makes the process unready."""
    found = list(checks(loaded, findings, connected, "no such file"))
    assert [check.name for check in found] == ["source", "wire", "api", "configuration"]
    assert [check.state for check in found] == states
    assert all(check.text for check in found if check.state != OK)


def ask(found: list[Check], path: str, host: str) -> tuple[int, str]:
    async def whole() -> tuple[int, str]:
        server = PageServer(dict(health.pages(lambda: found)), health.CONTENT_TYPE)
        port = await server.start(host, 0)
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        answer = (await asyncio.wait_for(reader.read(), 60)).decode()
        writer.close()
        server.close()
        return int(answer.split()[1]), answer.partition("\r\n\r\n")[2]

    return asyncio.run(whole())


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize(
    ("state", "healthy", "ready"), [(OK, 200, 200), (DEGRADED, 200, 200), (NOT_READY, 200, 503), (DEAD, 503, 503)]
)
def test_the_pages_say_so(state: str, healthy: int, ready: int, host: str) -> None:
    found = [Check("source", OK), Check("wire", state, "why")]
    assert ask(found, "/healthz", host)[0] == healthy
    code, text = ask(found, "/readyz", host)
    assert code == ready and f"wire: {state} (why)\n" in text
