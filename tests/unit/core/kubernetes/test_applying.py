# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an apply would change, tokens, and kubeconfigs: the parts without a cluster."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from dualstack.kubernetes import applying, secrets, tokens
from dualstack.render import controller, kubeconfig
from dualstack_speaker.controller import config

ACCOUNT = "metallb-system:dualstack-speaker"


def token(life: float = 1000, **claims: Any) -> str:
    """One that was issued at 0."""
    owner = {"serviceaccount": {"uid": "u1"}}
    given = {"sub": f"system:serviceaccount:{ACCOUNT}", "iat": 0, "exp": life, "kubernetes.io": owner, **claims}
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, given))
    return ".".join([*parts, "signature"])


@pytest.mark.parametrize(
    ("text", "now", "said"),
    [
        (token(), 0, ""),
        (token(), 750, ""),
        (token(), 751, "it expires soon"),
        (token(), 1000, "it has expired"),
        ("", 0, "there is none"),
        ("one.two", 0, "it is not readable"),
        ("one.!!.three", 0, "it is not readable"),
        (token(sub="system:serviceaccount:metallb-system:another"), 0, "it is of another account"),
        (token(**{"kubernetes.io": {"serviceaccount": {"uid": "u2"}}}), 0, "its account was made anew"),
        (token(exp=None), 0, "it does not say how long it is valid"),
    ],
)
def test_a_token_is_good_for_a_while(text: str, now: float, said: str) -> None:
    assert tokens.trouble(text, ACCOUNT, "u1", now) == said


def pool(name: str, **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "metallb-system"}
    return {"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool", "metadata": metadata, "spec": spec}


def live(item: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """As an API server returns it."""
    metadata = {**item["metadata"], "uid": "u", "resourceVersion": "7", "managedFields": [{}], "generation": 3}
    return {**item, "metadata": metadata, "spec": {**item["spec"], **spec}, "status": {"availableIPv4": 1}}


def test_what_the_server_keeps_is_no_difference() -> None:
    wanted = pool("a", addresses=["10.0.0.0/24"])
    assert applying.changes([live(wanted)], [live(wanted)]) == []
    (change,) = applying.changes([live(wanted)], [live(wanted, autoAssign=False)])
    assert "autoAssign" not in change.diff()["before"] and "autoAssign" in change.diff()["after"]
    assert applying.changes([], [wanted])[0].before is None


def test_fields_of_others_are_left_over_and_defaults_are_not() -> None:
    wanted = pool("a", addresses=["10.0.0.0/24"])
    assert applying.replacements([live(wanted, autoAssign=True, avoidBuggyIPs=False)], [wanted]) == []
    old = live(wanted, autoAssign=False)
    old["metadata"]["labels"] = {"of": "people"}
    (replaced,) = applying.replacements([old], [wanted])
    assert replaced["spec"] == wanted["spec"] and replaced["metadata"]["labels"] == {"of": "people"}
    assert "resourceVersion" not in replaced["metadata"]


def test_only_what_has_the_label_goes() -> None:
    kept, gone = pool("kept"), pool("gone")
    assert [str(each.identity) for each in applying.stale([kept, gone], [kept])] == [
        "IPAddressPool metallb-system/gone"
    ]
    marked = applying.labelled([kept, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}], "demo")
    assert marked[0]["metadata"]["labels"] == {applying.LABEL: "demo"} and "labels" not in marked[1]["metadata"]


@pytest.mark.parametrize("before", [None, "old-password", "new-password"])
def test_a_diff_shows_no_secret(before: str | None) -> None:
    after = secrets.of_session("bgp-auth", "new-password", "metallb-system", "demo")
    old = None if before is None else secrets.of_session("bgp-auth", before, "metallb-system", "demo")
    text = json.dumps(applying.Change(applying.identity(after), old, after).diff())
    for password in ("old-password", "new-password"):
        assert password not in text and base64.b64encode(password.encode()).decode() not in text
    assert ("changed" in text) == (before == "old-password")


def test_a_kubeconfig_names_a_token_and_holds_none() -> None:
    api = kubeconfig.Api("metallb-system", "https://[2001:db8::1]:6443", "Q0E=", "kubernetes")
    read = json.loads(kubeconfig.text(api, "/var/lib/x/token"))
    assert read["users"][0]["user"] == {"tokenFile": "/var/lib/x/token"}
    assert read["clusters"][0]["cluster"] == {
        "server": api.server,
        "certificate-authority-data": "Q0E=",
        "tls-server-name": "kubernetes",
    }
    assert set(controller.render(api, controller.Options())) == {"controller.json", "controller.kubeconfig"}
    assert set(controller.render(api._replace(in_pod=True), controller.Options())) == {"controller.json"}


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_the_controller_takes_what_it_is_told(level: str) -> None:
    """Every level that the role knows, and every other option, is one that the daemon knows."""
    api = kubeconfig.Api("metallb-system", "https://[2001:db8::1]:6443")
    lease = {"duration": 30, "renew_deadline": 20, "retry_period": 4}
    options = controller.Options("example.com/ours", 0, "[::]:17473", None, level, lease)
    read = config.parse("controller.json", json.loads(controller.render(api, options)["controller.json"]))
    assert (read.log_level, read.load_balancer_class, read.rest, read.metrics) == (level, "example.com/ours", 0, None)
    specs = Path(__file__).resolve().parents[4] / "roles" / "controller" / "meta" / "argument_specs.yml"
    told = yaml.safe_load(specs.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    assert level in told["controller_log_level"]["choices"] and len(told["controller_log_level"]["choices"]) == 4
