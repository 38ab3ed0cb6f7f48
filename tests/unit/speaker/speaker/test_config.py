# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The speaker's configuration: what is accepted, and errors that name the key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dualstack_speaker.observe.config_file import ConfigError
from dualstack_speaker.speaker.config import load, parse


def test_only_the_node_is_needed() -> None:
    config = parse("x", {"node": "node1"})
    assert config.node == "node1"
    assert config.metrics is None
    assert config.resources == "/etc/dualstack/resources"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("127.0.0.1:7473", ("127.0.0.1", 7473)), ("[::1]:7473", ("::1", 7473)), ("127.0.0.1:0", ("127.0.0.1", 0))],
)
def test_metrics_listen_on_loopback_of_either_family(text: str, expected: tuple[str, int]) -> None:
    assert parse("x", {"node": "n", "metrics": text}).metrics == expected


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ([], "an object"),
        ({}, "node"),
        ({"node": ""}, "node"),
        ({"node": 1}, "node"),
        ({"node": "n", "nodes": "m"}, "did you mean 'node'?"),
        ({"node": "n", "resources": "relative"}, "resources"),
        ({"node": "n", "wire_socket": 5}, "wire_socket"),
        ({"node": "n", "router_id": "2001:db8::1"}, "router_id"),
        ({"node": "n", "router_id": "10.0.0"}, "router_id"),
        ({"node": "n", "addresses": "10.0.0.1"}, "addresses"),
        ({"node": "n", "addresses": ["10.0.0.1/24"]}, "addresses"),
        ({"node": "n", "metrics": "0.0.0.0:7473"}, "metrics"),
        ({"node": "n", "metrics": "[2001:db8::1]:7473"}, "metrics"),
        ({"node": "n", "metrics": "127.0.0.1"}, "metrics"),
        ({"node": "n", "metrics": "127.0.0.1:99999"}, "metrics"),
        ({"node": "n", "log_level": "loud"}, "log_level"),
        ({"node": "n", "ignore_exclude_label": "yes"}, "ignore_exclude_label"),
        ({"node": "n", "load_balancer_class": 5}, "load_balancer_class"),
    ],
)
def test_errors_name_the_key(value: Any, named: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse("speaker.json", value)
    assert str(caught.value).startswith("speaker.json: ")
    assert named in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load(str(tmp_path / "none.json"))
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    with pytest.raises(ConfigError, match="no JSON"):
        load(str(tmp_path / "bad.json"))
    (tmp_path / "good.json").write_text(json.dumps({"node": "n", "router_id": None}), encoding="utf-8")
    assert load(str(tmp_path / "good.json")).router_id is None
