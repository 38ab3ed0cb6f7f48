# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests → intent → plan → manifests: the same for any cluster that MetalLB accepts and an intent can say."""

from __future__ import annotations

from typing import Any

import fabrics
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from manifests import Object, bfd, bgp, community, layer2, node, on, peer, pool, service
from round_trip import check

from dualstack.findings import ERROR
from dualstack.importing import intent_of
from dualstack.plan.build import make
from dualstack.plan.clusters import every
from dualstack.render import resources
from dualstack.render.resources.hosts import nodes
from dualstack.resources import modes, rules

pytestmark = pytest.mark.soak

# What MetalLB accepts and the planner refuses, because nobody would hear of the VIP, or nobody gets one.
POINTLESS = {"advertise-no-session", "pool-family", "pool-full", "no-pool-of-family"}

ASN = 64512
FAMILIES = st.sampled_from([("ipv4",), ("ipv6",), ("ipv4", "ipv6"), ("ipv6", "ipv4")])
LABELS = st.dictionaries(st.sampled_from(["tier", "example.com/zone"]), st.sampled_from(["a", "b.c_d", ""]), max_size=2)
SHOPS = st.sampled_from(
    [[], [{"matchLabels": {"app": "shop"}}], [{"matchExpressions": [{"key": "x", "operator": "Exists"}]}]]
)


def maybe(name: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """``{name: value}`` or nothing."""
    return st.just({}) | st.builds(lambda value: {name: value} if value not in ([], None) else {}, values)


@st.composite
def merged(draw: st.DrawFn, *parts: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    return {key: value for part in parts for key, value in draw(part).items()}


@st.composite
def node_selectors(draw: st.DrawFn, count: int) -> list[Object]:
    """Selectors that select at least one of the nodes."""
    number = draw(st.integers(0, count - 1))
    return draw(
        st.sampled_from(
            [
                [],
                on(f"node{number}"),
                [{"matchLabels": {"rack": f"r{number % 2}"}}],
                [
                    {"matchLabels": {"rack": f"r{number % 2}"}},
                    {"matchExpressions": [{"key": "no", "operator": "Exists"}]},
                ],
                [{"matchExpressions": [{"key": "rack", "operator": "NotIn", "values": ["r8", "r9"]}]}],
            ]
        )
    )


def address(family: str, net: int, host: int) -> str:
    return f"10.{net}.0.{host}" if family == "ipv4" else f"fd10:{net}::{host:x}"


@st.composite
def pools(draw: st.DrawFn, families: tuple[str, ...], mode: str, layer2_only: bool) -> list[Object]:
    allocation = merged(
        maybe("priority", st.integers(1, 50)),
        maybe("namespaces", st.sampled_from([["team-a"], ["team-a", "team-b"]])),
        maybe("namespaceSelectors", SHOPS),
        maybe("serviceSelectors", SHOPS),
    )
    spec = merged(
        maybe("autoAssign", st.booleans()),
        maybe("avoidBuggyIPs", st.booleans()),
        maybe("serviceAllocation", allocation),
    )
    result = []
    for number in range(draw(st.integers(1, 3))):
        blocks = []
        for family in draw(st.permutations(families)):
            if family == "ipv6" and mode == modes.NATIVE and not layer2_only:
                continue
            four = [f"172.16.{number}.0/25", f"172.16.{number}.130-172.16.{number}.150", f"172.16.{number}.208/29"]
            six = [f"fd00:{number}::/112", f"fd00:{number}:1::5-fd00:{number}:1::99", f"fd00:{number}:2::/64"]
            blocks += draw(st.lists(st.sampled_from(four if family == "ipv4" else six), min_size=1, unique=True))
        if blocks:
            result.append(pool(f"pool-{number}", *blocks, labels=draw(LABELS), **draw(spec)))
    return result


@st.composite
def peers(draw: st.DrawFn, families: tuple[str, ...], mode: str, nodes: int) -> list[Object]:
    frr = mode in modes.WITH_FRR
    router_id = draw(maybe("routerID", st.just("192.0.2.9"))) if nodes == 1 else {}
    hold = st.integers(3, 200)
    result = []
    for number in range(draw(st.integers(0, 4))):
        family = draw(st.sampled_from(families))
        if mode == modes.NATIVE and family == "ipv6":
            continue
        parts = [
            maybe("nodeSelectors", node_selectors(nodes)),
            maybe("peerPort", st.integers(1, 16384)),
            maybe("passwordSecret", st.just({"name": draw(st.sampled_from(["bgp-auth", "other-auth"]))})),
            maybe("holdTime", hold.map(lambda seconds: f"{seconds}s")),
        ]
        if mode != modes.NATIVE:
            parts += [maybe("connectTime", st.integers(1, 300).map(lambda seconds: f"{seconds}s"))]
            parts += [maybe("dualStackAddressFamily", st.booleans())] if len(families) == 2 else []
        if mode == modes.FRR:
            parts += [maybe("localASN", st.just(64999))]
        if frr:
            parts += [
                maybe("bfdProfile", st.sampled_from(["fast", "slow"])),
                maybe("enableGracefulRestart", st.booleans()),
                maybe("vrf", st.just("blue")),
            ]
        spec = {**draw(merged(*parts)), **router_id}
        kind = draw(st.sampled_from(["ebgp", "multihop", "ibgp", "external", "internal", "unnumbered"]))
        if kind in ("external", "internal", "unnumbered") and not frr:
            kind = "ebgp"
        if kind not in ("ebgp", "multihop"):
            spec.pop("localASN", None)
        spec["peerASN"] = {"ibgp": ASN, "external": None, "internal": None}.get(kind, 64500 + number)
        spec["dynamicASN"] = kind if kind in ("external", "internal") else None
        spec["ebgpMultiHop"] = True if kind == "multihop" else None
        spec["interface"] = f"eth{number}" if kind == "unnumbered" else None
        if kind == "unnumbered":
            spec.pop("dualStackAddressFamily", None)
        spec = {key: value for key, value in spec.items() if value is not None}
        name = draw(st.sampled_from([f"peer{number}", f"peer{number}-{family}"]))
        where = None if kind == "unnumbered" else address(family, 1, 100 + number)
        made = peer(name, where, **{"myASN": ASN, **spec})
        made["spec"] = {key: value for key, value in made["spec"].items() if value is not None}
        if "peerASN" not in spec:
            made["spec"].pop("peerASN")
        if mode == modes.SPEAKER:
            ours = {"baremetal.dualstack/ttl": "3"} if kind == "multihop" else {"baremetal.dualstack/ttl-security": "1"}
            made["metadata"]["annotations"] = ours if draw(st.booleans()) else {}
        result.append(made)
        if where and len(families) == 2 and mode != modes.NATIVE and draw(st.booleans()):
            other = {"ipv4": "ipv6", "ipv6": "ipv4"}[family]
            twin = peer(f"peer{number}-{other}", address(other, 1, 100 + number), **made["spec"])
            twin["spec"]["peerAddress"] = address(other, 1, 100 + number)
            twin["metadata"]["annotations"] = made["metadata"].get("annotations", {})
            result.append(twin)
    return result


@st.composite
def advertisements(
    draw: st.DrawFn, families: tuple[str, ...], mode: str, pools: list[Object], peers: list[Object], nodes: int
) -> list[Object]:
    names, neighbours = names_of(pools), names_of(peers)
    common = merged(
        maybe("ipAddressPools", st.lists(st.sampled_from(names), unique=True)),
        maybe("nodeSelectors", node_selectors(nodes)),
        maybe("serviceSelectors", SHOPS),
    )
    numbers = ["64512:1", "64512:77"] + (["large:64512:1:2"] if mode != modes.NATIVE else [])
    bgp_only = merged(
        maybe("aggregationLength", st.sampled_from([29, 30, 32] if "ipv4" in families else [32])),
        maybe("aggregationLengthV6", st.sampled_from([122, 126, 128] if "ipv6" in families else [128])),
        maybe("localPref", st.integers(1, 400)),
        maybe("communities", st.lists(st.sampled_from([*numbers, "backbone", "no-export"]), unique=True)),
        maybe("peers", st.lists(st.sampled_from(neighbours), unique=True) if neighbours else st.just([])),
    )
    preferred = st.lists(
        st.builds(
            lambda weight: {"weight": weight, "preference": {"matchLabels": {"rack": "r0"}}}, st.integers(1, 100)
        ),
        max_size=2,
    )
    layer2_only = merged(
        maybe("interfaces", st.lists(st.sampled_from(["eth0", "bond0"]), unique=True)),
        maybe("preferredNodeSelectors", preferred if mode == modes.SPEAKER else st.just([])),
    )
    result = []
    for number in range(draw(st.integers(0, 2))):
        spec = draw(merged(common, bgp_only))
        if "serviceSelectors" in spec:
            spec.pop("aggregationLength", None)
            spec.pop("aggregationLengthV6", None)
        result.append(bgp(f"bgp-{number}", **spec))
    result += [layer2(f"l2-{number}", **draw(merged(common, layer2_only))) for number in range(draw(st.integers(0, 2)))]
    return result


@st.composite
def services(draw: st.DrawFn, families: tuple[str, ...], mode: str, pools: list[Object]) -> list[Object]:
    names = names_of(pools)
    result = []
    for number in range(draw(st.integers(0, 4))):
        dual = len(families) == 2 and draw(st.booleans())
        chosen = list(draw(st.permutations(families))) if dual else [draw(st.sampled_from(families))]
        policy = draw(st.sampled_from(["PreferDualStack", "RequireDualStack"])) if dual else "SingleStack"
        ports = [
            {
                "port": 80,
                **({"name": "web"} if draw(st.booleans()) else {}),
                **draw(maybe("targetPort", st.just(8080))),
            },
            {"name": "dns", "port": 53, "protocol": "UDP"},
        ]
        spec = {
            "ipFamilyPolicy": policy,
            "ipFamilies": [{"ipv4": "IPv4", "ipv6": "IPv6"}[family] for family in chosen],
            "ports": ports[: draw(st.integers(1, 2))] if ports[0].get("name") else ports[:1],
            **draw(maybe("selector", st.just({"app": "shop"}))),
            **draw(maybe("externalTrafficPolicy", st.sampled_from(["Local", "Cluster"]))),
        }
        annotations = draw(maybe("address-pool", st.sampled_from(names)))
        annotations.update(draw(maybe("allow-shared-ip", st.sampled_from(["front", "back"]))))
        annotations.update(draw(maybe("example.com/owner", st.sampled_from(["me", ""]))))
        result.append(service(f"svc-{number}", annotations, draw(LABELS), **spec))
    return result


def names_of(objects: list[Object]) -> list[str]:
    return [each["metadata"]["name"] for each in objects]


@st.composite
def clusters(draw: st.DrawFn, mode: str) -> list[Object]:
    """A whole cluster. What two parts of it make wrong together is left to the rules to refuse."""
    families = draw(FAMILIES)
    count = draw(st.integers(1, 3))
    nodes = [
        node(f"node{number}", *(address(family, 1, 11 + number) for family in families), rack=f"r{number % 2}")
        for number in range(count)
    ]
    layer2_only = draw(st.booleans())
    made = draw(pools(families, mode, layer2_only))
    assume(made)
    neighbours = [] if layer2_only else draw(peers(families, mode, count))
    assume(len(set(names_of(neighbours))) == len(neighbours))
    profiles = [
        bfd("fast", receiveInterval=100, transmitInterval=100),
        bfd("slow", detectMultiplier=5, passiveMode=True),
    ]
    aliases = [community("names", backbone="64512:200", no_export="65535:65281")]
    adverts = draw(advertisements(families, mode, made, neighbours, count))
    named = {name for each in adverts for name in each["spec"].get("ipAddressPools", names_of(made))}
    rest = [name for name in names_of(made) if name not in named]
    return [
        *nodes,
        *made,
        *neighbours,
        *(profiles if mode in modes.WITH_FRR else []),
        *aliases,
        *adverts,
        *([layer2("rest", ipAddressPools=rest)] if rest else []),
        *draw(services(families, mode, made)),
    ]


@pytest.mark.parametrize("mode", modes.MODES)
@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
def test_generated_clusters(mode: str, data: st.DataObject) -> None:
    objects = data.draw(clusters(mode))
    errors = {finding.id for finding in rules.check(objects, mode) if finding.severity == ERROR}
    assume(not errors)
    errors = {finding.id for finding in intent_of(objects, mode).findings if finding.severity == ERROR}
    assume(not errors & POINTLESS)
    check(objects, mode)


# --- our own renderings


@pytest.mark.parametrize("example", fabrics.names())
def test_what_is_rendered_for_an_example_imports_as_the_same(example: str) -> None:
    plan, _unused = make(*fabrics.read(example))
    assert plan is not None
    for cluster in every(plan):
        mode, name = cluster["load_balancer"], cluster["name"]
        objects = resources.render(plan, name)
        if mode != modes.SPEAKER:
            objects = [*nodes(plan, name), *objects]
        errors = {finding.id for finding in intent_of(objects, mode).findings if finding.severity == ERROR}
        if errors and errors <= {"address-twice", "router-id-twice"}:
            pytest.xfail("rules refuse two peers of one address, also where no node has both")
        check(objects, mode)
