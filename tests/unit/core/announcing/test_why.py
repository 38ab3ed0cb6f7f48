# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The story of a Service: why it is announced or not, and what to change."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from deciding import BASE, FACTS, NODES, PEER4, PEER6, POOLS, SHOP, VIP, Object, both, endpoints, metallb, node, on
from deciding import service as make

from dualstack.announcing.decide import Decider
from dualstack.announcing.facts import OF_ALL, OF_LOCAL, NodeFacts
from dualstack.announcing.story import Story
from dualstack.announcing.why import why
from dualstack.resources.collection import parse

UP = {"state": "Established", "last_error": None}
DOWN = {"state": "Connect", "last_error": "connection refused"}


def wire(**parts: Any) -> dict[str, Any]:
    return {"sessions": {"tor1-ipv4": UP, "tor1-ipv6": UP}, "layer2": {}, "drain": "off", **parts}


def told(*objects: Object, live: Any = None, facts: NodeFacts = FACTS, key: str = "default/shop") -> Story:
    resources, _unused = parse(objects)
    story = why(resources, Decider().decide(resources, facts), facts, key, wire() if live is None else live)
    assert json.loads(json.dumps(story.as_dict())) == story.as_dict()
    for step in [*story.steps, *(step for vip in story.vips for step in vip.steps)]:
        assert (step.state == "wrong") == bool(step.fix), (
            "what is wrong comes with what to change, and nothing else does"
        )
    return story


def text(story: Story) -> str:
    return "\n".join(story.lines())


def of(story: Story, family: str) -> str:
    (vip,) = [vip for vip in story.vips if vip.family == family]
    return "\n".join([vip.summary, *(f"{step.topic}: {step.text} {step.fix}" for step in vip.steps)])


@both
def test_an_announced_service(family: str) -> None:
    story = told(*BASE, SHOP, metallb("BGPAdvertisement", "prod"))
    assert story.summary == "announced"
    assert f"announced to tor1-{family}" in of(story, family)
    assert "BGPAdvertisement prod: announces it" in of(story, family)


@pytest.mark.parametrize("key", ["default/shp", "shop"])
def test_an_unknown_service(key: str) -> None:
    story = told(*BASE, SHOP, key=key)
    assert not story.known
    assert "did you mean 'default/shop'?" in text(story)


def test_one_of_another_class() -> None:
    story = told(*BASE, make("shop", loadBalancerClass="x/y"))
    assert story.summary == "not ours"
    assert "Services without a class" in text(story)
    facts = replace(FACTS, load_balancer_class="a/b")
    assert "Services of the class a/b" in text(told(*BASE, SHOP, facts=facts))


@both
def test_a_pending_one_and_a_missing_family(family: str) -> None:
    families = ["IPv4", "IPv6"]
    assert told(*BASE, make("shop", ipFamilies=families)).summary == "pending: it has no address yet"
    half = told(*BASE, make("shop", VIP[family], ipFamilies=families), metallb("BGPAdvertisement", "prod"))
    missing = {"ipv4": "IPv6", "ipv6": "IPv4"}[family]
    assert f"ipFamilies has {missing}, but it has no such address" in text(half)


@both
@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"ipAddressPools": ["prd"]}, "none selects the pool prod"),
        ({"serviceSelectors": [{"matchLabels": {"app": "shop"}}]}, "app must be 'shop', it is 'mail'"),
        ({"nodeSelectors": on("node2")}, "kubernetes.io/hostname must be 'node2', it is 'node1'; it selects node2"),
        ({"nodeSelectors": on("nod2")}, "it selects no Node at all"),
        ({"communities": ["gold"]}, "uses the unknown community gold"),
        ({"peers": ["tor"]}, "names only peers that do not exist: tor"),
        ({"aggregationLength": 16, "aggregationLengthV6": 48}, "is wider than"),
    ],
)
def test_why_an_advertisement_does_not_count(family: str, spec: Object, words: str) -> None:
    given = make("shop", *VIP.values(), labels={"app": "mail"})
    story = told(*BASE, given, metallb("BGPAdvertisement", "ad", **spec))
    assert story.summary == "not announced by this node"
    assert words in of(story, family)


@both
def test_a_session_that_is_down_and_a_node_out_of_service(family: str) -> None:
    objects = (*BASE, SHOP, metallb("BGPAdvertisement", "prod"))
    story = told(*objects, live=wire(sessions={"tor1-ipv4": UP, "tor1-ipv6": UP, f"tor1-{family}": DOWN}))
    assert story.summary == "announced by this node in part"
    assert "the session is Connect (connection refused)" in of(story, family)
    drained = told(*objects, live=wire(drain="withdrawn"))
    assert drained.summary == "not announced by this node"
    assert "the node is out of service" in of(drained, family)
    unknown = told(*objects, live=wire(sessions={}))
    assert "wire has no such session yet" in of(unknown, family)


def test_a_wire_that_does_not_answer() -> None:
    resources, _unused = parse([*BASE, SHOP, metallb("BGPAdvertisement", "prod")])
    story = why(resources, Decider().decide(resources, FACTS), FACTS, "default/shop", None)
    assert "wire does not answer" in text(story)
    assert story.summary == "not announced by this node"


@pytest.mark.parametrize(
    ("own", "words"),
    [
        (node("node1", {"node.kubernetes.io/exclude-from-external-load-balancers": ""}), "kubectl label node node1"),
        (node("node1", conditions=[{"type": "NetworkUnavailable", "status": "True"}]), "NetworkUnavailable"),
        (node("node9"), "there is no Node node1"),
    ],
)
def test_a_node_that_may_not_announce(own: Object, words: str) -> None:
    assert words in text(told(POOLS, PEER4, PEER6, own, SHOP, metallb("BGPAdvertisement", "prod")))


@both
def test_endpoints_of_the_other_family_do_not_help(family: str) -> None:
    other = {"ipv4": "ipv6", "ipv6": "ipv4"}[family]
    words = {"ipv4": "IPv4", "ipv6": "IPv6"}
    given = make("shop", *VIP.values(), externalTrafficPolicy="Local")
    objects = (*BASE, given, metallb("BGPAdvertisement", "prod"))
    facts = replace(FACTS, endpoints=OF_LOCAL)
    story = told(*objects, endpoints("shop", other, {"node1": True}), facts=facts)
    assert f"no serving endpoint for {words[family]} (there are some for {words[other]})" in of(story, family)
    assert f"for {words[other]} on node1" in of(story, other)
    elsewhere = told(*objects, endpoints("shop", family, {"node2": True}), facts=facts)
    assert f"policy Local, and those for {words[family]} are on node2" in of(elsewhere, family)
    assert "treated as Cluster" in of(told(*objects), family)


@both
def test_no_endpoints_anywhere(family: str) -> None:
    story = told(*BASE, SHOP, metallb("BGPAdvertisement", "prod"), facts=replace(FACTS, endpoints=OF_ALL))
    assert "the Service has no serving endpoint of the family" in of(story, family)


@both
def test_a_stray_address_and_one_in_no_pool(family: str) -> None:
    other = {"ipv4": ["203.0.113.0/24"], "ipv6": ["2001:db8:9::/64"]}[family]
    objects = [*NODES, PEER4, PEER6, SHOP, metallb("BGPAdvertisement", "prod")]
    pool = metallb("IPAddressPool", "prod", addresses=other)
    assert "no pool holds it" in of(told(*objects, pool), family)
    decider = Decider()
    decider.decide(parse([*objects, POOLS])[0], FACTS)
    resources = parse([*objects, pool])[0]
    story = why(resources, decider.decide(resources, FACTS), FACTS, "default/shop", wire())
    assert "is in no pool any more" in of(story, family)
    assert story.summary == "announced"


# --- layer 2


def layer2(family: str, held: Any, nodes: Any = None, present: Any = None, **spec: Any) -> str:
    live = wire(layer2={VIP[family]: held}, nodes=nodes or {}, layer2_interfaces=present or {})
    return of(told(*BASE, SHOP, metallb("L2Advertisement", "a", **spec), live=live), family)


@both
def test_who_answers(family: str) -> None:
    mine = {"owner": "node1", "interfaces": {"eth1": "02:00:00:00:00:01"}}
    assert "answered by this node on eth1" in layer2(family, mine)
    assert "node2 answers for it" in layer2(family, {"owner": "node2", "interfaces": {}})
    assert "no candidate is alive" in layer2(family, {"owner": None, "interfaces": {}})


@both
def test_who_is_drained_is_said_in_the_order(family: str) -> None:
    objects = [*BASE, SHOP, metallb("L2Advertisement", "a")]
    leaving = next(given for given in objects if given["kind"] == "Node" and given["metadata"]["name"] == "node2")
    asked = {**leaving, "metadata": {**leaving["metadata"], "annotations": {"baremetal.dualstack/drain": "0"}}}
    held = {VIP[family]: {"owner": "node3", "interfaces": {}}}
    annotated = [asked if given is leaving else given for given in objects]
    assert "node2 (not watched, drained)" in of(told(*annotated, live=wire(layer2=held)), family)
    heard = {"node2": {"state": "alive", "drained": True}, "node3": {"state": "alive"}}
    found = of(told(*objects, live=wire(layer2=held, nodes=heard, drain="told")), family)
    assert "node2 (alive, drained)" in found and "node3 (alive)" in found and "node1 (this node, drained)" in found


def test_who_answers_for_the_whole_service() -> None:
    objects = (*BASE, SHOP, metallb("L2Advertisement", "a"))

    def summary(ipv4: str | None, ipv6: str | None) -> str:
        held = {
            VIP[family]: {"owner": owner, "interfaces": {"eth1": "02:00:00:00:00:01"} if owner == "node1" else {}}
            for family, owner in (("ipv4", ipv4), ("ipv6", ipv6))
        }
        return told(*objects, live=wire(layer2=held)).summary

    assert summary("node1", "node1") == "announced"
    assert summary("node2", "node2") == "announced by node2"
    assert summary("node1", "node2") == "announced by this node in part"
    assert summary("node2", None) == "not announced by this node"


@both
def test_the_order_names_how_each_candidate_is_doing(family: str) -> None:
    states = {"node2": {"state": "silent", "interfaces": []}, "node3": {"state": "alive", "interfaces": ["eth9"]}}
    found = layer2(family, {"owner": "node1", "interfaces": {}}, states, interfaces=["eth1"])
    assert "node2 on eth1 (silent)" in found
    assert "node1 on eth1 (this node)" in found
    assert "node3 answers on none of eth1" in found


@both
def test_interfaces_that_can_not_answer(family: str) -> None:
    held = {"owner": "node1", "interfaces": {}}
    present = {"eth1": {"state": "no carrier"}}
    found = layer2(family, held, present=present, interfaces=["eth1", "eth7"])
    assert "interface eth1: no carrier" in found
    assert "interface eth7: no interface of this name is there" in found


@both
def test_an_address_that_somebody_else_has(family: str) -> None:
    conflict = {"eth1": {"macs": ["02:00:00:00:00:99"], "total": 1}}
    held = {"owner": "node1", "interfaces": {"eth1": "02:00:00:00:00:01"}, "conflicts": conflict}
    assert "02:00:00:00:00:99 on eth1 answers for it too" in layer2(family, held)


@both
def test_a_node_that_is_no_candidate_says_who_is(family: str) -> None:
    found = layer2(family, {"owner": None, "interfaces": {}}, nodeSelectors=on("node3"))
    assert "node3 is to answer" in found


@both
def test_a_shared_address_and_service_selectors(family: str) -> None:
    shared = make("shop", *VIP.values(), labels={"app": "shop"}, annotations={"metallb.io/allow-shared-ip": "x"})
    selector = [{"matchLabels": {"app": "shop"}}]
    found = of(told(*BASE, shared, metallb("L2Advertisement", "a", serviceSelectors=selector)), family)
    assert "a shared address can't be advertised by these" in found
