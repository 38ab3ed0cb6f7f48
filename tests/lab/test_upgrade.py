# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role brings another program: wires hand over to it and no router notices; where one can't, it is restarted."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from driver import ROOT, Fabric
from processes import until
from sessions import all_up, counters, neighbours

pytestmark = [pytest.mark.root, pytest.mark.lab]

UNIT = "dualstack-wire.service"
SOCKET = "/run/dualstack/wire.sock.handover"
REPLACE = "baremetal.dualstack.speaker : Install and run the daemons, replacing what nobody notices"
RESTART = "baremetal.dualstack.speaker : Restart the daemons that need it, few nodes at a time"


@pytest.fixture
def other_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of this collection whose wire is another program; playbooks use it from now on."""
    copy = tmp_path / "ansible_collections" / "baremetal" / "dualstack"
    for part in ("galaxy.yml", "meta", "playbooks", "plugins", "roles", "speaker"):
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            copy.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / part, copy / part)
    with open(copy / "speaker" / "dualstack_speaker" / "wire" / "main.py", "a", encoding="utf-8") as program:
        program.write("\n# another version\n")
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", f"{tmp_path}:{os.environ['ANSIBLE_COLLECTIONS_PATH']}")
    return copy


def nodes(fabric: Fabric) -> list[str]:
    return sorted(fabric.plan()["nodes"])


def processes(fabric: Fabric) -> dict[str, str]:
    """Node -> the number of its wire."""
    command = ("systemctl", "show", "--property=MainPID", "--value", UNIT)
    return {node: fabric.on(node, *command).strip() for node in nodes(fabric)}


def followed(fabric: Fabric, node: str) -> str:
    """What systemd has written about the wire of a node since it was started, and the wire itself."""
    return fabric.on(node, "journalctl", "--unit", UNIT, "--output", "cat", "--lines", "40", "--no-pager")


def test_another_program_takes_over(
    fabric: Fabric, other_version: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    until(lambda: all_up(fabric), "all sessions")
    before, old = counters(fabric), processes(fabric)
    predicted = fabric.playbook("site", "--check", "--diff").require().changed
    assert processes(fabric) == old
    done = fabric.playbook("site").require().changed
    assert predicted == done, "check mode must predict exactly the tasks that change"
    assert {(REPLACE, node) for node in nodes(fabric)} <= set(done)
    assert RESTART not in {task for task, _host in done}
    new = processes(fabric)
    assert not set(new.values()) & {"0", *old.values()}
    still = [followed(fabric, node).rpartition("still_ms=")[2].split()[0] for node in nodes(fabric)]
    fabric.settle()
    assert counters(fabric) == before, "no session may flap"
    assert all(facts["bgpState"] == "Established" for facts in neighbours(fabric, "tor1").values())
    with capsys.disabled():
        print(f"\n    another wire on {len(new)} nodes: {before} as before; BGP stood still for {still} ms")
    assert processes(fabric) == new
    for node in nodes(fabric):
        assert "Started" not in followed(fabric, node).rpartition("hand-over asked")[2], "systemd follows the new one"
        fabric.on(node, "kill", "-0", new[node])

    assert fabric.playbook("site").require().changed == [], "nothing is left to do"
    monkeypatch.undo()
    broken = nodes(fabric)[0]
    fabric.on(broken, "rm", SOCKET)  # the way back: one node can't be taken over from
    run = fabric.playbook("site").require()
    assert {(REPLACE, node) for node in nodes(fabric) if node != broken} <= set(run.changed)
    assert [host for task, host in run.changed if task == RESTART] == [broken]
    assert f"{UNIT}: cannot reload, so it is restarted" in run.stderr + str(run.result)
    last = processes(fabric)
    assert not set(last.values()) & {"0", *new.values()}
    fabric.settle()
    until(lambda: all_up(fabric), "all sessions again")
    after = counters(fabric)
    addresses = {
        end["address"]
        for session in fabric.plan()["sessions"]
        for end in session["ends"]
        if broken in {each["host"] for each in session["ends"]}
    }
    unconcerned = {key: count for key, count in before.items() if key[1] not in addresses}
    assert {key: after[key] for key in unconcerned} == unconcerned, "no session of another node may flap"


def test_killed_after_a_take_over(fabric: Fabric) -> None:
    """systemd follows the process that took over: it starts the unit's own when that dies."""
    node = nodes(fabric)[-1]
    fabric.on(node, "systemctl", "reload", UNIT)
    heir = processes(fabric)[node]
    fabric.on(node, "kill", "-9", heir)
    until(lambda: processes(fabric)[node] not in ("0", heir), "another process")
    fabric.settle()
    until(lambda: all_up(fabric), "all sessions")


@pytest.mark.soak
def test_a_changed_unit(fabric: Fabric) -> None:
    """A port of one's own takes a capability, so a restart: of one node after another."""
    argument = ("--extra-vars", "speaker_listen_port=179")
    predicted = fabric.playbook("site", "--check", *argument).require().changed
    done = fabric.playbook("site", *argument).require().changed
    assert predicted == done, "check mode must predict exactly the tasks that change"
    assert sorted(host for task, host in done if task == RESTART) == nodes(fabric)
    away = sorted(moments(fabric, node) for node in nodes(fabric))
    assert all(back <= goes for (_gone, back), (goes, _back) in zip(away, away[1:])), away
    assert {host for task, host in fabric.playbook("site").require().changed if task == RESTART} == set(nodes(fabric))
    fabric.settle()
    until(lambda: all_up(fabric), "all sessions")


def moments(fabric: Fabric, node: str) -> tuple[int, int]:
    """When the wire of a node stopped being active, and when it was again, in µs since the start of the machine."""
    names = ("ActiveExitTimestampMonotonic", "ActiveEnterTimestampMonotonic")
    shown = fabric.on(node, "systemctl", "show", UNIT, *(f"--property={name}" for name in names))
    found = dict(line.split("=", 1) for line in shown.splitlines())
    return int(found[names[0]]), int(found[names[1]])
