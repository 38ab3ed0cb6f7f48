# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Annotations of a BGPPeer or BGPAdvertisement that only our speaker reads: what they say, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from dualstack.findings import ERROR, WARNING
from dualstack.resources import extensions, modes, write
from dualstack.resources.collection import parse
from dualstack_speaker.link.extended import parse as wire_reads

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


def advertisement(communities: Any) -> dict[str, Any]:
    annotations = {extensions.EXTENDED_COMMUNITIES: communities, "example.com/owner": "net"}
    metadata = {"name": "a", "namespace": "metallb-system", "annotations": annotations}
    return {"apiVersion": "metallb.io/v1beta1", "kind": "BGPAdvertisement", "metadata": metadata, "spec": {}}


@pytest.mark.parametrize("mode", modes.MODES)
def test_extended_communities_are_read_and_metallb_passes_over_them(mode: str) -> None:
    texts = ["rt:64512:4294967295", "soo:10.0.1.1:65535", "rt:4200000512:1", "0x030B000000000001"]
    resources, findings = parse([advertisement(f"{texts[0]}, {texts[1]},{texts[2]} {texts[3]}")])
    assert not findings
    advert = resources.bgp_advertisements["a"]
    assert advert.extended_communities == tuple(texts)
    (written,) = [each for each in write.objects(resources) if each["kind"] == "BGPAdvertisement"]
    assert parse([written])[0].bgp_advertisements["a"] == advert
    said = [found.severity for found in modes.check(resources, mode) if "extended-communities" in found.path]
    assert said == ([] if mode == modes.SPEAKER else [WARNING])
    for text in texts:
        wire_reads(text)


@pytest.mark.parametrize(
    "text",
    ["64512:1", "rt:1", "rt:1:4294967296", "rt:65536:65536", "rt:4294967296:1", "rt:10.0.0.256:1", "rt:10.0.0:1",
     "rt:10.0.0.01:1", "rt:10.0.0.1:65536", "rt:2001:db8::1:1", "0x01", "0x00000000000000000", 7],
)  # fmt: skip
def test_what_is_no_extended_community_refuses_the_advertisement(text: Any) -> None:
    resources, findings = parse([advertisement(text)])
    assert not resources.bgp_advertisements
    assert [(found.id, found.severity, found.value) for found in findings] == [("community", ERROR, str(text))]
    assert findings[0].path.endswith("metadata.annotations.baremetal.dualstack/extended-communities")
    with pytest.raises(ValueError, match=r"^(is no extended community|is not an IP address|has a)"):
        wire_reads(str(text))
