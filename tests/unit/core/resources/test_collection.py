# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects in, frozen data and findings out."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from dualstack.findings import ERROR, WARNING
from dualstack.resources import modes
from dualstack.resources.collection import Collection, Judge, UnnamedObject, key_of, parse
from dualstack.resources.model import Key

Object = dict[str, Any]


def metallb(kind: str, name: str, spec: Object, version: str = "v1beta1", **metadata: Any) -> Object:
    return {
        "apiVersion": f"metallb.io/{version}",
        "kind": kind,
        "metadata": {"name": name, "namespace": "metallb-system", **metadata},
        "spec": spec,
    }


def peer(name: str = "tor1", **spec: Any) -> Object:
    return metallb("BGPPeer", name, {"myASN": 64512, "peerASN": 64500, "peerAddress": "10.0.1.1", **spec}, "v1beta2")


def service(name: str, *addresses: str, **extra: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"type": "LoadBalancer", **extra},
        "status": {"loadBalancer": {"ingress": [{"ip": address, "ipMode": "VIP"} for address in addresses]}},
    }


def told(severity: str, objects: tuple[Object, ...], judge: Judge | None = None) -> list[str]:
    findings = (parse(objects, judge) if judge else parse(objects))[1]
    return [str(finding) for finding in findings if finding.severity == severity]


def errors(*objects: Object) -> list[str]:
    return told(ERROR, objects)


def warnings(*objects: Object) -> list[str]:
    return told(WARNING, objects)


# --- pools


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("192.0.2.0/25", "192.0.2.0/25"),
        ("192.0.2.9/25", "192.0.2.0/25"),
        ("192.0.2.10-192.0.2.12", "192.0.2.10-192.0.2.12"),
        ("2001:db8::/64", "2001:db8::/64"),
        ("2001:db8::1/64", "2001:db8::/64"),
        ("2001:db8::a-2001:db8::c", "2001:db8::a-2001:db8::c"),
    ],
)
def test_pool_entries_of_both_families(text: str, shown: str) -> None:
    """MetalLB 3.1.3: ranges are inclusive, ascending, blanks around the dash allowed."""
    resources, findings = parse([metallb("IPAddressPool", "p", {"addresses": [text]})])
    assert not findings
    assert [str(block) for block in resources.pools["p"].blocks] == [shown]
    assert resources.pools["p"].auto_assign


@pytest.mark.parametrize(
    "text",
    [
        "010.0.0.0/24",
        "2001:db8:prod::/64",
        "10.0.0.9-10.0.0.5",
        "10.0.0.1-fc00::1",
        "::ffff:10.0.0.0/95",
        "::ffff:10.0.0.0",
        7,
        "",
    ],
)
def test_bad_pool_entries_name_their_place(text: Any) -> None:
    """MetalLB 3.1.1: a pool needs addresses and a name."""
    found = errors(metallb("IPAddressPool", "p", {"addresses": ["192.0.2.0/24", text]}))
    assert len(found) == 1
    assert found[0].startswith("error: IPAddressPool metallb-system/p: spec.addresses[1]")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("::ffff:c000:209/127", "192.0.2.8/31"),
        ("::ffff:192.0.2.1 - ::ffff:192.0.2.9", "192.0.2.1-192.0.2.9"),
    ],
)
def test_a_stored_pool_of_mapped_addresses_is_ipv4(text: str, shown: str) -> None:
    """MetalLB 3.1.4: Services have had addresses of it, and keep them; the blocks of IPv6 beside it count as before."""
    resources, findings = parse([metallb("IPAddressPool", "p", {"addresses": [text, "2001:db8:1::/64"]})])
    (finding,) = findings
    assert (finding.id, finding.severity, finding.value) == ("mapped", WARNING, text)
    assert finding.path.endswith("spec.addresses[0]") and shown.replace(" ", "") in finding.fix
    assert [str(block) for block in resources.pools["p"].blocks] == [shown, "2001:db8:1::/64"]


# --- unknown things


@pytest.mark.parametrize(
    ("given", "place", "hint"),
    [
        (peer(nodeSelector=[]), "spec.nodeSelector", "'nodeSelectors'"),
        (metallb("L2Advertisement", "a", {"interface": ["eth0"]}), "spec.interface", "'interfaces'"),
        (metallb("BGPAdvertisement", "a", {"peer": ["a"]}), "spec.peer", "'peers'"),
        (metallb("IPAddresPool", "a", {}), "IPAddresPool", "'IPAddressPool'"),
        ({**metallb("Community", "a", {}), "specs": {}}, "specs", "'spec'"),
    ],
)
def test_an_unknown_name_is_an_error_with_the_nearest_known_one(given: Object, place: str, hint: str) -> None:
    found = errors(given)
    assert len(found) == 1
    assert place in found[0] and hint in found[0]


def test_objects_of_others_are_mentioned_and_not_used() -> None:
    given = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}}
    assert "apps/v1 Deployment is not used" in warnings(given)[0]


@pytest.mark.parametrize("given", [peer(), metallb("IPAddressPool", "p", {"addresses": ["192.0.2.0/24"]})])
def test_an_unknown_version_is_refused(given: Object) -> None:
    newest = given["apiVersion"]
    assert f"Write apiVersion: {newest}" in errors({**given, "apiVersion": "metallb.io/v1"})[0]


def test_a_kind_that_is_gone_is_refused_with_what_replaces_it() -> None:
    found = errors(metallb("AddressPool", "old", {"protocol": "bgp", "addresses": ["2001:db8::/64"]}))
    assert "IPAddressPool" in found[0]


@pytest.mark.parametrize("given", [{}, {"kind": "Node"}, {"apiVersion": "v1", "kind": "Node", "metadata": {}}])
def test_an_object_without_a_name_cannot_be_kept(given: Object) -> None:
    with pytest.raises(UnnamedObject):
        key_of(given)
    assert errors(given)


# --- peers


@pytest.mark.parametrize(
    ("hold", "keepalive", "expected"),
    [
        (None, None, (90, 30)),
        ("9s", None, (9, 3)),
        (None, "4s", (12, 4)),
        ("1m30s", "10s", (90, 10)),
        ("0s", "0s", (0, 0)),
        (None, "0s", (0, 0)),
        ("90s", "0s", (90, 30)),
        ("9000ms", "3s", (9, 3)),
        ("3000000µs", "1000000000ns", (3, 1)),
    ],
)
def test_timers(hold: str | None, keepalive: str | None, expected: tuple[int, int]) -> None:
    """MetalLB 3.4.23: hold and keepalive from each other; 0 or at least 3 s; fractions cut off."""
    resources, findings = parse([peer(holdTime=hold, keepaliveTime=keepalive)])
    assert not findings
    assert resources.peers["tor1"].timers[:2] == expected


@pytest.mark.parametrize(("text", "seconds"), [("9500ms", 9), ("500ms", 0)])
def test_parts_of_a_second_are_cut_off_and_that_is_said(text: str, seconds: int) -> None:
    resources, findings = parse([peer(holdTime=text, keepaliveTime="0s")])
    assert resources.peers["tor1"].hold_time == seconds
    assert [(finding.id, finding.severity) for finding in findings] == [("fraction", "warning")]


@pytest.mark.parametrize("given", [90, "90"])
def test_the_fix_of_a_number_is_the_duration(given: Any) -> None:
    assert '"90s"' in errors(peer(holdTime=given))[0]


@pytest.mark.parametrize(
    "spec",
    [
        {"holdTime": "2s"},
        {"holdTime": 90},
        {"holdTime": "90"},
        {"holdTime": "9s", "keepaliveTime": "10s"},
        {"holdTime": "0s", "keepaliveTime": "30s"},
        {"connectTime": "500ms"},
        {"connectTime": "1500ms"},
        {"myASN": 0},
        {"peerASN": None},
        {"peerAddress": None},
        {"peerAddress": "tor1.example.com"},
        {"peerAddress": "2001:db8::1", "sourceAddress": "10.0.0.1"},
        {"peerPort": 16385},
        {"routerID": "2001:db8::1"},
        {"routerID": "0.0.0.0"},
        {"peerASN": 64512, "ebgpMultiHop": True},
        {"password": "clear", "passwordSecret": {"name": "s"}},
        {"interface": "eth0"},
        {"dynamicASN": "external"},
        {"dynamicASN": "outside", "peerASN": None},
    ],
)
def test_bad_peers(spec: Object) -> None:
    resources, findings = parse([peer(**spec)])
    assert [finding.severity for finding in findings] == [ERROR]
    assert not resources.peers


@pytest.mark.parametrize("spec", [{"vrf": "red"}, {"vrf": "red", "interface": "eth0", "peerAddress": None}])
def test_what_a_judge_refuses_leaves_the_last_good_version(spec: Object) -> None:
    assert not errors(peer(**spec))
    collection = Collection(modes.speaker)
    assert not collection.put(peer(**spec))
    assert collection.lost
    assert collection.put(peer())
    before = collection.resources()
    assert not collection.put(peer(**spec))
    assert collection.resources().peers == before.peers
    assert [finding.severity for finding in collection.findings()] == [ERROR]


def test_what_has_no_effect_yet_is_said() -> None:
    given = (
        peer(bfdProfile="fast", enableGracefulRestart=True),
        metallb("BFDProfile", "fast", {"echoMode": True}),
    )
    found = told(WARNING, given, modes.speaker)
    assert [text.split(": ")[2].split(" ")[0] for text in found] == ["spec.echoMode"]
    assert not warnings(*given)


@pytest.mark.parametrize("password", ["x" * 81, "", 12345678, "\ud800"])
def test_a_bad_password_is_not_repeated(password: Any) -> None:
    found = errors(peer(password=password))
    assert len(found) == 1
    assert not str(password) or str(password) not in found[0]


def test_no_password_in_representations() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "type": "kubernetes.io/basic-auth"}
    resources, _unused = parse([peer(password="hunter2"), {**secret, "stringData": {"password": "hunter3"}}])
    assert resources.peers["tor1"].password == "hunter2"
    assert resources.secrets["s"].password == "hunter3"
    assert "hunter" not in repr(resources)


@pytest.mark.parametrize(
    ("body", "password"),
    [
        ({"stringData": {"password": "a b"}}, "a b"),
        ({"data": {"password": base64.b64encode("schlüssel".encode()).decode()}}, "schlüssel"),
        ({"data": {"password": "not base64!"}}, None),
        ({"data": {"passwd": "YQ=="}}, None),
        ({}, None),
    ],
)
def test_secrets(body: Object, password: str | None) -> None:
    given = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s"},
        "type": "kubernetes.io/basic-auth",
        **body,
    }
    resources, findings = parse([given])
    assert (resources.secrets["s"].password if "s" in resources.secrets else None) == password
    assert bool(findings) == (password is None)


def test_a_secret_of_another_type_holds_no_password() -> None:
    given = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s"},
        "type": "Opaque",
        "data": {"password": "YQ=="},
    }
    assert not parse([given])[0].secrets
    assert "kubernetes.io/basic-auth" in warnings(given)[0]


# --- advertisements and communities


@pytest.mark.parametrize("text", ["64512:200", "0:0", "large:1:2:4294967295"])
def test_communities(text: str) -> None:
    given = metallb("Community", "c", {"communities": [{"name": "gold", "value": text}]})
    resources, findings = parse([given, metallb("BGPAdvertisement", "a", {"communities": ["gold", text]})])
    assert not findings
    assert resources.communities["c"].values == (("gold", text),)
    assert resources.bgp_advertisements["a"].communities == ("gold", text)


@pytest.mark.parametrize("text", ["99999999:1", "lar:1:2:3", "1:2:3", "large:1:2", "large:1:2:4294967296", "", 120])
def test_bad_communities(text: Any) -> None:
    """MetalLB 3.3.18: two parts of 16 bits, or large and three of 32; ``1:2:3`` counts as an alias that is not
    defined yet.
    """
    assert errors(metallb("Community", "c", {"communities": [{"name": "gold", "value": text}]}))


def test_an_aggregate_for_selected_services_is_refused() -> None:
    spec = {"serviceSelectors": [{"matchLabels": {"a": "b"}}], "aggregationLength": 24}
    assert "aggregate" in errors(metallb("BGPAdvertisement", "a", spec))[0]


@pytest.mark.parametrize(
    "selector",
    [
        {"matchLabel": {}},
        {"matchExpressions": [{"key": "a", "operator": "in", "values": ["b"]}]},
        {"matchExpressions": [{"key": "a", "operator": "In"}]},
        {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]},
        {"matchLabels": {"a": 1}},
    ],
)
def test_bad_selectors(selector: Object) -> None:
    assert errors(metallb("L2Advertisement", "a", {"nodeSelectors": [selector]}))


# --- Services


@pytest.mark.parametrize(
    ("addresses", "kept"),
    [
        (("192.0.2.1",), ("192.0.2.1",)),
        (("2001:DB8:0::1",), ("2001:db8::1",)),
        (("2001:db8::1", "192.0.2.1"), ("2001:db8::1", "192.0.2.1")),
        (("192.0.2.1", "192.0.2.1"), ("192.0.2.1",)),
        ((), ()),
    ],
)
def test_services_keep_their_addresses_in_order(addresses: tuple[str, ...], kept: tuple[str, ...]) -> None:
    resources, findings = parse([service("s", *addresses)])
    assert not findings
    assert resources.services["default/s"].addresses == kept


def test_other_services_do_not_count() -> None:
    assert not parse([service("s", "192.0.2.1", type="ClusterIP")])[0].services


@pytest.mark.parametrize("address", ["192.0.2", "fe80::1%eth0", "::ffff:192.0.2.1"])
def test_a_bad_address_in_a_status(address: str) -> None:
    found = errors(service("s", "2001:db8::1", address))
    assert len(found) == 1
    assert "Service default/s: status.loadBalancer.ingress[1].ip" in found[0]


# --- the collection


def test_a_bad_version_of_an_object_leaves_the_last_good_one_and_the_others() -> None:
    collection = Collection()
    assert collection.put(peer("tor1"))
    assert collection.put(peer("tor2"))
    assert not collection.put(peer("tor1", holdTime="2s"))
    assert not collection.lost
    assert collection.put(peer("tor2", peerPort=1179))
    resources = collection.resources()
    assert resources.peers["tor1"].timers.hold == 90
    assert resources.peers["tor2"].port == 1179
    assert [finding.path for finding in collection.findings()] == ["BGPPeer metallb-system/tor1: spec.holdTime"]
    assert collection.put(peer("tor1", holdTime="6s"))
    assert not collection.findings()


def test_an_object_that_was_never_good_is_lost_until_it_is_repaired_or_removed() -> None:
    collection = Collection()
    collection.put(peer("tor1", holdTime="2s"))
    assert collection.lost
    collection.drop(Key("BGPPeer", "metallb-system", "tor1"))
    assert not collection.lost
    collection.put(peer("tor1", holdTime="2s"))
    collection.put(peer("tor1"))
    assert not collection.lost


def test_equal_objects_change_nothing_and_views_of_few_objects_do_not_change() -> None:
    collection = Collection()
    assert collection.put(peer("a"))
    before = collection.resources()
    assert not collection.put(peer("a"))
    assert collection.resources().peers is before.peers
    assert collection.put(peer("b"))
    assert list(before.peers) == ["a"]
    assert list(collection.resources().peers) == ["a", "b"]


def test_the_view_of_many_objects_follows_at_no_cost() -> None:
    collection = Collection()
    assert collection.put(service("a", "192.0.2.1"))
    services = collection.resources().services
    assert not collection.put(service("a", "192.0.2.1"))
    assert collection.put(service("b", "2001:db8::1"))
    assert list(services) == ["default/a", "default/b"]
    assert collection.resources().services is services


def test_what_was_touched_is_told_once() -> None:
    collection = Collection()
    collection.put(service("a", "192.0.2.1"))
    collection.put(service("b", "2001:db8::1"))
    collection.put(peer("tor1"))
    keys = {Key("Service", "default", "a"), Key("Service", "default", "b"), Key("BGPPeer", "metallb-system", "tor1")}
    assert collection.touched() == keys
    collection.put(service("a", "192.0.2.1"))
    collection.put(service("b", "no address"))
    collection.drop(Key("Service", "default", "c"))
    assert collection.touched() == set()
    collection.drop(Key("Service", "default", "b"))
    assert collection.touched() == {Key("Service", "default", "b")}


def test_which_objects_were_never_good() -> None:
    collection = Collection()
    collection.put(service("a", "192.0.2.1"))
    for name in ("a", "b"):
        collection.put(service(name, "no address"))
    assert collection.lost_keys == {Key("Service", "default", "b")}
    collection.put(service("b", "2001:db8::1"))
    assert not collection.lost_keys
