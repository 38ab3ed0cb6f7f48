# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Annotations of a BGPPeer or BGPAdvertisement that only our speaker reads: what they say, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from dualstack.findings import ERROR, WARNING, Finding
from dualstack.resources import extensions, modes, write
from dualstack.resources.collection import parse
from dualstack.resources.held import held_wish
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


SOURCES = {
    "10.0.1.1": {"10.0.1.0/24": "10.0.1.0/24", "eth1": "eth1", "br-lan.20": "br-lan.20"},
    "2001:db8:dc:1::1": {"2001:DB8:dc:1::/64": "2001:db8:dc:1::/64", "eth1": "eth1", "lo": "lo"},
}


@pytest.mark.parametrize(
    ("address", "text", "source"), [(address, *pair) for address, texts in SOURCES.items() for pair in texts.items()]
)
def test_the_source_of_a_peer_is_an_interface_or_a_network(address: str, text: str, source: str) -> None:
    """MetalLB 12.7: sourceAddress is one address for all nodes (issue 2067); its modes pass over the annotation."""
    resources, findings = parse([peer(address, source=text)])
    assert not findings
    entry = resources.peers["tor1"]
    assert entry.source == source
    (written,) = [each for each in write.objects(resources) if each["kind"] == "BGPPeer"]
    assert parse([written])[0].peers["tor1"] == entry
    for mode in modes.MODES:
        said = [found.path for found in modes.peer(entry, mode) if found.path.endswith("baremetal.dualstack/source")]
        assert len(said) == (mode != modes.SPEAKER)


@pytest.mark.parametrize(
    ("address", "text", "rule", "fix"),
    [
        ("10.0.1.1", "10.0.1.11", "source", "spec.sourceAddress"),
        ("2001:db8:dc:1::1", "2001:db8:dc:1::11", "source", "spec.sourceAddress"),
        ("10.0.1.1", "10.0.1.11/24", "source", "a network such as"),
        ("2001:db8:dc:1::1", "2001:db8:dc:1::11/64", "source", "a network such as"),
        ("10.0.1.1", "2001:db8:dc:1::/64", "source", "family of peerAddress"),
        ("2001:db8:dc:1::1", "10.0.1.0/24", "source", "family of peerAddress"),
        ("10.0.1.1", "an interface", "syntax", ""),
        ("2001:db8:dc:1::1", "eth0123456789012", "syntax", ""),
    ],
)
def test_a_source_that_can_t_be_one_refuses_the_peer(address: str, text: str, rule: str, fix: str) -> None:
    resources, findings = parse([peer(address, source=text)])
    assert not resources.peers
    assert [(found.id, found.severity, found.value) for found in findings] == [(rule, ERROR, text)]
    assert findings[0].path == "BGPPeer default/tor1: metadata.annotations.baremetal.dualstack/source"
    assert fix in findings[0].fix


@pytest.mark.parametrize(("address", "source"), [("10.0.1.1", "10.0.1.11"), ("2001:db8:dc:1::1", "2001:db8:dc:1::11")])
def test_a_source_beside_another_one_is_told(address: str, source: str) -> None:
    stated, unnumbered = peer(address, source="eth1"), peer(address, source="eth1")
    stated["spec"]["sourceAddress"] = source
    unnumbered["spec"]["interface"] = "eth1"
    del unnumbered["spec"]["peerAddress"]
    for given, reason in ((stated, "stands beside spec.sourceAddress"), (unnumbered, "is for peers with an address")):
        resources, findings = parse([given])
        assert not resources.peers
        assert [found.id for found in findings] == ["source"] and findings[0].reason.startswith(reason)


def families_of(kind: str, text: Any) -> dict[str, Any]:
    annotations = {"baremetal.dualstack/families": text}
    metadata = {"name": "a", "namespace": "metallb-system", "annotations": annotations}
    return {"apiVersion": "metallb.io/v1beta1", "kind": kind, "metadata": metadata, "spec": {}}


KINDS = {"BGPAdvertisement": "bgp_advertisements", "L2Advertisement": "l2_advertisements"}


@pytest.mark.parametrize(
    ("text", "families"), [("ipv4", ("ipv4",)), ("ipv6", ("ipv6",)), ("ipv6, ipv4", ("ipv4", "ipv6"))]
)
@pytest.mark.parametrize("kind", KINDS)
def test_an_advertisement_is_for_the_families_of_its_annotation(kind: str, text: str, families: Any) -> None:
    """MetalLB 12.7: no advertisement is for one family (issue 1757); its modes pass over the annotation."""
    resources, findings = parse([families_of(kind, text)])
    assert not findings
    advert = getattr(resources, KINDS[kind])["a"]
    assert advert.families == families
    (written,) = write.objects(resources)
    assert getattr(parse([written])[0], KINDS[kind])["a"] == advert
    for mode in modes.MODES:
        said = [(found.severity, found.path) for found in modes.check(resources, mode)]
        place = f"{kind} a: metadata.annotations.baremetal.dualstack/families"
        alone = len(families) == 1 and mode != modes.SPEAKER
        assert said == ([(WARNING, place)] if alone else [])


@pytest.mark.parametrize("text", ["", "ipv5", "IPv6", "ipv4;ipv6", 6])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_family_refuses_the_advertisement(kind: str, text: Any) -> None:
    resources, findings = parse([families_of(kind, text)])
    assert not getattr(resources, KINDS[kind])
    place = f"{kind} metallb-system/a: metadata.annotations.baremetal.dualstack/families"
    assert [(found.id, found.severity, found.path) for found in findings] == [("syntax", ERROR, place)]
    assert '"ipv6"' in findings[0].fix


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


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_misspelled_annotation_is_told_with_the_nearest_name_and_the_object_counts(address: str) -> None:
    """MetalLB passes over misspelled annotations in silence."""
    given = peer(address, ttl=3, ttl_securty=1, drain=5)
    resources, found = parse([given])
    assert resources.peers["tor1"].ttl == 3
    where = "BGPPeer default/tor1: metadata.annotations.baremetal.dualstack/"
    assert [(one.id, one.severity, one.path) for one in found] == [
        ("unknown-annotation", WARNING, f"{where}ttl-securty"),
        ("unknown-annotation", WARNING, f"{where}drain"),
    ]
    assert "did you mean 'baremetal.dualstack/ttl-security'?" in found[0].fix
    assert "means something on a Node, not on a BGPPeer" in found[1].reason


@pytest.mark.parametrize("family", ["IPv4", "IPv6"])
def test_a_misspelled_annotation_of_a_service_reaches_its_author(family: str) -> None:
    metadata = {"name": "web", "namespace": "d", "annotations": {"baremetal.dualstack/ipmode": "Proxy"}}
    spec = {
        "type": "LoadBalancer",
        "ipFamilies": [family],
        "clusterIPs": ["10.96.0.1" if family == "IPv4" else "fd00::1"],
    }
    found: list[Finding] = []
    wish = held_wish({"metadata": metadata, "spec": spec, "apiVersion": "v1", "kind": "Service"}, found.append)
    assert wish is not None and wish.problem == "" and wish.ip_mode == "VIP"
    assert [one.id for one in found] == ["unknown-annotation"] and "baremetal.dualstack/ip-mode" in found[0].fix
