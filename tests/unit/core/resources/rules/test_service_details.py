# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edges of the rules over Services: which pools count, sharing, families."""

from __future__ import annotations

from typing import Any

import pytest
from manifests import Object, labelled, pool, service, thing
from ruling import BOTH, DUAL, FOUR, K8S, SIX, SPEAKER, Family

from dualstack.resources import rules

both = pytest.mark.parametrize("family", [FOUR, SIX], ids=["ipv4", "ipv6"])


def found(rule: str, *objects: Object, mode: str = K8S) -> list[str]:
    return [str(finding) for finding in rules.check(objects, mode) if finding.id == rule]


def asking(name: str, address: str, key: str | None = "web", **spec: Any) -> Object:
    shared = {} if key is None else {"allow-shared-ip": key}
    return service(name, {"loadBalancerIPs": address, **shared}, **spec)


@both
@pytest.mark.parametrize(
    ("one", "two", "problem"),
    [
        ({"key": None}, {}, "no sharing key in common"),
        ({"key": ""}, {"key": ""}, "no sharing key in common"),
        ({"key": "a"}, {"key": "b"}, "no sharing key in common"),
        ({"ports": [{"port": 80}]}, {"ports": [{"port": 80}]}, "both have port 80"),
        ({"ports": [{"port": 80}]}, {"ports": [{"port": 80, "protocol": "UDP"}]}, ""),
        ({"externalTrafficPolicy": "Local"}, {}, "traffic policies"),
        (
            {"externalTrafficPolicy": "Local", "selector": {"app": "a"}},
            {"externalTrafficPolicy": "Local", "selector": {"app": "b"}},
            "their pods differ",
        ),
        (
            {"externalTrafficPolicy": "Local", "selector": {"app": "a"}},
            {"externalTrafficPolicy": "Local", "selector": {"app": "a"}},
            "",
        ),
        ({"selector": {"app": "a"}}, {"selector": {"app": "b"}}, ""),
    ],
)
def test_sharing(family: Family, one: Any, two: Any, problem: str) -> None:
    told = found("address-asked-twice", asking("a", family.address, **one), asking("b", family.address, **two))
    assert len(told) == bool(problem)
    assert all(problem in text for text in told)


def test_sharing_one_address_of_two_is_a_conflict_as_well() -> None:
    told = found("address-asked-twice", asking("a", BOTH, None), asking("b", SIX.address, None))
    assert f"= {SIX.address}:" in told[0]


@pytest.mark.parametrize(
    ("addresses", "spec", "wrong"),
    [
        ("192.0.2.7", {"ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv4"]}, False),
        ("2001:db8:1::7", {"ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv4"]}, True),
        ("192.0.2.7", {"ipFamilies": ["IPv6"]}, True),
        ("192.0.2.7", {}, False),
        ("2001:db8:1::7", {}, False),
        (BOTH, {}, True),
        (BOTH, {"ipFamilyPolicy": "RequireDualStack"}, False),
        ("192.0.2.7", {"ipFamilyPolicy": "RequireDualStack"}, True),
        ("2001:db8:1::7", {"ipFamilyPolicy": "PreferDualStack", "ipFamilies": ["IPv6"]}, True),
    ],
)
def test_families_of_addresses(addresses: str, spec: Any, wrong: bool) -> None:
    assert bool(found("addresses-and-families", asking("a", addresses, **spec))) == wrong


@pytest.mark.parametrize("policy", ["PreferDualStack", "RequireDualStack"])
@both
def test_our_controller_is_content_with_one_address_of_two(family: Family, policy: str) -> None:
    given = asking("a", family.address, ipFamilyPolicy=policy)
    assert found("addresses-and-families", given) and not found("addresses-and-families", given, mode=SPEAKER)
    other = asking("a", (SIX if family is FOUR else FOUR).address, ipFamilies=[family.word])
    assert found("addresses-and-families", other, mode=SPEAKER)


def test_our_controller_takes_a_list_of_pools() -> None:
    pools = (pool("four", FOUR.pool), pool("six", SIX.pool))
    listed = service("a", {"address-pool": "four, six"})
    assert found("pool-list", *pools, listed) and not found("unknown-pool", *pools, listed)
    assert not found("pool-list", *pools, listed, mode=SPEAKER) + found("unknown-pool", *pools, listed, mode=SPEAKER)
    [told] = found("unknown-pool", *pools, service("a", {"address-pool": "four,sixx"}), mode=SPEAKER)
    assert "= sixx:" in told and "did you mean 'six'?" in told


@both
@pytest.mark.parametrize(
    ("allocation", "accepted"),
    [
        ({}, True),
        ({"namespaces": ["default"]}, True),
        ({"namespaces": ["other"]}, False),
        ({"namespaceSelectors": labelled(team="a")}, True),
        ({"namespaceSelectors": labelled(team="b")}, False),
        ({"namespaces": ["other"], "namespaceSelectors": labelled(team="a")}, True),
        ({"serviceSelectors": labelled(app="shop")}, True),
        ({"serviceSelectors": labelled(app="web")}, False),
        ({"namespaces": ["default"], "serviceSelectors": labelled(app="web")}, False),
    ],
)
def test_which_pool_lets_a_service_in(family: Family, allocation: Object, accepted: bool) -> None:
    objects = [
        pool("p", family.pool, serviceAllocation=allocation),
        thing("Namespace", "default", labels={"team": "a"}),
    ]
    shop = {"app": "shop"}
    assert bool(found("no-pool-for-service", *objects, service(labels=shop))) != accepted
    asked = service(labels=shop, annotations={"address-pool": "p"})
    assert bool(found("pool-refuses-service", *objects, asked)) != accepted


@both
def test_labels_of_an_unknown_namespace_are_no_reason_to_refuse(family: Family) -> None:
    given = pool("p", family.pool, serviceAllocation={"namespaceSelectors": labelled(team="b")})
    assert not found("no-pool-for-service", given, service())


def test_a_half_dual_stack_pool_is_none_for_whoever_needs_both() -> None:
    pools = [pool("p4", FOUR.pool), pool("p6", SIX.pool)]
    for policy, rule in (("RequireDualStack", "no-dual-stack-pool"), ("PreferDualStack", "half-dual-stack")):
        wish = service(ipFamilyPolicy=policy)
        assert "(p4, p6)" in found(rule, *pools, wish)[0]
        assert not found(rule, *pools, wish, mode=SPEAKER)
        assert not found(rule, *pools, pool("p", "198.51.100.0/24", "2001:db8:9::/64"), wish)
        assert not found(rule, *pools, service())
        closed = pool("p", "198.51.100.0/24", "2001:db8:9::/64", autoAssign=False)
        assert found(rule, *pools, closed, wish)
        assert not found(rule, *pools, closed, service(ipFamilyPolicy=policy, annotations={"address-pool": "p"}))


def test_without_pools_among_the_objects_none_is_missed() -> None:
    wish = service(annotations={"address-pool": "p", "loadBalancerIPs": BOTH}, ipFamilyPolicy="RequireDualStack")
    assert rules.check([wish], K8S) == []


def test_the_order_of_the_addresses_does_not_matter() -> None:
    for text in (BOTH, ",".join(reversed(BOTH.split(",")))):
        wish = service(annotations={"loadBalancerIPs": text}, ipFamilyPolicy="RequireDualStack")
        assert not [finding for finding in rules.check([pool("p", *DUAL), wish], K8S) if finding.severity == "error"]
