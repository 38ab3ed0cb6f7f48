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
from dualstack_speaker.speaker.config import default_path, load, parse


def test_commands_in_a_pod_find_the_file_of_its_node(tmp_path: Path) -> None:
    host = str(tmp_path / "speaker.json")
    (tmp_path / "speaker-node1.json").touch()
    assert default_path(tmp_path, None) == default_path(tmp_path, "node2") == host
    assert default_path(tmp_path, "node1") == str(tmp_path / "speaker-node1.json")


def test_only_the_node_is_needed() -> None:
    config = parse("x", {"node": "node1"})
    assert config.node == "node1"
    assert config.metrics is None
    assert config.resources == "/etc/dualstack/resources"


def test_what_metallb_has_flags_for() -> None:
    """MetalLB 8: --lb-class, --ignore-exclude-lb, --log-level, --namespace, --node-name."""
    plain = parse("x", {"node": "node1", "kubernetes": {}})
    assert (plain.load_balancer_class, plain.ignore_exclude_label, plain.log_level) == (None, False, "info")
    given = {
        "node": "node1",
        "load_balancer_class": "example.com/lb",
        "ignore_exclude_label": True,
        "log_level": "debug",
        "kubernetes": {"namespace": "lb"},
    }
    config = parse("x", given)
    assert (config.load_balancer_class, config.ignore_exclude_label) == ("example.com/lb", True)
    assert config.log_level == "debug"
    assert config.kubernetes is not None and config.kubernetes.namespace == "lb"


def test_an_api_server_takes_the_place_of_the_folder() -> None:
    assert parse("x", {"node": "n"}).kubernetes is None
    assert parse("x", {"node": "n", "kubernetes": {"kubeconfig": None}}).kubernetes == (None, "metallb-system", "local")
    given = {"kubeconfig": "/k", "namespace": "lb", "endpoints": "all"}
    assert parse("x", {"node": "n", "kubernetes": given}).kubernetes == ("/k", "lb", "all")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("127.0.0.1:7473", ("127.0.0.1", 7473)), ("[::1]:7473", ("::1", 7473)), ("127.0.0.1:0", ("127.0.0.1", 0))],
)
def test_metrics_listen_on_loopback_of_either_family(text: str, expected: tuple[str, int]) -> None:
    for name in ("metrics", "health"):
        assert getattr(parse("x", {"node": "n", name: text}), name) == expected


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
        ({"node": "n", "health": "0.0.0.0:17472"}, "health"),
        ({"node": "n", "log_level": "loud"}, "log_level"),
        ({"node": "n", "ignore_exclude_label": "yes"}, "ignore_exclude_label"),
        ({"node": "n", "load_balancer_class": 5}, "load_balancer_class"),
        ({"node": "n", "kubernetes": []}, "kubernetes: an object"),
        ({"node": "n", "kubernetes": {"kubeconfig": "relative"}}, "kubernetes: kubeconfig"),
        ({"node": "n", "kubernetes": {"namespace": ""}}, "kubernetes: namespace"),
        ({"node": "n", "kubernetes": {"endpoints": "some"}}, "kubernetes: endpoints"),
        ({"node": "n", "kubernetes": {"kubeconfg": "/k"}}, "did you mean 'kubeconfig'?"),
        ({"node": "n", "kubernetes": {}, "resources": "/etc/x"}, "resources: nothing beside kubernetes"),
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
