# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules over peers and BFD profiles: both outcomes, both families."""

from __future__ import annotations

from manifests import bfd, bgp, on, peer, pool, secret
from ruling import DUAL, FOUR, FRR, K8S, Example, Family, complete, each, hold

from dualstack.resources.rules import peers

EXAMPLES = [
    Example(
        "router-ids-differ",
        K8S,
        "BGPPeer u: spec.routerID",
        lambda f: (
            [peer("t", f.router, routerID="10.0.0.1"), peer("u", f.source)],
            [peer("t", f.router, routerID="10.0.0.1"), peer("u", f.source, routerID="10.0.0.1")],
        ),
    ),
    Example(
        "asns-differ",
        K8S,
        "BGPPeer u: spec.myASN",
        lambda f: (
            [peer("t", f.router), peer("u", f.source, myASN=64513)],
            [peer("t", f.router), peer("u", f.source, myASN=64513, vrf="red")],
        ),
    ),
    Example(
        "peer-twice",
        K8S,
        "BGPPeer u: spec.peerAddress",
        lambda f: (
            [peer("t", f.router, nodeSelectors=on("a", "b")), peer("u", f.router, nodeSelectors=on("b"))],
            [peer("t", f.router, nodeSelectors=on("a")), peer("u", f.router, nodeSelectors=on("b"))],
        ),
    ),
    Example(
        "source-on-many-nodes",
        FRR,
        "BGPPeer t: spec.sourceAddress",
        lambda f: (
            [peer("t", f.router, sourceAddress=f.source)],
            [peer("t", f.router, sourceAddress=f.source, nodeSelectors=on("a"))],
        ),
    ),
    Example(
        "password-like-a-name",
        K8S,
        "BGPPeer t: spec.password",
        lambda f: (
            [peer("t", f.router, password="bgp-auth-secret")],
            [peer("t", f.router, passwordSecret={"name": "bgp-auth-secret"})],
        ),
    ),
    Example(
        "password-in-clear",
        K8S,
        "BGPPeer t: spec.password",
        lambda f: (
            [peer("t", f.router, password="hunter2!")],
            [peer("t", f.router, passwordSecret={"name": "hunter2"})],
        ),
    ),
    Example(
        "secret-of-peer",
        K8S,
        "BGPPeer t: spec.passwordSecret.name",
        lambda f: (
            [peer("t", f.router, passwordSecret={"name": "s"}), secret("s", "Opaque")],
            [peer("t", f.router, passwordSecret={"name": "s"}), secret("s")],
        ),
    ),
    Example(
        "secret-missing",
        K8S,
        "BGPPeer t: spec.passwordSecret.name",
        lambda f: (
            [peer("t", f.router, passwordSecret={"name": "s"}), secret("s", namespace="default")],
            [peer("t", f.router, passwordSecret={"name": "s"}), secret("s")],
        ),
    ),
    Example(
        "unknown-bfd-profile",
        K8S,
        "BGPPeer t: spec.bfdProfile",
        lambda f: ([peer("t", f.router, bfdProfile="fats"), bfd()], [peer("t", f.router, bfdProfile="fast"), bfd()]),
    ),
    Example(
        "bfd-echo-ipv6",
        K8S,
        "BFDProfile fast: spec.echoMode",
        lambda f: (
            [peer("t", f.router, bfdProfile="fast"), bfd(echoMode=True), pool("p", *DUAL), bgp()],
            [peer("t", f.router, bfdProfile="fast"), bfd(echoMode=True), pool("p", FOUR.pool), bgp()],
        ),
    ),
    Example(
        "minimum-ttl-unused",
        K8S,
        "BFDProfile fast: spec.minimumTtl",
        lambda f: (
            [peer("t", f.router, bfdProfile="fast"), bfd(minimumTtl=254)],
            [peer("t", f.router, bfdProfile="fast", ebgpMultiHop=True), bfd(minimumTtl=254)],
        ),
    ),
    Example(
        "echo-interval-unused",
        K8S,
        "BFDProfile fast: spec.echoInterval",
        lambda f: ([bfd(echoInterval=50)], [bfd(echoInterval=50, echoMode=True)]),
    ),
]


@each(EXAMPLES)
def test_both_outcomes(example: Example, family: Family) -> None:
    hold(example, family)


def test_every_rule_has_an_example_and_a_source() -> None:
    complete(EXAMPLES, peers.RULES)
