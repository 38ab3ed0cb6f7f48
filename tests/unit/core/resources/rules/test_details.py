# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edges of single rules: exceptions, what depends on Nodes and Namespaces, and what is not said in doubt."""

from __future__ import annotations

from typing import Any

import pytest
from manifests import Object, bfd, bgp, community, labelled, layer2, node, on, peer, pool, secret, service, thing
from ruling import DUAL, FOUR, FRR, K8S, NATIVE, SIX, SPEAKER, Family

from dualstack.resources import rules
from dualstack.resources.rules.manifests import METRICS
from dualstack_speaker.controller import metrics as controller_metrics
from dualstack_speaker.speaker import metrics

both = pytest.mark.parametrize("family", [FOUR, SIX], ids=["ipv4", "ipv6"])


def found(rule: str, *objects: Object, mode: str = K8S) -> list[str]:
    return [str(finding) for finding in rules.check(objects, mode) if finding.id == rule]


# --- what can't be read


@both
def test_nothing_is_said_of_what_depends_on_unreadable_objects(family: Family) -> None:
    broken = pool("prod", family.pool, "2001:db8:prod::/64")
    wish = service(annotations={"address-pool": "prod", "loadBalancerIPs": family.address})
    advert = bgp(ipAddressPools=["prod"], peers=["t"])
    findings = rules.check([broken, wish, advert, peer("t", "tor1.example.com"), pool("q", family.other)], K8S)
    assert {finding.id for finding in findings} == {"address-syntax", "pool-not-announced"}


@both
def test_what_can_be_read_of_a_wrong_object_is_judged_too(family: Family) -> None:
    wrong = peer("t", family.router, passwordSecret={"name": "s", "key": "password"})
    findings = rules.check([wrong, secret("s", "Opaque")], K8S)
    assert {finding.id for finding in findings} == {"unknown-key", "secret-type", "secret-of-peer"}


# --- advertisements


@both
@pytest.mark.parametrize(
    ("one", "two", "conflict"),
    [
        ({"peers": ["t"]}, {"peers": ["t", "u"]}, True),
        ({}, {}, True),
        ({"nodeSelectors": on("a")}, {"nodeSelectors": on("b")}, False),
        ({"nodeSelectors": on("a", "b")}, {"nodeSelectors": on("b")}, True),
        ({"serviceSelectors": labelled(a="b")}, {}, False),
    ],
)
def test_local_preferences(family: Family, one: Any, two: Any, conflict: bool) -> None:
    adverts = [bgp("a", localPref=200, **one), bgp("b", localPref=100, **two)]
    nodes = [node("a"), node("b")]
    for known in ([], nodes):
        assert bool(found("local-preference-conflict", pool("p", family.pool), *adverts, *known)) == conflict
    other = [pool("p", family.pool), pool("q", family.other)]
    separate = [{**advert, "spec": {**advert["spec"], "ipAddressPools": [name]}} for advert, name in zip(adverts, "pq")]
    assert not found("local-preference-conflict", *other, *separate)


def test_a_pool_of_both_families_needs_two_lengths_that_differ() -> None:
    def conflict(blocks: tuple[str, ...], **lengths: int) -> bool:
        adverts = (bgp("a", localPref=200), bgp("b", localPref=100, **lengths))
        return bool(found("local-preference-conflict", pool("p", *blocks), *adverts))

    assert conflict(DUAL, aggregationLength=24)
    assert conflict(DUAL, aggregationLengthV6=64)
    assert not conflict(DUAL, aggregationLength=24, aggregationLengthV6=64)
    assert not conflict(DUAL[:1], aggregationLength=24)
    assert conflict(DUAL[1:], aggregationLength=24)
    assert not conflict(DUAL[1:], aggregationLengthV6=64)


@pytest.mark.parametrize(
    ("block", "length", "wrong"),
    [
        ("10.0.0.0/26", 24, True),
        ("10.0.0.0/24", 24, False),
        ("2001:db8::/112", 64, True),
        ("2001:db8::/64", 64, False),
        ("2001:db8::/48", 64, False),
        ("2001:db8::100-2001:db8::1ff", 64, True),
        ("2001:db8::100-2001:db8::1ff", 120, False),
        ("10.0.0.1-10.0.0.14", 31, False),
        ("10.0.0.1-10.0.0.14", 29, True),
    ],
)
def test_aggregates(block: str, length: int, wrong: bool) -> None:
    field = SIX.key if ":" in block else FOUR.key
    assert bool(found("aggregate-too-wide", pool("p", block), bgp(**{field: length}))) == wrong


@both
def test_selectors_of_nodes_are_judged_where_nodes_are_known(family: Family) -> None:
    advert, session = layer2(nodeSelectors=on("c")), peer("t", family.router, nodeSelectors=on("c"))
    assert len(found("selects-nothing", advert, session, node("a"))) == 2
    assert not found("selects-nothing", advert, session, node("a"), node("c"))
    assert not found("selects-nothing", advert, session)


@pytest.mark.parametrize(("text", "value"), [("no-export", "65535:65281"), ("No-Advertise", "65535:65282")])
def test_the_fix_of_a_well_known_name_is_its_number(text: str, value: str) -> None:
    assert value in found("unknown-community", bgp(communities=[text]))[0]


def test_a_mistyped_community_gets_the_nearest() -> None:
    assert (
        "'backup-path'"
        in found("unknown-community", bgp(communities=["backup-pth"]), community("c", backup_path="1:1"))[0]
    )


@both
@pytest.mark.parametrize(("spec", "count"), [({}, 1), ({"dualStackAddressFamily": True}, 0)])
def test_families_of_sessions(family: Family, spec: Any, count: int) -> None:
    assert len(found("family-without-session", pool("p", *DUAL), bgp(), peer("t", family.router, **spec))) == count


def test_unnumbered_sessions_carry_both_families() -> None:
    assert not found("family-without-session", pool("p", *DUAL), bgp(), peer("t", None, interface="eth1"))


# --- peers


@both
def test_peers_of_separate_nodes_may_differ(family: Family) -> None:
    one = peer("t", family.router, nodeSelectors=on("a"), myASN=64512, routerID="10.0.0.1")
    two = peer("u", family.router, nodeSelectors=on("b"), myASN=64513, routerID="10.0.0.2")
    for rule in ("router-ids-differ", "asns-differ", "peer-twice"):
        assert not found(rule, one, two)
        assert not found(rule, one, two, node("a"), node("b"))
        assert found(rule, one, {**two, "spec": {**two["spec"], "nodeSelectors": []}})


@both
def test_labels_of_nodes_decide_where_they_are_known(family: Family) -> None:
    one = peer("t", family.router, nodeSelectors=labelled(rack="1"))
    two = peer("u", family.router, nodeSelectors=labelled(tier="gold"))
    assert found("peer-twice", one, two)
    assert found("peer-twice", one, two, node("a", rack="1", tier="gold"))
    assert not found("peer-twice", one, two, node("a", rack="1"), node("b", tier="gold"))


def test_the_same_address_in_two_vrfs_is_two_neighbours() -> None:
    assert not found("peer-twice", peer("t", SIX.router, vrf="red"), peer("u", SIX.router), mode=FRR)


def test_one_interface_has_one_neighbour() -> None:
    assert found("peer-twice", peer("t", None, interface="eth1"), peer("u", None, interface="eth1"))
    assert not found("peer-twice", peer("t", None, interface="eth1"), peer("u", None, interface="eth2"))


@both
def test_a_source_address_is_for_one_node(family: Family) -> None:
    session = peer("t", family.router, sourceAddress=family.source, nodeSelectors=labelled(rack="1"))
    assert found("source-on-many-nodes", session, mode=FRR)
    assert not found("source-on-many-nodes", session, node("a", rack="1"), node("b"), mode=FRR)
    assert found("source-on-many-nodes", session, node("a", rack="1"), node("b", rack="1"), mode=FRR)


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("bgp-auth-secret", "password-like-a-name"),
        ("secret", "password-like-a-name"),
        ("tor1-password", "password-like-a-name"),
        ("fabric-key", "password-like-a-name"),
        ("hunter2", "password-in-clear"),
        ("Secret!", "password-in-clear"),
        ("correct horse", "password-in-clear"),
        ("secretariat", "password-in-clear"),
    ],
)
def test_passwords(password: str, rule: str) -> None:
    findings = rules.check([peer("t", SIX.router, password=password), secret("fabric-key")], K8S)
    assert [finding.id for finding in findings] == [rule]


@both
def test_a_secret_that_nobody_sees_is_a_warning_and_one_elsewhere_is_told(family: Family) -> None:
    session = peer("t", family.router, passwordSecret={"name": "s"})
    assert "not among these objects" in found("secret-missing", session)[0]
    assert "namespace default" in found("secret-missing", session, secret("s", namespace="default"))[0]


@pytest.mark.parametrize(
    ("objects", "wrong"),
    [
        ([pool("p", SIX.pool), bgp(peers=["t"])], True),
        ([pool("p", SIX.pool), bgp(peers=["u"])], False),
        ([pool("p", FOUR.pool), bgp()], False),
        ([pool("p", SIX.pool), layer2()], False),
    ],
)
def test_echo(objects: list[Object], wrong: bool) -> None:
    sessions = [peer("t", FOUR.router, bfdProfile="fast"), peer("u", SIX.router)]
    assert bool(found("bfd-echo-ipv6", *objects, *sessions, bfd(echoMode=True))) == wrong


def test_internal_sessions_may_use_a_minimum_ttl() -> None:
    session = peer("t", SIX.router, peerASN=64512, bfdProfile="fast")
    assert not found("minimum-ttl-unused", session, bfd(minimumTtl=250))


# --- sessions with an ASN of their own


@both
@pytest.mark.parametrize(
    ("asns", "mode", "internal"),
    [
        ({"peerASN": 64512, "localASN": 64999}, SPEAKER, False),
        ({"peerASN": 64512, "localASN": 64999}, FRR, False),
        ({"peerASN": 64512, "localASN": 64999}, K8S, True),  # drops localASN
        ({"peerASN": 64999, "localASN": 64999}, SPEAKER, True),
        ({"peerASN": 64999, "localASN": 64999}, FRR, True),
        ({"peerASN": 64999, "localASN": 64999}, K8S, False),
    ],
)
def test_the_asn_that_a_peer_is_shown_makes_its_session_internal(
    family: Family, asns: dict[str, int], mode: str, internal: bool
) -> None:
    session = peer("t", family.router, bfdProfile="fast", **asns)
    assert bool(found("local-preference-ebgp", bgp(localPref=200), session, mode=mode)) != internal
    assert bool(found("minimum-ttl-unused", session, bfd(minimumTtl=250), mode=mode)) != internal


# --- advertisements for one family


def one_family(advert: Object, family: Family) -> Object:
    metadata = {**advert["metadata"], "annotations": {"baremetal.dualstack/families": family.word.lower()}}
    return {**advert, "metadata": metadata}


@both
@pytest.mark.parametrize("advert", [layer2(), bgp()], ids=["layer2", "bgp"])
def test_an_advertisement_for_one_family_does_not_announce_the_other(family: Family, advert: Object) -> None:
    other = SIX if family is FOUR else FOUR
    alone = one_family(advert, family)

    def lost(*objects: Object, mode: str = SPEAKER) -> list[str]:
        return found("pool-not-announced", *objects, mode=mode)

    for blocks in (DUAL, (other.pool,)):
        (told,) = lost(pool("p", *blocks), alone)
        assert f"its {other.word} addresses are assigned and never announced" in told
        assert "none of " + f"{advert['kind']} {advert['metadata']['name']}" in told
        assert not lost(pool("p", *blocks), alone, mode=K8S)  # which does not read the annotation
        assert not lost(pool("p", *blocks), alone, one_family(bgp("o"), other))
    assert not lost(pool("p", family.pool), alone)
    assert "no advertisement selects the pool" in lost(pool("p", *DUAL))[0]


@both
def test_what_an_advertisement_for_one_family_says_of_the_other_counts_for_metallb_alone(family: Family) -> None:
    other = SIX if family is FOUR else FOUR

    def told(rule: str, *objects: Object) -> tuple[bool, bool]:
        return bool(found(rule, *objects, mode=SPEAKER)), bool(found(rule, *objects, mode=FRR))

    session = peer("t", family.router)
    assert told("family-without-session", pool("p", *DUAL), one_family(bgp(), family), session) == (False, True)
    wide = one_family(bgp(**{other.key: 8}), family)
    assert told("aggregate-too-wide", pool("p", *DUAL), wide) == (False, True)
    adverts = one_family(bgp("a", localPref=200), family), one_family(bgp("b", localPref=100), other)
    assert told("local-preference-conflict", pool("p", *DUAL), *adverts) == (False, True)
    many = [bgp(name, communities=[f"{name}:{value}" for value in range(40)]) for name in ("1", "2")]
    objects = [one_family(advert, each) for advert, each in zip(many, (family, other))]
    assert told("too-many-communities", pool("p", *DUAL), *objects) == (False, True)


# --- pools


def test_host_bits_are_told_with_both_readings() -> None:
    assert "192.0.2.0/24, or 192.0.2.9-192.0.2.255" in found("host-bits", pool("p", "192.0.2.9/24"))[0]
    assert "2001:db8::/120, or 2001:db8::9-2001:db8::ff" in found("host-bits", pool("p", "2001:db8::9/120"))[0]


@both
def test_one_pool_may_not_hold_a_block_twice(family: Family) -> None:
    assert "of the same pool" in found("pools-overlap", pool("p", family.pool, family.inside))[0]


def test_a_range_of_ipv6_has_no_anycast_address() -> None:
    assert not found("avoid-buggy-ipv6", pool("p", "2001:db8::1-2001:db8::ff", avoidBuggyIPs=True))


@both
def test_values_and_selectors_that_stand_twice(family: Family) -> None:
    twice = {"key": "a", "operator": "In", "values": ["x", "x"]}
    for allocation in (
        {"serviceSelectors": labelled(a="b") * 2},
        {"namespaceSelectors": labelled(a="b") * 2},
        {"serviceSelectors": [{"matchExpressions": [twice]}]},
    ):
        assert found("allocation-twice", pool("p", family.pool, serviceAllocation=allocation))


@both
def test_namespaces_that_nobody_knows_are_not_judged(family: Family) -> None:
    given = pool("p", family.pool, serviceAllocation={"namespaceSelectors": labelled(team="a")})
    assert not found("namespace-selectors-open", given)


@both
def test_a_router_in_a_pool(family: Family) -> None:
    assert "BGPPeer t (peerAddress)" in found("pool-holds-host", pool("p", family.pool), peer("t", family.address))[0]


# --- manifests


@pytest.mark.parametrize(
    ("labels", "selected"),
    [
        ({"component": "speaker"}, True),
        ({"app": "metallb", "component": "speaker", "pod-template-generation": "3"}, True),
        ({"app": "metallb"}, True),
        ({"app.kubernetes.io/component": "speaker", "app.kubernetes.io/instance": "lb"}, True),
        ({}, True),
        ({"app": "metallb", "component": "controller"}, False),
        ({"app": "shop"}, False),
    ],
)
def test_policies(labels: Object, selected: bool) -> None:
    spec = {"podSelector": {"matchLabels": labels}}
    assert bool(found("policy-on-speakers", thing("NetworkPolicy", "n", spec, "networking.k8s.io/v1"))) == selected
    elsewhere = thing("NetworkPolicy", "n", spec, "networking.k8s.io/v1", "default")
    assert not found("policy-on-speakers", elsewhere)


@pytest.mark.parametrize(
    ("labels", "endpoint", "count"),
    [
        ({"app": "metallb"}, {"port": "metrics"}, 1),
        ({"app": "metallb"}, {"targetPort": 7472, "scheme": "HTTPS"}, 1),
        ({"app": "metallb"}, {"targetPort": 9120, "scheme": "https"}, 0),
        ({"app": "shop"}, {"port": "metrics"}, 0),
    ],
)
def test_monitors(labels: Object, endpoint: Object, count: int) -> None:
    for kind, field in (("ServiceMonitor", "endpoints"), ("PodMonitor", "podMetricsEndpoints")):
        spec = {"selector": {"matchLabels": labels}, field: [endpoint]}
        told = found("plain-metrics", thing(kind, "m", spec, "monitoring.coreos.com/v1"))
        assert len(told) == count
        assert all(f"spec.{field}[0]" in text for text in told)


@pytest.mark.parametrize(
    ("mode", "expression", "unknown"),
    [
        (FRR, "metallb_bgp_session_up == 0", ""),
        (NATIVE, "metallb_bgp_keepalives_sent > 0", "metallb_bgp_keepalives_sent"),
        (K8S, "frrk8s_bgp_session_up == 0", ""),
        (K8S, "sum(metallb_bfd_session_up) by (peer)", "metallb_bfd_session_up"),
        (K8S, "metallb_allocator_addresses_in_use_total >= metallb_allocator_addresses_total", ""),
        (NATIVE, "metallb_allocator_addresses_used", "metallb_allocator_addresses_used"),
        (SPEAKER, "metallb_bgp_session_up == 0", ""),
        (SPEAKER, "rate(metallb_bfd_session_down_events[5m]) > 0", ""),
        (SPEAKER, "metallb_bfd_echo_packet_input > 0", "metallb_bfd_echo_packet_input"),
        (SPEAKER, "frrk8s_bgp_session_up == 0", "frrk8s_bgp_session_up"),
    ],
)
def test_metrics(mode: str, expression: str, unknown: str) -> None:
    spec = {"groups": [{"rules": [{"alert": "x", "expr": expression}]}]}
    told = found("unknown-metric", thing("PrometheusRule", "r", spec, "monitoring.coreos.com/v1"), mode=mode)
    assert len(told) == bool(unknown)
    assert all(f"= {unknown}:" in text for text in told)


def test_the_metrics_of_our_speaker_are_those_that_it_has() -> None:
    """Those of the controller count among them; MetalLB 7: services_allocated_total is registered and never set."""
    status = {"node": "n", "speaker": {"config": "valid"}, "wire": {"connected": True}, "vips": [], "sessions": []}
    names = {metric.name for metric in metrics.collect(status, None, metrics.Counts(True), {})}
    numbers = dict.fromkeys(("failed", "written", "conflicts", "pending", "assigned", "waiting", "other", "dropped"), 0)
    controller = {
        "config": "valid",
        "pools": {"p": {family: {"assigned": 1, "available": 2} for family in ("ipv4", "ipv6")}},
        "kubernetes": {"loaded": True, "objects": 0, "away": []},
        "lease": {"leading": True, "term": 1},
        "writes": numbers,
        "services": numbers,
        "events": numbers,
        "deprecated_annotations": 0,
    }
    names |= {metric.name for metric in controller_metrics.collect(controller)}
    assert METRICS[SPEAKER] == {name for name in names if name.startswith("metallb_")}
