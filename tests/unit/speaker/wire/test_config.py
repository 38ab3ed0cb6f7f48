# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of wire: defaults, and errors that name the place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dualstack_speaker import __main__ as program
from dualstack_speaker.observe.config_file import ConfigError
from dualstack_speaker.wire.config import Config, Heartbeat, load, parse


def test_everything_has_a_default() -> None:
    assert parse("wire.json", {}) == Config()


def test_every_key_is_taken() -> None:
    value = {
        "socket": "/run/a.sock",
        "journal": "/run/a.journal",
        "log_level": "debug",
        "realtime_priority": 10,
        "restart_patience": 5,
        "exclude_interfaces": ["^veth"],
        "listen_port": 179,
        "layer2_refresh": 60,
        "heartbeat": {"node": "node1", "key_file": "/etc/key", "port": 7000, "interval_ms": 100, "multiplier": 4},
    }
    assert set(value) == set(Config._fields)
    kept = {**value, "exclude_interfaces": ("^veth",), "heartbeat": Heartbeat("node1", "/etc/key", 7000, 100, 4)}
    assert parse("wire.json", value)._asdict() == kept
    assert parse("wire.json", {"heartbeat": None}).heartbeat is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "wire.json: an object is expected"),
        ({"sockett": "/x"}, "wire.json: unknown key 'sockett'; known are socket, journal, log_level"),
        ({"socket": "wire.sock"}, "wire.json: socket: an absolute path is expected"),
        ({"journal": 5}, "wire.json: journal: an absolute path is expected"),
        ({"log_level": "loud"}, "wire.json: log_level: one of debug, info, warning, error is expected"),
        ({"realtime_priority": 100}, "wire.json: realtime_priority: a whole number from 0 (none) to 99"),
        ({"restart_patience": -1}, "wire.json: restart_patience: a number of seconds from 0 to 4095"),
        ({"realtime_priority": True}, "wire.json: realtime_priority: a whole number from 0 (none) to 99"),
        ({"listen_port": 0}, "wire.json: listen_port: null or a port from 1 to 65535 is expected, not 0"),
        ({"listen_port": True}, "wire.json: listen_port: null or a port from 1 to 65535 is expected, not True"),
        ({"layer2_refresh": 9}, "wire.json: layer2_refresh: a number of seconds from 10 to 86400, or 0 (never)"),
        ({"layer2_refresh": True}, "wire.json: layer2_refresh: a number of seconds from 10 to 86400, or 0 (never)"),
        ({"heartbeat": []}, "wire.json: heartbeat: an object is expected"),
        ({"heartbeat": {"key_file": "/k"}}, "wire.json: heartbeat: node: this node's name, of up to 253 octets, is"),
        ({"heartbeat": {"node": "a"}}, "wire.json: heartbeat: key_file: the path of a file with a key is expected"),
        ({"heartbeat": {"node": "a", "key_file": "k"}}, "heartbeat: key_file: an absolute path is expected, not 'k'"),
        ({"heartbeat": {"node": "a", "key_file": "/k", "interval_ms": 99}}, "interval_ms: a whole number from 100 to"),
        ({"heartbeat": {"node": "a", "key_file": "/k", "multiplier": 1}}, "multiplier: a whole number from 2 to 10"),
        ({"heartbeat": {"node": "a", "key_file": "/k", "port": 0}}, "heartbeat: port: a whole number from 1 to 65535"),
        ({"heartbeat": {"node": "a", "key": "secret"}}, "wire.json: heartbeat: unknown key 'key'; known are node"),
        ({"exclude_interfaces": "veth"}, "wire.json: exclude_interfaces: a list of patterns is expected"),
        ({"exclude_interfaces": ["("]}, "wire.json: exclude_interfaces: '(' is no regular expression"),
    ],
)
def test_errors_name_the_place(value: Any, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse("wire.json", value)
    assert words in str(caught.value)


def test_check_reads_and_leaves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "wire.json"
    path.write_text(json.dumps({"log_level": "debug"}))
    assert program.main(["wire", "--check", "--config", str(path)]) == 0
    path.write_text("{")
    assert program.main(["wire", "--check", "--config", str(path)]) == 2
    assert f"{path}: no JSON" in capsys.readouterr().err
    with pytest.raises(ConfigError, match="No such file"):
        load(str(tmp_path / "absent.json"))


@pytest.mark.parametrize(("words", "status"), [([], 2), (["wirre"], 2), (["--help"], 0)])
def test_no_command_shows_the_usage(words: list[str], status: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(words) == status
    shown = capsys.readouterr()
    assert "usage: dualstack-speaker COMMAND" in (shown.err if status else shown.out)
