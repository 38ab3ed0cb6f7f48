# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules over pools: both outcomes, both families."""

from __future__ import annotations

from manifests import Object, bgp, labelled, layer2, node, peer, pool, thing
from ruling import DUAL, FOUR, K8S, SIX, Example, Family, complete, each, hold

from dualstack.resources.rules import pools


def namespace(name: str, **labels: str) -> Object:
    return thing("Namespace", name, labels=labels)


EXAMPLES = [
    Example(
        "pools-overlap",
        K8S,
        "IPAddressPool a: spec.addresses[0]",
        lambda f: ([pool("a", f.pool), pool("b", f.inside)], [pool("a", f.pool), pool("b", f.other)]),
    ),
    Example(
        "entry-without-length",
        K8S,
        "IPAddressPool p: spec.addresses[0]",
        lambda f: ([pool("p", f.address)], [pool("p", f"{f.address}/{f.full}")]),
    ),
    Example(
        "entry-with-blanks",
        K8S,
        "IPAddressPool p: spec.addresses[0]",
        lambda f: ([pool("p", f" {f.pool}")], [pool("p", f"{f.address} - {f.address}")]),
    ),
    Example(
        "host-bits",
        K8S,
        "IPAddressPool p: spec.addresses[0]",
        lambda f: ([pool("p", f"{f.address}/{f.pool.rpartition('/')[2]}")], [pool("p", f.pool)]),
    ),
    Example(
        "avoid-buggy-ipv6",
        K8S,
        "IPAddressPool p: spec.addresses[1]",
        lambda f: (
            [pool("p", *DUAL, avoidBuggyIPs=True)],
            [pool("p", DUAL[0], avoidBuggyIPs=True), pool("q", SIX.pool)],
        ),
    ),
    Example(
        "no-usable-address",
        K8S,
        "IPAddressPool p: spec.addresses",
        lambda f: (
            [pool("p", "192.0.2.0/32", avoidBuggyIPs=True)],
            [pool("p", f"{f.address}/{f.full}", avoidBuggyIPs=True)],
        ),
    ),
    Example(
        "network-address",
        K8S,
        "IPAddressPool p: spec.addresses[0]",
        lambda f: ([pool("p", f.pool), layer2()], [pool("p", f"{f.address}-{f.address}"), layer2()]),
    ),
    Example(
        "pool-counters",
        K8S,
        "IPAddressPool p: spec.addresses[0]",
        lambda f: ([pool("p", SIX.pool, FOUR.pool)], [pool("p", FOUR.pool, SIX.pool)]),
    ),
    Example(
        "pool-holds-host",
        K8S,
        "IPAddressPool p: spec.addresses[0]",
        lambda f: (
            [pool("p", f.pool), node("n", f.address), peer("t", f.router)],
            [pool("p", f.pool), node("n", f.source), peer("t", f.router)],
        ),
    ),
    Example(
        "allocation-twice",
        K8S,
        "IPAddressPool p: spec.serviceAllocation.namespaces[1]",
        lambda f: (
            [pool("p", f.pool, serviceAllocation={"namespaces": ["a", "a"]})],
            [pool("p", f.pool, serviceAllocation={"namespaces": ["a", "b"]})],
        ),
    ),
    Example(
        "allocation-for-nobody",
        K8S,
        "IPAddressPool p: spec.serviceAllocation",
        lambda f: (
            [pool("p", f.pool, serviceAllocation={"priority": 5})],
            [pool("p", f.pool, serviceAllocation={"priority": 5, "namespaces": ["a"]})],
        ),
    ),
    Example(
        "namespace-selectors-open",
        K8S,
        "IPAddressPool p: spec.serviceAllocation.namespaceSelectors",
        lambda f: (
            [pool("p", f.pool, serviceAllocation={"namespaceSelectors": labelled(team="b")}), namespace("a", team="a")],
            [pool("p", f.pool, serviceAllocation={"namespaceSelectors": labelled(team="a")}), namespace("a", team="a")],
        ),
    ),
    Example(
        "pool-not-announced",
        K8S,
        "IPAddressPool p",
        lambda f: (
            [pool("p", f.pool), bgp(ipAddressPools=["q"])],
            [pool("p", f.pool), bgp(ipAddressPools=["p"])],
        ),
    ),
]


@each(EXAMPLES)
def test_both_outcomes(example: Example, family: Family) -> None:
    """MetalLB 3.1.2, 3.1.5."""
    hold(example, family)


def test_every_rule_has_an_example_and_a_source() -> None:
    complete(EXAMPLES, pools.RULES)
