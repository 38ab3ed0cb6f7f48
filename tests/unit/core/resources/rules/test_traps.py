# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes that stand in manifests everywhere: each is told, with the fix that helps."""

from __future__ import annotations

import pytest
from manifests import Object, bfd, bgp, layer2, peer, pool, secret, service, thing

from dualstack.resources import rules
from dualstack.resources.modes import FRR, FRR_K8S, NATIVE

DUAL = ("192.0.2.0/24", "2001:db8:1::/64")


def old(given: Object) -> Object:
    return {**given, "apiVersion": "metallb.io/v1beta1"}


TRAPS: list[tuple[str, list[Object], str, str, str]] = [
    ("a word in an IPv6 address", [pool("p", "2001:db8:prod::/64")], FRR_K8S, "address-syntax", "hexadecimal"),
    ("avoidBuggyIPs with IPv6", [pool("p", *DUAL, avoidBuggyIPs=True)], FRR_K8S, "avoid-buggy-ipv6", "2001:db8:1::1-"),
    (
        "a list of pools",
        [service(annotations={"metallb.universe.tf/address-pool": "prod-v4,prod-v6"})],
        FRR_K8S,
        "pool-list",
        "into one pool",
    ),
    (
        "the old prefix",
        [service(annotations={"metallb.universe.tf/allow-shared-ip": "x"})],
        FRR,
        "old-annotation",
        "metallb.io/allow-shared-ip",
    ),
    (
        "a name as password",
        [peer("t", "10.0.1.1", password="bgp-auth-secret")],
        FRR_K8S,
        "password-like-a-name",
        "passwordSecret: {name:",
    ),
    (
        "an opaque Secret",
        [peer("t", "2001:db8::1", passwordSecret={"name": "s"}), secret("s", "Opaque")],
        FRR_K8S,
        "secret-of-peer",
        "kubernetes.io/basic-auth",
    ),
    ("a TTL for an interval", [bfd(minimumTtl=254)], FRR_K8S, "minimum-ttl-unused", "echoInterval"),
    ("BFD in native mode", [bfd(receiveInterval=100)], NATIVE, "unsupported", "frr-k8s"),
    (
        "echo with IPv6",
        [bfd(echoMode=True), peer("t", "10.0.1.1", bfdProfile="fast"), pool("p", *DUAL), bgp()],
        FRR_K8S,
        "bfd-echo-ipv6",
        "echoMode: false",
    ),
    (
        "a /64 of a /112",
        [pool("p", "2001:db8::/112"), bgp(aggregationLengthV6=64)],
        FRR_K8S,
        "aggregate-too-wide",
        "at least 112",
    ),
    ("multi-hop in iBGP", [peer("t", "10.0.1.1", peerASN=64512, ebgpMultiHop=True)], FRR_K8S, "multihop", "Remove it"),
    ("multi-hop in native mode", [peer("t", "10.0.1.1", ebgpMultiHop=True)], NATIVE, "unused", "Remove it"),
    (
        "localPref for eBGP",
        [peer("t", "2001:db8::1"), bgp(localPref=200)],
        FRR_K8S,
        "local-preference-ebgp",
        "community",
    ),
    (
        "two localPrefs",
        [pool("p", *DUAL), bgp("a", localPref=200), bgp("b", localPref=100)],
        FRR_K8S,
        "local-preference-conflict",
        "Name peers in both",
    ),
    (
        "a source address with frr-k8s",
        [peer("t", "10.0.1.1", sourceAddress="10.0.1.9")],
        FRR_K8S,
        "unused",
        "Remove it",
    ),
    (
        "one source address for all",
        [peer("t", "2001:db8::1", sourceAddress="2001:db8::9")],
        FRR,
        "source-on-many-nodes",
        "one BGPPeer per node",
    ),
    (
        "overlapping pools",
        [pool("p", "10.0.0.0/24"), pool("q", "10.0.0.128-10.0.0.140")],
        FRR_K8S,
        "pools-overlap",
        "10.0.0.128-10.0.0.140",
    ),
    (
        "a policy for speakers",
        [
            thing(
                "NetworkPolicy", "n", {"podSelector": {"matchLabels": {"component": "speaker"}}}, "networking.k8s.io/v1"
            )
        ],
        FRR_K8S,
        "policy-on-speakers",
        "firewall of the nodes",
    ),
    (
        "a metric of another mode",
        [
            thing(
                "PrometheusRule",
                "r",
                {"groups": [{"rules": [{"expr": "metallb_bgp_session_up == 0"}]}]},
                "monitoring.coreos.com/v1",
            )
        ],
        FRR_K8S,
        "unknown-metric",
        "frrk8s_bgp_session_up",
    ),
    (
        "metrics over plain HTTP",
        [
            thing(
                "ServiceMonitor", "m", {"selector": {}, "endpoints": [{"targetPort": 7472}]}, "monitoring.coreos.com/v1"
            )
        ],
        FRR_K8S,
        "plain-metrics",
        "scheme: https",
    ),
    ("a peer of the old version", [old(peer("t", "10.0.1.1"))], FRR_K8S, "old-version", "v1beta2"),
    ("its timers", [old(peer("t", "2001:db8::1"))], FRR_K8S, "timer-off", "state it"),
    ("its Secret", [old(peer("t", "2001:db8::1", passwordSecret={"name": "s"}))], FRR_K8S, "pruned", "v1beta2"),
    (
        "one of two router IDs",
        [peer("t", "10.0.1.1", routerID="10.0.0.1"), peer("u", "2001:db8::1")],
        FRR_K8S,
        "router-ids-differ",
        "the same in both",
    ),
    ("a router ID of IPv6", [peer("t", "2001:db8::1", routerID="2001:db8::9")], NATIVE, "router-id", "IPv4 address"),
    ("a peer twice", [peer("t", "2001:db8::1"), peer("u", "2001:db8::1")], FRR, "peer-twice", "nodeSelectors"),
    ("keepalive in native mode", [peer("t", "10.0.1.1", keepaliveTime="3s")], NATIVE, "unsupported", "holdTime"),
    ("the old kind", [thing("AddressPool", "p", {}, "metallb.io/v1beta1")], FRR_K8S, "old-kind", "IPAddressPool"),
    (
        "the old ConfigMap",
        [thing("ConfigMap", "config", data={"config": "address-pools: []"})],
        FRR_K8S,
        "configuration-map",
        "IPAddressPools",
    ),
    ("a number for a duration", [peer("t", "10.0.1.1", holdTime=90)], FRR_K8S, "syntax", '"90s"'),
    ("a port too high", [peer("t", "2001:db8::1", peerPort=17900)], FRR_K8S, "range", "16384"),
    (
        "one address of two",
        [service(annotations={"loadBalancerIPs": "2001:db8:1::7"}, ipFamilyPolicy="PreferDualStack")],
        FRR_K8S,
        "addresses-and-families",
        "IPv4 and IPv6",
    ),
    (
        "addresses shared in a pool with serviceSelectors",
        [pool("p", *DUAL), layer2(serviceSelectors=[{}]), service(annotations={"allow-shared-ip": "x"})],
        FRR_K8S,
        "shared-with-selectors",
        "Remove the serviceSelectors",
    ),
]


@pytest.mark.parametrize(
    ("objects", "mode", "rule", "text"), [trap[1:] for trap in TRAPS], ids=[trap[0] for trap in TRAPS]
)
def test_traps(objects: list[Object], mode: str, rule: str, text: str) -> None:
    told = [finding for finding in rules.check(objects, mode) if finding.id == rule]
    assert told
    assert any(text in f"{finding.reason} {finding.fix}" for finding in told)
