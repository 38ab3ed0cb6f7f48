# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is imported, nothing but findings comes of it: no exception, and plain data that can be written."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from manifests import bfd, bgp, community, layer2, node, peer, pool, secret, service, thing

from dualstack.importing import intent_of
from dualstack.resources import modes

pytestmark = pytest.mark.soak

TEXTS = st.sampled_from(
    ["", "a", "a.b", "10.0.0.0/24", "fd00::/64", "10.0.0.9-10.0.0.1", "64512:1", "1s", "0s", "µ", "*"]
)
SCALARS = st.none() | st.booleans() | st.integers(-5, 2**33) | st.floats(allow_nan=False) | TEXTS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))
OBJECTS = [
    node("node1", "10.0.1.11", "fd10:1::11", rack="r1"),
    pool("web", "172.16.0.0/24", "fd00::/112", autoAssign=False, serviceAllocation={"namespaces": ["a"]}),
    layer2("l2", ipAddressPools=["web"], interfaces=["eth0"]),
    peer("tor-ipv4", "10.0.1.1", holdTime="9s", bfdProfile="fast", passwordSecret={"name": "auth"}),
    peer("tor-ipv6", "fd10:1::1", holdTime="9s", bfdProfile="fast", passwordSecret={"name": "auth"}),
    bgp("bgp", ipAddressPools=["web"], peers=["tor-ipv4", "tor-ipv6"], communities=["backbone"], localPref=5),
    bfd(),
    community("names", backbone="64512:1"),
    secret("auth"),
    service(
        "shop", {"address-pool": "web"}, ipFamilyPolicy="PreferDualStack", ports=[{"port": 80}], clusterIPs=["fd00::1"]
    ),
    thing("ServiceCIDR", "kubernetes", {"cidrs": ["10.96.0.0/16"]}, "networking.k8s.io/v1"),
    {"apiVersion": "kubeproxy.config.k8s.io/v1", "kind": "KubeProxyConfiguration", "clusterCIDR": "10.244.0.0/16"},
]
FLAGS = [
    "--cluster-cidr=10.244.0.0/16",
    "--node-ip=10.0.0.1",
    "--node-cidr-mask-size-ipv4=24",
    "--v=2",
    "--feature-gates=a",
]


def places(value: Any) -> list[list[Any]]:
    """The way to every part of a value."""
    found: list[list[Any]] = [[]]
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        found += [[key, *rest] for rest in places(part)]
    return found


@st.composite
def damaged(draw: st.DrawFn) -> list[Any]:
    """The objects with some parts replaced or gone."""
    objects: list[Any] = copy.deepcopy(OBJECTS)
    for _unused in range(draw(st.integers(1, 4))):
        place = draw(st.sampled_from(places(objects)[1:]))
        target: Any = objects
        for key in place[:-1]:
            target = target[key]
        if draw(st.booleans()):
            target[place[-1]] = draw(VALUES)
        else:
            del target[place[-1]]
    return objects


def holds(objects: list[Any], mode: str, flags: list[str]) -> None:
    found = intent_of(objects, mode, component_flags=flags)
    assert json.dumps([finding.as_dict() for finding in found.findings])
    assert yaml.safe_load(yaml.safe_dump(found.inventory())) == found.inventory()
    assert "hunter2" not in repr(found)


@given(objects=damaged(), mode=st.sampled_from(modes.MODES))
def test_damaged_manifests(objects: list[Any], mode: str) -> None:
    holds(objects, mode, [])


@given(objects=st.lists(VALUES, max_size=3), mode=st.sampled_from(modes.MODES))
def test_anything(objects: list[Any], mode: str) -> None:
    holds(objects, mode, [])


@given(
    flags=st.lists(
        st.sampled_from(FLAGS) | st.builds(lambda flag, text: flag + text, st.sampled_from(FLAGS), st.text(max_size=8))
    )
)
def test_any_flags(flags: list[str]) -> None:
    holds([], modes.FRR, flags)
