# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Annotations of a BGPPeer that only our speaker reads: what they say, what is refused, who passes over them."""

from __future__ import annotations

from typing import Any

import pytest

from dualstack.findings import ERROR, WARNING
from dualstack.resources import extensions, modes
from dualstack.resources.collection import parse

ADDRESSES = ["10.0.1.1", "2001:db8:dc:1::1"]


def peer(address: str, **annotations: Any) -> dict[str, Any]:
    named = {f"baremetal.dualstack/{name.replace('_', '-')}": value for name, value in annotations.items()}
    return {
        "apiVersion": "metallb.io/v1beta2",
        "kind": "BGPPeer",
        "metadata": {"name": "tor1", "annotations": {**named, "example.com/owner": "net"}},
        "spec": {"myASN": 64512, "peerASN": 64500, "peerAddress": address},
    }


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("mode", modes.MODES)
@pytest.mark.parametrize(("name", "value"), [("ttl", 3), ("ttl_security", 1), ("passive", True)])
def test_a_value_is_read_and_metallb_passes_over_it(name: str, value: int, mode: str, address: str) -> None:
    resources, findings = parse([peer(address, **{name: str(value).lower()})])
    assert not findings
    assert getattr(resources.peers["tor1"], name) == value
    said = [
        (found.severity, found.path)
        for found in modes.peer(resources.peers["tor1"], mode)
        if "annotations" in found.path
    ]
    place = f"BGPPeer tor1: metadata.annotations.baremetal.dualstack/{name.replace('_', '-')}"
    assert said == ([] if mode == modes.SPEAKER else [(WARNING, place)])


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize(
    ("annotations", "rule"),
    [
        ({"ttl_security": "one"}, "syntax"),
        ({"ttl_security": "0"}, "range"),
        ({"ttl": "256"}, "range"),
        ({"ttl": "-1"}, "syntax"),
        ({"ttl": "3", "ttl_security": "3"}, "ttl"),
        ({"passive": "yes"}, "syntax"),
    ],
)
def test_what_can_t_be_read_refuses_the_peer(annotations: dict[str, str], rule: str, address: str) -> None:
    resources, findings = parse([peer(address, **annotations)])
    assert not resources.peers
    assert [(found.id, found.severity) for found in findings] == [(rule, ERROR)]
    assert findings[0].path.startswith("BGPPeer default/tor1: metadata.annotations.baremetal.dualstack/")


@pytest.mark.parametrize("value", [True, False])
def test_a_passive_peer_is_written_as_it_was_read(value: bool) -> None:
    resources, _unused = parse([peer(ADDRESSES[0], passive=str(value).lower())])
    said = extensions.said(resources.peers["tor1"])
    assert said == ({"baremetal.dualstack/passive": "true"} if value else {})
