# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log lines."""

from __future__ import annotations

import pytest

from dualstack_speaker.observe import logs


def test_a_line_is_key_and_value(capsys: pytest.CaptureFixture[str]) -> None:
    logs.Log().write("info", "session up", {"peer": "tor1", "s": 0.25, "why": 'a "b"', "none": None, "flag": True})
    assert capsys.readouterr().err == ('level=info event="session up" peer=tor1 s=0.250 why="a \\"b\\"" flag=True\n')


def test_journald_gets_its_priority_and_levels_hold(capsys: pytest.CaptureFixture[str]) -> None:
    log = logs.Log("warning", prefix=True)
    log.write("info", "quiet")
    log.write("error", "loud")
    assert capsys.readouterr().err == "<3>level=error event=loud\n"


def test_a_flapping_peer_cannot_flood(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(logs.time, "monotonic", lambda: now[0])
    log = logs.Log()
    for _unused in range(100):
        log.write("info", "session down", {"peer": "tor1"})
    log.write("info", "session down", {"peer": "tor2"})
    lines = capsys.readouterr().err.splitlines()
    more = 'tor1 more="left out for up to 10 s; the status tells the state"'
    assert [line.rpartition("peer=")[2] for line in lines] == ["tor1"] * logs.BURST + [more, "tor2"]
    now[0] = logs.WINDOW
    log.write("info", "session down", {"peer": "tor1"})
    assert capsys.readouterr().err.endswith(f"peer=tor1 suppressed_before={100 - logs.BURST}\n")
