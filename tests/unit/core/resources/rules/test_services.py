# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules over what Services ask for: both outcomes, both families."""

from __future__ import annotations

from manifests import Object, labelled, layer2, pool, service
from ruling import BOTH, DUAL, FOUR, K8S, SIX, Example, Family, complete, each, hold

from dualstack.resources.rules import requested, services


def asking(name: str, family: Family, port: int) -> Object:
    annotations = {"loadBalancerIPs": family.address, "allow-shared-ip": "web"}
    return service(name, annotations, ports=[{"port": port}])


EXAMPLES = [
    Example(
        "old-annotation",
        K8S,
        "Service default/shop: metadata.annotations[metallb.universe.tf/address-pool]",
        lambda f: (
            [pool("p", f.pool), service(annotations={"metallb.universe.tf/address-pool": "p"})],
            [pool("p", f.pool), service(annotations={"metallb.io/address-pool": "p"})],
        ),
    ),
    Example(
        "pool-list",
        K8S,
        "Service default/shop: metadata.annotations[metallb.io/address-pool]",
        lambda f: (
            [pool("p4", FOUR.pool), pool("p6", SIX.pool), service(annotations={"address-pool": "p4,p6"})],
            [pool("p", *DUAL), service(annotations={"address-pool": "p"})],
        ),
    ),
    Example(
        "unknown-pool",
        K8S,
        "Service default/shop: metadata.annotations[metallb.io/address-pool]",
        lambda f: (
            [pool("prod", f.pool), service(annotations={"address-pool": "prd"})],
            [pool("prod", f.pool), service(annotations={"address-pool": "prod"})],
        ),
    ),
    Example(
        "pool-refuses-service",
        K8S,
        "Service default/shop: metadata.annotations[metallb.io/address-pool]",
        lambda f: (
            [pool("p", f.pool, serviceAllocation={"namespaces": ["a"]}), service(annotations={"address-pool": "p"})],
            [
                pool("p", f.pool, serviceAllocation={"namespaces": ["default"]}),
                service(annotations={"address-pool": "p"}),
            ],
        ),
    ),
    Example(
        "no-pool-for-service",
        K8S,
        "Service default/shop",
        lambda f: (
            [pool("p", f.pool, autoAssign=False), service()],
            [pool("p", f.pool, autoAssign=False), pool("q", f.other), service()],
        ),
    ),
    Example(
        "no-dual-stack-pool",
        K8S,
        "Service default/shop: spec.ipFamilyPolicy",
        lambda f: (
            [pool("p4", FOUR.pool), pool("p6", SIX.pool), service(ipFamilyPolicy="RequireDualStack")],
            [pool("p", *DUAL), service(ipFamilyPolicy="RequireDualStack")],
        ),
    ),
    Example(
        "half-dual-stack",
        K8S,
        "Service default/shop: spec.ipFamilyPolicy",
        lambda f: (
            [pool("p", f.pool), service(ipFamilyPolicy="PreferDualStack", annotations={"address-pool": "p"})],
            [pool("p", *DUAL), service(ipFamilyPolicy="PreferDualStack", annotations={"address-pool": "p"})],
        ),
    ),
    Example(
        "single-stack-families",
        K8S,
        "Service default/shop: spec.ipFamilyPolicy",
        lambda f: (
            [service(ipFamilies=["IPv4", "IPv6"])],
            [service(ipFamilies=[f.word])],
        ),
    ),
    Example(
        "shared-with-selectors",
        K8S,
        "Service default/shop: metadata.annotations[metallb.io/allow-shared-ip]",
        lambda f: (
            [
                pool("p", f.pool),
                layer2(serviceSelectors=labelled(a="b")),
                service(annotations={"allow-shared-ip": "x"}),
            ],
            [pool("p", f.pool), layer2(), service(annotations={"allow-shared-ip": "x"})],
        ),
    ),
    Example(
        "other-class",
        K8S,
        "Service default/shop: spec.loadBalancerClass",
        lambda f: ([service(loadBalancerClass="example.com/x")], [service()]),
    ),
    Example(
        "field-address",
        K8S,
        "Service default/shop: spec.loadBalancerIP",
        lambda f: (
            [pool("p", f.pool), service(loadBalancerIP=f.address)],
            [pool("p", f.pool), service(annotations={"loadBalancerIPs": f.address})],
        ),
    ),
    Example(
        "addresses-and-families",
        K8S,
        "Service default/shop: metadata.annotations[metallb.io/loadBalancerIPs]",
        lambda f: (
            [service(annotations={"loadBalancerIPs": f.address}, ipFamilyPolicy="PreferDualStack")],
            [service(annotations={"loadBalancerIPs": BOTH}, ipFamilyPolicy="PreferDualStack")],
        ),
    ),
    Example(
        "address-in-no-pool",
        K8S,
        "Service default/shop: metadata.annotations[metallb.io/loadBalancerIPs]",
        lambda f: (
            [pool("p", f.pool), service(annotations={"loadBalancerIPs": f.second})],
            [pool("p", f.pool), service(annotations={"loadBalancerIPs": f.address})],
        ),
    ),
    Example(
        "address-outside-pool",
        K8S,
        "Service default/shop: metadata.annotations[metallb.io/loadBalancerIPs]",
        lambda f: (
            [
                pool("p", f.pool),
                pool("q", f.other),
                service(annotations={"address-pool": "p", "loadBalancerIPs": f.second}),
            ],
            [
                pool("p", f.pool),
                pool("q", f.other),
                service(annotations={"address-pool": "q", "loadBalancerIPs": f.second}),
            ],
        ),
    ),
    Example(
        "addresses-of-two-pools",
        K8S,
        "Service default/shop: metadata.annotations[metallb.io/loadBalancerIPs]",
        lambda f: (
            [pool("p4", FOUR.pool), pool("p6", SIX.pool), service(annotations={"loadBalancerIPs": BOTH})],
            [pool("p", *DUAL), service(annotations={"loadBalancerIPs": BOTH})],
        ),
    ),
    Example(
        "address-asked-twice",
        K8S,
        "Service default/web: metadata.annotations[metallb.io/loadBalancerIPs]",
        lambda f: (
            [asking("shop", f, 80), asking("web", f, 80)],
            [asking("shop", f, 80), asking("web", f, 443)],
        ),
    ),
]


@each(EXAMPLES)
def test_both_outcomes(example: Example, family: Family) -> None:
    hold(example, family)


def test_every_rule_has_an_example_and_a_source() -> None:
    complete(EXAMPLES, (*services.RULES, *requested.RULES))
