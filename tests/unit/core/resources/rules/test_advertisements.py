# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules over advertisements and communities: both outcomes, both families."""

from __future__ import annotations

from manifests import bgp, community, labelled, layer2, peer, pool
from ruling import DUAL, K8S, NATIVE, Example, Family, complete, each, hold

from dualstack.resources.rules import advertisements


def some(first: int, count: int) -> list[str]:
    return [f"{first}:{number}" for number in range(count)]


EXAMPLES = [
    Example(
        "entry-twice",
        K8S,
        "BGPAdvertisement bgp: spec.peers[1]",
        lambda f: ([bgp(peers=["t", "t"]), peer("t", f.router)], [bgp(peers=["t"]), peer("t", f.router)]),
    ),
    Example(
        "unknown-name",
        K8S,
        "BGPAdvertisement bgp: spec.ipAddressPools[0]",
        lambda f: (
            [bgp(ipAddressPools=["prd"]), pool("prod", f.pool)],
            [bgp(ipAddressPools=["prod"]), pool("prod", f.pool)],
        ),
    ),
    Example(
        "selects-nothing",
        K8S,
        "L2Advertisement l2: spec.ipAddressPoolSelectors",
        lambda f: (
            [layer2(ipAddressPoolSelectors=labelled(tier="gold")), pool("p", f.pool, labels={"tier": "tin"})],
            [layer2(ipAddressPoolSelectors=labelled(tier="gold")), pool("p", f.pool, labels={"tier": "gold"})],
        ),
    ),
    Example(
        "aggregate-too-wide",
        K8S,
        "BGPAdvertisement bgp: spec.aggregationLength",
        lambda f: (
            [pool("p", f.inside), bgp(**{f.key: int(f.inside.rpartition("/")[2]) - 1})],
            [pool("p", f.inside), bgp(**{f.key: int(f.inside.rpartition("/")[2])})],
        ),
    ),
    Example(
        "local-preference-conflict",
        K8S,
        "BGPAdvertisement a: spec.localPref",
        lambda f: (
            [pool("p", f.pool), bgp("a", localPref=200, peers=["t"]), bgp("b", localPref=100)],
            [pool("p", f.pool), bgp("a", localPref=200, peers=["t"]), bgp("b", localPref=100, peers=["u"])],
        ),
    ),
    Example(
        "local-preference-ebgp",
        K8S,
        "BGPAdvertisement bgp: spec.localPref",
        lambda f: (
            [bgp(localPref=200), peer("t", f.router)],
            [bgp(localPref=200), peer("t", f.router, peerASN=64512)],
        ),
    ),
    Example(
        "local-preference-zero",
        NATIVE,
        "BGPAdvertisement bgp: spec.localPref",
        lambda f: (
            [bgp(), peer("t", f.router, peerASN=64512)],
            [bgp(localPref=100), peer("t", f.router, peerASN=64512)],
        ),
    ),
    Example(
        "unknown-community",
        K8S,
        "BGPAdvertisement bgp: spec.communities[0]",
        lambda f: (
            [bgp(communities=["no-export"]), pool("p", f.pool)],
            [bgp(communities=["no-export"]), pool("p", f.pool), community("c", no_export="65535:65281")],
        ),
    ),
    Example(
        "community-name-twice",
        K8S,
        "Community d: spec.communities[0].name",
        lambda f: (
            [community("c", gold="1:1"), community("d", gold="1:2"), pool("p", f.pool)],
            [community("c", gold="1:1"), community("d", tin="1:2"), pool("p", f.pool)],
        ),
    ),
    Example(
        "community-name-like-numbers",
        K8S,
        "Community c: spec.communities[0].name",
        lambda f: (
            [community("c", **{"1:1": "2:2"}), pool("p", f.pool)],
            [community("c", one="2:2"), pool("p", f.pool)],
        ),
    ),
    Example(
        "too-many-communities",
        K8S,
        "IPAddressPool p",
        lambda f: (
            [pool("p", f.pool), bgp("a", communities=some(1, 40)), bgp("b", communities=some(2, 24))],
            [pool("p", f.pool), bgp("a", communities=some(1, 40)), bgp("b", communities=some(2, 23))],
        ),
    ),
    Example(
        "family-without-session",
        K8S,
        "IPAddressPool p",
        lambda f: (
            [pool("p", *DUAL), bgp(), peer("t", f.router)],
            [pool("p", *DUAL), bgp(), peer("t", f.router, dualStackAddressFamily=True)],
        ),
    ),
]


@each(EXAMPLES)
def test_both_outcomes(example: Example, family: Family) -> None:
    hold(example, family)


def test_every_rule_has_an_example_and_a_source() -> None:
    complete(EXAMPLES, advertisements.RULES)
