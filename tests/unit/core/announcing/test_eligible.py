# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which nodes may announce, what of a Node counts, and what is said where none is left."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from deciding import BASE, FACTS, PEER4, PEER6, POOLS, SHOP, VIP, Object, both, metallb, node, on, one, run, service

from dualstack.announcing import layer2 as rules
from dualstack.announcing import reasons
from dualstack.announcing.decide import Decision
from dualstack.announcing.election import order
from dualstack.announcing.facts import NodeFacts, Speaker
from dualstack.announcing.layer2 import ENOUGH

EXCLUDED = {"node.kubernetes.io/exclude-from-external-load-balancers": ""}
LOST = {"conditions": [{"type": "NetworkUnavailable", "status": "True"}]}
EVERYBODY = [f"node{each}" for each in range(1, 21)]
BEST = order(EVERYBODY, VIP["ipv4"])
NOT_READY = {"conditions": [{"type": "Ready", "status": "Unknown"}]}


def layer2(*nodes: Object, facts: NodeFacts = FACTS, **spec: Any) -> Decision:
    return run(POOLS, SHOP, *nodes, metallb("L2Advertisement", "a", **spec), facts=facts)


def names(decision: Decision, family: str) -> list[str]:
    return [name for name, _unused in one(decision, VIP[family]).candidates]


@both
@pytest.mark.parametrize(
    ("labels", "status", "eligible"),
    [
        ({}, {}, True),
        (EXCLUDED, {}, False),
        ({next(iter(EXCLUDED)): "false"}, {}, False),
        ({}, LOST, False),
        ({}, NOT_READY, True),
    ],
)
def test_what_of_a_node_counts(family: str, labels: Object, status: Object, eligible: bool) -> None:
    """MetalLB 5.1.4: NetworkUnavailable and the exclude label (with any value) bar a node; Ready does not."""
    decision = layer2(node("node1"), node("node2", labels, **status))
    assert ("node2" in names(decision, family)) == eligible


@both
@pytest.mark.parametrize("kind", ["BGPAdvertisement", "L2Advertisement"])
def test_cordon_and_taints_do_not_count(family: str, kind: str) -> None:
    """MetalLB 5.1.4, 6.2: a cordoned node goes on announcing (0.14.9 withdrew, 0.15 took that back)."""
    own = {**node("node1"), "spec": {"unschedulable": True, "taints": [{"key": "x", "effect": "NoExecute"}]}}
    decision = run(POOLS, PEER4, PEER6, own, SHOP, metallb(kind, "a"))
    assert not one(decision, VIP[family]).reason


@both
def test_the_label_can_be_passed_over(family: str) -> None:
    """MetalLB 5.1.4, 6.2: --ignore-exclude-lb; here ignore_exclude_label."""
    nodes = [node("node1", EXCLUDED), node("node2")]
    assert names(layer2(*nodes), family) == ["node2"]
    decision = layer2(*nodes, facts=replace(FACTS, ignore_exclude_label=True))
    assert sorted(names(decision, family)) == ["node1", "node2"]
    assert not decision.findings


@both
def test_a_node_that_is_gone_is_no_candidate(family: str) -> None:
    """Better than MetalLB 5.1.4, which without gossip never forgets a deleted node."""
    assert sorted(names(layer2(node("node1"), node("node2")), family)) == ["node1", "node2"]
    assert names(layer2(node("node1")), family) == ["node1"]


@both
def test_only_nodes_of_the_services_own_advertisements(family: str) -> None:
    """MetalLB 5.1.2, 5.1.3: advertisements whose serviceSelectors do not match count for nothing."""
    other = metallb(
        "L2Advertisement", "b", nodeSelectors=on("node3"), serviceSelectors=[{"matchLabels": {"app": "mail"}}]
    )
    decision = run(*BASE, SHOP, other, metallb("L2Advertisement", "a", nodeSelectors=on("node1", "node2")))
    assert sorted(names(decision, family)) == ["node1", "node2"]
    entry = one(run(*BASE, SHOP, other), VIP[family])
    assert (entry.reason, entry.candidates) == (reasons.NO_MATCH, ())


@both
def test_a_node_outside_says_who_may(family: str) -> None:
    """MetalLB 5.1.3: notOwner."""
    decision = layer2(node("node1"), node("node2"), nodeSelectors=on("node2"))
    entry = one(decision, VIP[family])
    assert (entry.reason, entry.announcer) == (reasons.NOT_OWNER, "node2")
    assert not decision.desired["layer2"] and not decision.desired["nodes"]


@both
def test_preferences_add_up_over_the_advertisements_of_a_node(family: str) -> None:
    """MetalLB 5.1.6: the sum of the weights, each advertisement scoring only the nodes that it selects."""
    nodes = [node("node1", {"zone": "a"}), node("node2", {"zone": "a"}), node("node3", {"disk": "fast"})]
    zone = {"weight": 30, "preference": {"matchLabels": {"zone": "a"}}}
    fast = {"weight": 50, "preference": {"matchLabels": {"disk": "fast"}}}
    more = metallb("L2Advertisement", "b", nodeSelectors=on("node2"), preferredNodeSelectors=[zone])
    decision = run(POOLS, SHOP, *nodes, more, metallb("L2Advertisement", "a", preferredNodeSelectors=[zone, fast]))
    assert names(decision, family) == ["node2", "node3", "node1"]


@both
def test_every_node_tells_the_same_candidates(family: str) -> None:
    nodes = [node(f"node{each}") for each in range(1, 6)]
    expected = order([f"node{each}" for each in range(1, 6)], VIP["ipv4"])
    for each in range(1, 6):
        assert names(layer2(*nodes, facts=NodeFacts(f"node{each}")), family) == expected


@both
def test_interfaces_belong_to_the_candidate(family: str) -> None:
    """MetalLB 5.3: the union over the advertisements that select the node; one without interfaces opens all.

    MetalLB 12.10 interfaces: do not count in the election.
    """
    nodes = [node("node1"), node("node2"), node("node3")]
    ads = [
        metallb("L2Advertisement", "a", interfaces=["eth1"], nodeSelectors=on("node1", "node2")),
        metallb("L2Advertisement", "b", interfaces=["eth2"], nodeSelectors=on("node1", "node3")),
        metallb("L2Advertisement", "c", nodeSelectors=on("node3")),
    ]
    candidates = dict(one(run(POOLS, SHOP, *nodes, *ads), VIP[family]).candidates)
    assert candidates == {"node1": ("eth1", "eth2"), "node2": ("eth1",), "node3": ()}


@both
def test_candidates_end_behind_the_eighth_that_is_ready(family: str) -> None:
    """Eight dead nodes before the others would else leave the VIP to nobody."""
    everybody, best = EVERYBODY, BEST
    assert names(layer2(*map(node, everybody)), family) == best[:ENOUGH]
    dead = set(best[:ENOUGH])
    decision = layer2(*(node(name, **(NOT_READY if name in dead else {})) for name in everybody))
    assert names(decision, family) == best[: 2 * ENOUGH]


def told(names_of: list[str], *interfaces: str, is_open: bool = True) -> dict[str, Speaker]:
    return {name: Speaker(frozenset(interfaces), is_open) for name in names_of}


@both
@pytest.mark.parametrize("own", BEST[8:10])
def test_nodes_without_a_speaker_end_no_list(family: str, own: str) -> None:
    """MetalLB 5.1.4: candidates are members of the gossip. Two edge nodes of twenty run speakers, behind the eighth."""
    others = [name for name in BEST[8:10] if name != own]
    facts = replace(FACTS, name=own, speakers=told(others, "eth1"))
    decision = layer2(*map(node, EVERYBODY), facts=facts)
    assert names(decision, family) == BEST
    assert own in dict(decision.desired["layer2"][VIP[family]]["candidates"])


@both
@pytest.mark.parametrize("own", BEST[8:10])
def test_nodes_without_the_interface_end_no_list(family: str, own: str) -> None:
    """MetalLB 5.1.6 leaves the VIP dark where the winner lacks the interface; ours goes to the ninth that has it."""
    speakers = {**told(EVERYBODY, "eth1"), **told(BEST[8:10], "eth1", "eth5")}
    facts = replace(FACTS, name=own, speakers={name: speakers[name] for name in speakers if name != own})
    decision = layer2(*map(node, EVERYBODY), facts=facts, interfaces=["eth5"])
    assert names(decision, family) == BEST
    assert decision.desired["layer2"][VIP[family]]["interfaces"] == ("eth5",)


@both
def test_a_node_that_needs_interfaces_named_ends_no_list_of_others(family: str) -> None:
    facts = replace(FACTS, speakers={**told(EVERYBODY), **told(BEST[:4], "eth9", is_open=False)})
    assert names(layer2(*map(node, EVERYBODY), facts=facts), family) == BEST[: ENOUGH + 4]


@both
def test_lists_without_end_are_bounded_and_that_is_told(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No message to ``wire`` outgrows its bound; the way out is said."""
    monkeypatch.setattr(rules, "SEATS", 2 * 16)
    facts = replace(FACTS, speakers=told(["node2"], "eth1"))
    decision = layer2(*map(node, EVERYBODY), facts=facts)
    assert names(decision, family) == BEST[:16]
    (finding,) = decision.findings
    assert finding.id == "too-many-candidates" and "first 16 may answer" in finding.reason
    few = layer2(*map(node, EVERYBODY), facts=facts, nodeSelectors=on("node1", "node2"))
    assert not few.findings and set(names(few, family)) == {"node1", "node2"}


# --- the other nodes


def test_the_nodes_that_may_answer_are_told_with_addresses_and_readiness() -> None:
    addresses = [{"type": "InternalIP", "address": text} for text in ("10.0.1.12", "2001:db8:dc:1::12")]
    nodes = [node("node1"), node("node2", addresses=addresses), node("node3", **NOT_READY), node("node4", EXCLUDED)]
    told = layer2(*nodes, node("node5"), nodeSelectors=on("node1", "node2", "node3", "node4")).desired["nodes"]
    assert told == {
        "node2": {"addresses": ["10.0.1.12", "2001:db8:dc:1::12"], "ready": True},
        "node3": {"addresses": [], "ready": False},
    }


def test_without_layer2_no_other_node_matters() -> None:
    assert not run(*BASE, SHOP, metallb("BGPAdvertisement", "a")).desired["nodes"]


@pytest.mark.parametrize(("text", "seconds"), [("60", 60), ("0", 0), (None, None)])
def test_a_drain_by_annotation_is_told(text: str | None, seconds: int | None) -> None:
    own = node("node1")
    own["metadata"]["annotations"] = {} if text is None else {"baremetal.dualstack/drain": text}
    assert run(POOLS, own, SHOP).drain == seconds
    assert run(POOLS, {**own, "metadata": {**own["metadata"], "name": "node2"}}, node("node1"), SHOP).drain is None


# --- what silences


@pytest.mark.parametrize("kind", ["BGPAdvertisement", "L2Advertisement"])
def test_a_cluster_of_excluded_nodes_is_said_once(kind: str) -> None:
    """MetalLB 10: the label of kubeadm and others is the commonest reason for nothing to work, and nothing tells.

    MetalLB 5.1.4 the label on every node: silence.
    """
    nodes = [node(f"node{each}", EXCLUDED) for each in range(1, 6)]
    decision = run(POOLS, PEER4, PEER6, *nodes, SHOP, metallb(kind, "a"), metallb(kind, "b"))
    (finding,) = decision.findings
    assert (finding.id, finding.severity, finding.path) == ("excluded-nodes", "warning", "Nodes: metadata.labels")
    assert "node1, node2, node3 and 2 more" in finding.reason
    assert "ignore_exclude_label" in finding.fix and "kubectl label node" in finding.fix
    assert {entry.reason for entry in decision.announcements} == {reasons.EXCLUDED}


@pytest.mark.parametrize("kind", ["BGPAdvertisement", "L2Advertisement"])
def test_an_advertisement_of_excluded_nodes_is_named(kind: str) -> None:
    nodes = [node("node1"), node("node2", EXCLUDED)]
    decision = run(POOLS, PEER4, PEER6, *nodes, SHOP, metallb(kind, "a", nodeSelectors=on("node2")), metallb(kind, "b"))
    assert [(finding.id, finding.path) for finding in decision.findings] == [
        ("excluded-nodes", f"{kind} a: spec.nodeSelectors")
    ]


@both
def test_without_any_candidate_the_reason_says_so(family: str) -> None:
    decision = layer2(node("node1"), node("node2", EXCLUDED), nodeSelectors=on("node2"))
    assert one(decision, VIP[family]).reason == reasons.NO_CANDIDATE


@pytest.mark.parametrize(
    ("given", "path", "reason"),
    [
        (
            metallb("L2Advertisement", "a", nodeSelectors=on("nod1")),
            "L2Advertisement a: spec.nodeSelectors",
            "matches no Node",
        ),
        (
            metallb("BGPAdvertisement", "a", ipAddressPoolSelectors=[{"matchLabels": {"tier": "gld"}}]),
            "BGPAdvertisement a: spec.ipAddressPoolSelectors",
            "matches no pool",
        ),
        (
            metallb(
                "L2Advertisement",
                "a",
                preferredNodeSelectors=[{"weight": 1, "preference": {"matchLabels": {"zone": "x"}}}],
            ),
            "L2Advertisement a: spec.preferredNodeSelectors[0]",
            "matches no Node",
        ),
        (
            {**PEER4, "spec": {**PEER4["spec"], "nodeSelectors": on("nod1")}},
            "BGPPeer tor1-ipv4: spec.nodeSelectors",
            "matches no Node",
        ),
    ],
)
def test_selectors_that_match_nothing_are_said(given: Object, path: str, reason: str) -> None:
    """Better than MetalLB 3.2.11, which accepts them in silence."""
    found = run(POOLS, node("node1"), service("s", VIP["ipv4"]), given).findings
    assert [(finding.id, finding.path, finding.reason) for finding in found] == [("selects-nothing", path, reason)]
