# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's configuration: what is accepted, and errors that name the key."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
import yaml

from dualstack_speaker.controller.config import Timing, parse
from dualstack_speaker.controller.main import run
from dualstack_speaker.observe.config_file import ConfigError


def test_nothing_is_needed() -> None:
    config = parse("x", {})
    assert (config.kubeconfig, config.namespace, config.lease) == (None, "metallb-system", "dualstack-controller")
    assert config.identity == socket.gethostname()
    assert config.timing == Timing(15.0, 10.0, 2.0) and config.rest == 300.0
    assert config.metrics is None and config.health is None and config.load_balancer_class is None


GOLDEN = Path(__file__).parents[3] / "golden"
ON_HOST = {"kubernetes": {"kubeconfig": "/etc/k"}}


def test_everything_that_can_be_said() -> None:
    config = parse(
        "x",
        {
            "kubernetes": {"kubeconfig": "/etc/k", "namespace": "lb"},
            "identity": "node1",
            "lease": {"name": "ours", "duration": 3, "renew_deadline": 2.0, "retry_period": 0.5},
            "load_balancer_class": "example.com/lb",
            "rest": 0,
            "status_socket": "/run/s",
            "metrics": "[::1]:7474",
            "health": "[::]:8080",
            "log_level": "debug",
        },
    )
    assert (config.kubeconfig, config.namespace, config.lease) == ("/etc/k", "lb", "ours")
    assert config.timing == Timing(3.0, 2.0, 0.5)
    assert (config.metrics, config.health) == (("::1", 7474), ("::", 8080))


@pytest.mark.parametrize(("text", "listens"), [("0.0.0.0:7474", ("0.0.0.0", 7474)), ("[::]:7474", ("::", 7474))])
def test_in_a_pod_metrics_are_for_the_network(text: str, listens: tuple[str, int]) -> None:
    """Nobody reaches a pod's loopback; on a host it is the only place."""
    assert parse("x", {"metrics": text}).metrics == listens


@pytest.mark.parametrize(("tree", "anywhere"), [("small", "0.0.0.0"), ("ipv6-only", "::"), ("ipv6-first", "::")])
def test_what_the_pods_are_told_can_be_scraped(tree: str, anywhere: str) -> None:
    objects = yaml.safe_load((GOLDEN / tree / "kubernetes.yml").read_text())
    told = next(found["data"]["controller.json"] for found in objects if "controller.json" in found.get("data", ()))
    config = parse("x", json.loads(told))
    pods = {
        found["kind"]: found["spec"]["template"]["spec"] for found in objects if "template" in found.get("spec", ())
    }
    ports = {port["name"]: port["containerPort"] for port in pods["Deployment"]["containers"][0]["ports"]}
    assert (config.metrics, config.health) == ((anywhere, ports["metrics"]), (anywhere, ports["health"]))
    for pod in pods.values():
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}


def test_null_counts_as_absent() -> None:
    keys = ("kubernetes", "identity", "lease", "load_balancer_class", "rest", "metrics", "health")
    assert parse("x", dict.fromkeys(keys)) == parse("x", {})


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ([], "x: an object"),
        ({"reset": 5}, "x: unknown key 'reset'; did you mean 'rest'?"),
        ({"rest": -1}, "x: rest: "),
        ({"rest": True}, "x: rest: "),
        ({"rest": "300"}, "x: rest: "),
        ({"identity": ""}, "x: identity: "),
        ({"load_balancer_class": 1}, "x: load_balancer_class: "),
        ({"status_socket": "here"}, "x: status_socket: an absolute path"),
        ({**ON_HOST, "metrics": "0.0.0.0:1"}, "x: metrics: loopback"),
        ({**ON_HOST, "metrics": "[2001:db8::1]:1"}, "x: metrics: loopback"),
        ({"metrics": "host:1"}, "x: metrics: an IP address"),
        ({"health": "host:1"}, "x: health: an IP address"),
        ({"log_level": "all"}, "x: log_level: "),
        ({"kubernetes": "/etc/k"}, "x: kubernetes: an object"),
        ({"kubernetes": {"kubeconfig": "k"}}, "x: kubernetes: kubeconfig: an absolute path"),
        ({"kubernetes": {"namespace": "a b"}}, "x: kubernetes: namespace: "),
        ({"kubernetes": {"name_space": "a"}}, "x: kubernetes: unknown key"),
        ({"lease": {"name": ""}}, "x: lease: name: "),
        ({"lease": {"duration": "15s"}}, "x: lease: duration: "),
        ({"lease": {"duration": 10}}, "10 > 10 > 2 × 2 > 0"),
        ({"lease": {"retry_period": 5}}, "15 > 10 > 2 × 5 > 0"),
        ({"lease": {"retry_period": 0}}, "15 > 10 > 2 × 0 > 0"),
    ],
)
def test_errors_name_the_key(value: Any, named: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse("x", value)
    assert named in str(caught.value)


def test_a_check_of_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "controller.json"
    path.write_text("{}")
    assert run(["--config", str(path), "--check"]) == 0
    path.write_text('{"rest": "long"}')
    assert run(["--config", str(path), "--check"]) == 2
    assert capsys.readouterr().err.startswith(f"{path}: rest: ")
