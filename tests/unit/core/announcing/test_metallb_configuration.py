# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What MetalLB refuses or accepts of advertisements, communities and peers, and what our speaker does with the same.

Each row names the rule, gives objects that break it, and what is said of them; then the same objects are announced by,
so that a mistake in one never silences the others (MetalLB keeps its whole last configuration instead).
"""

from __future__ import annotations

from typing import Any

import pytest
from deciding import FACTS, FULL, NODES, PEER4, PEER6, POOLS, SHOP, Object, both, metallb, on

from dualstack.announcing.decide import Decider, decide
from dualstack.resources import modes, rules
from dualstack.resources.collection import Collection, parse

ERROR, WARNING = "error", "warning"


def bgp(name: str = "odd", **spec: Any) -> Object:
    return metallb("BGPAdvertisement", name, **spec)


def l2(name: str = "odd", **spec: Any) -> Object:
    return metallb("L2Advertisement", name, **spec)


def peer(name: str = "odd", **spec: Any) -> Object:
    stated = {"myASN": 64512, "peerASN": 64500, "peerAddress": "10.0.1.9", **spec}
    return metallb("BGPPeer", name, **{key: value for key, value in stated.items() if value is not None})


def names(*pairs: tuple[str, str], name: str = "names") -> Object:
    return metallb("Community", name, communities=[{"name": alias, "value": value} for alias, value in pairs])


LABEL = [{"matchLabels": {"app": "x"}}]
TABLE: list[tuple[str, list[Object], str, str]] = [
    # rule, objects, what is said, how grave it is for our speaker
    ("3.2.10 no entry twice: pools", [bgp(ipAddressPools=["prod", "prod"])], "entry-twice", WARNING),
    ("3.2.10 no entry twice: nodes", [l2(nodeSelectors=on("node1") * 2)], "entry-twice", WARNING),
    ("3.2.10 no entry twice: Services", [l2(serviceSelectors=LABEL * 2)], "entry-twice", WARNING),
    ("3.2.10 no entry twice: peers", [bgp(peers=["tor1-ipv4", "tor1-ipv4"])], "entry-twice", WARNING),
    ("3.2.10 no entry twice: communities", [bgp(communities=["1:1", "1:1"])], "entry-twice", WARNING),
    ("3.2.11 names that lead nowhere: pool", [bgp(ipAddressPools=["prd"])], "unknown-name", WARNING),
    ("3.2.11 names that lead nowhere: peer", [bgp(peers=["tor"])], "unknown-name", WARNING),
    ("3.2.11 selectors of nothing: nodes", [l2(nodeSelectors=on("x"))], "selects-nothing", WARNING),
    ("3.2.11 selectors of nothing: pools", [l2(ipAddressPoolSelectors=LABEL)], "selects-nothing", WARNING),
    ("3.2.12 lengths are those of a family: IPv4", [bgp(aggregationLength=33)], "range", ERROR),
    ("3.2.12 lengths are those of a family: IPv6", [bgp(aggregationLengthV6=129)], "range", ERROR),
    ("3.2.13 no aggregate wider than the pool: IPv4", [bgp(aggregationLength=23)], "aggregate-too-wide", ERROR),
    ("3.2.13 no aggregate wider than the pool: IPv6", [bgp(aggregationLengthV6=63)], "aggregate-too-wide", ERROR),
    (
        "3.2.14 no aggregate of chosen Services",
        [bgp(aggregationLength=24, serviceSelectors=LABEL)],
        "aggregation",
        ERROR,
    ),
    ("3.2.15 one local preference", [bgp(localPref=100)], "local-preference-conflict", ERROR),
    ("3.3.18 communities have two parts of 16 bits", [bgp(communities=["99999999:1"])], "community", ERROR),
    ("3.3.18 large ones have three of 32", [bgp(communities=["large:1:2:4294967296"])], "community", ERROR),
    ("3.3.18 and are called large", [bgp(communities=["lar:1:2:3"])], "community", ERROR),
    ("3.3.18 three parts are none", [bgp(communities=["1:2:3"])], "community", ERROR),
    ("3.3.18 a name must be defined", [bgp(communities=["gold"])], "unknown-community", ERROR),
    (
        "3.3.19 a name is defined once",
        [names(("gold", "1:1")), names(("gold", "1:2"), name="others")],
        "community-name-twice",
        ERROR,
    ),
    (
        "3.3.19 at most 63 communities on a prefix",
        [bgp(communities=[f"1:{number}" for number in range(64)])],
        "too-many-communities",
        WARNING,
    ),
    ("3.4.21 myASN is not 0", [peer(myASN=0)], "range", ERROR),
    ("3.4.21 one way to know the peer's ASN", [peer(peerASN=None)], "missing-key", ERROR),
    ("3.4.21 and not two", [peer(dynamicASN="internal")], "exactly-one", ERROR),
    ("3.4.21 dynamicASN is internal or external", [peer(peerASN=None, dynamicASN="both")], "choice", ERROR),
    ("3.4.21 address or interface", [peer(interface="eth1")], "exactly-one", ERROR),
    ("3.4.21 an address, no name", [peer(peerAddress="tor1.example")], "address-syntax", ERROR),
    ("3.4.21 a router ID is an IPv4 address", [peer(routerID="2001:db8::1")], "router-id", ERROR),
    ("3.4.21 the source is an address", [peer(sourceAddress="eth1")], "address-syntax", ERROR),
    ("3.4.22 multihop is for eBGP", [peer(peerASN=64512, ebgpMultiHop=True)], "multihop", ERROR),
    ("3.4.23 hold time 0 or at least 3 s", [peer(holdTime="2s")], "timers", ERROR),
    ("3.4.23 whole seconds", [peer(holdTime="500ms")], "fraction", WARNING),
    ("3.4.23 keepalives within the hold time", [peer(holdTime="9s", keepaliveTime="30s")], "timers", ERROR),
    ("3.4.23 no keepalives without a hold time", [peer(holdTime="0s", keepaliveTime="30s")], "timers", ERROR),
    ("3.4.24 one password", [peer(password="x", passwordSecret={"name": "y"})], "password", ERROR),
    ("3.4.25 the Secret is there", [peer(passwordSecret={"name": "y"})], "secret-missing", WARNING),
    ("3.4.26 the BFD profile is there", [peer(bfdProfile="y")], "unknown-bfd-profile", ERROR),
    ("3.4.28 one session per address and node", [peer(peerAddress="10.0.1.1")], "peer-twice", ERROR),
    ("3.4.30 BFD in its bounds", [metallb("BFDProfile", "odd", receiveInterval=5)], "range", ERROR),
]


@pytest.mark.parametrize(("rule", "objects", "said", "severity"), TABLE, ids=[row[0] for row in TABLE])
def test_what_is_said(rule: str, objects: list[Object], said: str, severity: str) -> None:
    """MetalLB 3.2, 3.3, 3.4: each rule with objects that break it.

    MetalLB 3.2.10, 3.4.21, 3.4.22, 3.4.24, 3.4.27, 12.5.
    """
    del rule
    found = {finding.id: finding.severity for finding in rules.check([*START, *objects], modes.SPEAKER)}
    assert found.get(said) == severity


START = [*NODES, POOLS, PEER4, PEER6, bgp("first", localPref=200), SHOP]


@both
@pytest.mark.parametrize(("rule", "objects", "said", "severity"), TABLE, ids=[row[0] for row in TABLE])
def test_the_others_are_announced_all_the_same(
    family: str, rule: str, objects: list[Object], said: str, severity: str
) -> None:
    """Better than MetalLB 3.5, where anything invalid keeps the whole last configuration in force.

    MetalLB 3.2.12 to 14: aggregation lengths out of bounds, wider than the pool, with serviceSelectors: the
    configuration is refused.
    """
    del rule, said, severity
    decision = decide(parse([*START, *objects], modes.speaker)[0], FACTS)
    (path,) = [path for path in decision.desired["routes"][FULL[family]] if f"tor1-{family}" in path["peers"]]
    assert path["local_preference"] == 200
    assert f"tor1-{family}" in decision.desired["peers"]


@both
@pytest.mark.parametrize(
    ("first", "second", "fine", "told"),
    [
        ({"localPref": 100}, {"localPref": 200}, False, (100, 100)),
        ({"localPref": 100}, {"localPref": 100}, True, (100, 100)),
        (
            {"localPref": 100},
            {"localPref": 200, "aggregationLength": 30, "aggregationLengthV6": 120},
            True,
            (100, 100),
        ),
        (
            {"localPref": 100, "peers": ["tor1-ipv4", "tor1-ipv6"]},
            {"localPref": 200, "peers": ["tor2"]},
            True,
            (100, 200),
        ),
        ({"localPref": 100, "peers": ["tor2"]}, {"localPref": 200}, False, (200, 100)),
        (
            {"localPref": 100, "nodeSelectors": on("node2")},
            {"localPref": 200, "nodeSelectors": on("node1")},
            True,
            (200, 200),
        ),
    ],
)
def test_local_preferences(family: str, first: Object, second: Object, fine: bool, told: tuple[int, int]) -> None:
    """MetalLB 3.2.15: different aggregates, peers or nodes don't conflict.

    Else MetalLB refuses the whole configuration; here the first by name counts for that peer, and it is said.
    ``told``: what tor1 and tor2 get.
    """
    objects = [*NODES, POOLS, SHOP, PEER4, PEER6, peer("tor2", peerAddress="10.0.1.2", dualStackAddressFamily=True)]
    decision = decide(parse([*objects, bgp("a", **first), bgp("b", **second)])[0], FACTS)
    assert {entry.reason for entry in decision.announcements} == {""}
    assert [finding.id for finding in decision.findings] == ([] if fine else ["local-preference-conflict"])
    for name, preference in zip((f"tor1-{family}", "tor2"), told):
        paths = [path for path in decision.desired["routes"][FULL[family]] if name in path["peers"]]
        assert [path["local_preference"] for path in paths] == [preference]


@both
def test_local_preferences_by_service_selectors_concern_that_service_only(family: str) -> None:
    """MetalLB 3.2.15: with serviceSelectors the test runs per Service."""
    labelled = {**SHOP, "metadata": {**SHOP["metadata"], "name": "other", "labels": {"app": "x"}}}
    vip = {"ipv4": "192.0.2.2", "ipv6": "2001:db8:1::2"}[family]
    labelled["status"] = {"loadBalancer": {"ingress": [{"ip": vip}]}}
    ads = [bgp("a", localPref=100), bgp("b", localPref=200, serviceSelectors=LABEL)]
    decision = decide(parse([*NODES, POOLS, PEER4, PEER6, SHOP, labelled, *ads])[0], FACTS)
    assert {entry.reason for entry in decision.announcements.of("default/shop")} == {""}
    assert {entry.reason for entry in decision.announcements.of("default/other")} == {"conflictingAdvertisements"}


@both
@pytest.mark.parametrize("turn", [1, -1])
def test_a_name_that_is_defined_twice_means_the_same_everywhere(family: str, turn: int) -> None:
    """MetalLB 3.3.19 refuses it; here the first Community by name counts, whatever came first, and it is said."""
    twice = [names(("gold", "1:1"), name="a"), names(("gold", "1:2"), name="b")][::turn]
    decision = decide(parse([*NODES, POOLS, PEER4, PEER6, SHOP, *twice, bgp(communities=["gold"])])[0], FACTS)
    assert decision.desired["routes"][FULL[family]][0]["communities"] == ["1:1"]
    assert [finding.id for finding in decision.findings] == ["community-name-twice"]


@both
def test_a_name_comes_before_numbers(family: str) -> None:
    """MetalLB 3.3.19: an alias that looks like a community is looked up first."""
    objects = [*NODES, POOLS, PEER4, PEER6, SHOP, names(("1:1", "2:2")), bgp(communities=["1:1"])]
    assert decide(parse(objects)[0], FACTS).desired["routes"][FULL[family]][0]["communities"] == ["2:2"]


@both
def test_a_bad_version_leaves_the_last_good_one(family: str) -> None:
    """MetalLB 3.5: what is invalid leaves the last good configuration; here per object."""
    collection, decider = Collection(modes.speaker), Decider()
    for given in [*NODES, POOLS, PEER4, PEER6, SHOP, bgp("a", communities=["1:1"]), bgp("b")]:
        collection.put(given)
    decider.decide(collection.resources(), FACTS)
    collection.put(bgp("a", communities=["1:2:3"]))
    collection.put(bgp("b", communities=["1:7"]))
    decision = decider.decide(collection.resources(), FACTS)
    assert decision.desired["routes"][FULL[family]][0]["communities"] == ["1:1", "1:7"]


@both
def test_the_order_of_objects_does_not_matter(family: str) -> None:
    """MetalLB 3.5: objects are taken by name."""
    objects = [*NODES, POOLS, PEER4, PEER6, SHOP, bgp("a", communities=["1:1"]), bgp("b", communities=["1:2"])]
    one, two = (decide(parse(given)[0], FACTS).desired for given in (objects, objects[::-1]))
    assert one == two
    assert one["routes"][FULL[family]][0]["communities"] == ["1:1", "1:2"]


@both
def test_equal_advertisements_with_two_names_do_no_harm(family: str) -> None:
    """MetalLB 3.2.16 refuses two that are equal with their names, which no API server holds; a name counts once."""
    again = bgp("a", communities=["64512:9"])
    objects = [*NODES, POOLS, PEER4, PEER6, SHOP, again, bgp("b", communities=["64512:9"]), again]
    resources, findings = parse(objects)
    assert sorted(resources.bgp_advertisements) == ["a", "b"] and not findings
    decision = decide(resources, FACTS)
    (path,) = decision.desired["routes"][FULL[family]]
    assert path["communities"] == ["64512:9"] and not decision.findings


@both
def test_equal_layer2_advertisements_count_once_but_for_their_weights(family: str) -> None:
    """MetalLB 3.2.17: equal ones are one, except that weights add up."""
    weight = {"preferredNodeSelectors": [{"weight": 10, "preference": on("node2")[0]}]}
    heavier = {"preferredNodeSelectors": [{"weight": 15, "preference": on("node3")[0]}]}
    objects = [*NODES, POOLS, SHOP, l2("a", **weight), l2("b", **weight), l2("c", **heavier)]
    decision = decide(parse(objects)[0], FACTS)
    assert {entry.announcer for entry in decision.announcements if entry.family == family} == {"node2"}


@both
def test_echo_mode_and_ipv6_go_together(family: str) -> None:
    """Better than MetalLB 3.4.31, which refuses the whole configuration; the echo is left out and that is said."""
    watched = {**PEER4, "spec": {**PEER4["spec"], "bfdProfile": "echo"}}
    objects = [*NODES, POOLS, watched, PEER6, SHOP, metallb("BFDProfile", "echo", echoMode=True), bgp("a")]
    assert FULL[family] in decide(parse(objects, modes.speaker)[0], FACTS).desired["routes"]


@both
def test_what_only_frr_can_do_in_metallb(family: str) -> None:
    """Better than MetalLB 3.3.20, 3.4.29: large communities, IPv6 pools, BFD, keepalives, graceful restart."""
    more = {"keepaliveTime": "3s", "holdTime": "9s", "enableGracefulRestart": True, "bfdProfile": "fast"}
    capable = {**PEER4, "spec": {**PEER4["spec"], **more, "dualStackAddressFamily": True}}
    objects = [*NODES, POOLS, capable, SHOP, metallb("BFDProfile", "fast"), bgp(communities=["large:1:2:3"])]
    decision = decide(parse(objects, modes.speaker)[0], FACTS)
    assert decision.desired["routes"][FULL[family]][0]["large_communities"] == ["1:2:3"]
    session = decision.desired["peers"]["tor1-ipv4"]
    assert (session["keepalive_time"], session["graceful_restart"], session["bfd"]["multiplier"]) == (
        3,
        {"time": 120},
        3,
    )


@both
def test_peers_and_advertisements_of_other_nodes_do_no_harm(family: str) -> None:
    """MetalLB 3.5: a speaker reads only the peers and BGPAdvertisements that select its node."""
    broken = peer("odd", peerAddress="10.9.9.9", bfdProfile="missing", nodeSelectors=on("node2"))
    odd = bgp("odd", communities=["1:9"], nodeSelectors=on("node2"))
    decision = decide(parse([*NODES, POOLS, PEER4, PEER6, SHOP, broken, odd, bgp("a")])[0], FACTS)
    assert set(decision.desired["peers"]) == {"tor1-ipv4", "tor1-ipv6"}
    assert decision.desired["routes"][FULL[family]][0]["communities"] == []
    assert not [finding for finding in decision.findings if finding.severity == ERROR]
