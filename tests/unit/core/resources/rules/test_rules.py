# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules as a whole: identifiers, any input, and what a single mistake costs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from manifests import bgp, peer, pool, service

from dualstack.findings import SEVERITIES
from dualstack.resources import modes, rules

WORDS = st.sampled_from(
    [
        *(
            "IPAddressPool",
            "BGPPeer",
            "Secret",
            "Node",
            "NetworkPolicy",
            "PrometheusRule",
            "ServiceMonitor",
            "ConfigMap",
        ),
        *("v1", "metallb.io/v1beta1", "metallb.io/v1beta2", "monitoring.coreos.com/v1", "networking.k8s.io/v1"),
        *("192.0.2.0/24", "2001:db8::/64", "192.0.2.9-2001:db8::1", "90s", "64512:1", "large:1:2:3", "LoadBalancer"),
    ]
)
FIELDS = st.sampled_from(
    [
        *(
            "addresses",
            "serviceAllocation",
            "namespaces",
            "peerAddress",
            "myASN",
            "holdTime",
            "communities",
            "selector",
        ),
        *("podSelector", "groups", "rules", "expr", "endpoints", "type", "matchLabels", "matchExpressions", "ports"),
        *("status", "loadBalancer", "ingress", "conditions", "nodeSelectors", "passwordSecret", "name", "data"),
        *("metallb.io/loadBalancerIPs", "metallb.io/address-pool", "loadBalancerIP", "ipFamilies", "values", "key"),
    ]
)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS | st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)
KINDS = st.sampled_from(
    [
        *(("metallb.io/v1beta1", kind) for kind in ("IPAddressPool", "L2Advertisement", "BGPAdvertisement", "BGPPeer")),
        *(("metallb.io/v1beta1", kind) for kind in ("Community", "BFDProfile", "AddressPool")),
        ("metallb.io/v1beta2", "BGPPeer"),
        *(("v1", kind) for kind in ("Service", "Secret", "Node", "ConfigMap", "Namespace")),
        ("networking.k8s.io/v1", "NetworkPolicy"),
        *(("monitoring.coreos.com/v1", kind) for kind in ("ServiceMonitor", "PodMonitor", "PrometheusRule")),
    ]
)


@st.composite
def objects(draw: st.DrawFn) -> Any:
    version, kind = draw(KINDS)
    metadata = draw(st.dictionaries(st.sampled_from(["labels", "annotations", "namespace"]), ANY, max_size=3))
    rest = draw(st.dictionaries(st.sampled_from(["spec", "status", "data", "stringData", "type"]), ANY, max_size=3))
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "x", **metadata}, **rest}


@given(st.lists(objects() | ANY, max_size=4), st.sampled_from(modes.MODES))
def test_any_input_gives_findings_and_no_exception(given_objects: list[Any], mode: str) -> None:
    for finding in rules.check(given_objects, mode):
        assert finding.severity in SEVERITIES


def test_identifiers_are_unique() -> None:
    names = [rule.id for rule in rules.RULES]
    assert len(set(names)) == len(names)


SOUND = {"192.0.2.1-192.0.2.9": "10.0.1.1", "2001:db8::1-2001:db8::9": "2001:db8:1::1"}


@pytest.mark.parametrize(
    ("mode", "block"),
    [(mode, block) for mode in modes.MODES for block in SOUND if mode != modes.NATIVE or "." in block],
)
def test_a_sound_set_has_no_findings(mode: str, block: str) -> None:
    assert rules.check([pool("p", block), peer("t", SOUND[block]), bgp(), service()], mode) == []


@pytest.mark.parametrize("mode", modes.MODES)
def test_passwords_are_never_repeated(mode: str) -> None:
    found = rules.check(
        [peer("t", "2001:db8::1", password="hunter2"), peer("u", "10.0.1.1", password="my-secret")], mode
    )
    assert {"password-in-clear", "password-like-a-name"} <= {finding.id for finding in found}
    assert "hunter2" not in str(found) and "my-secret" not in str(found)
