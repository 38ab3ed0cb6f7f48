# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``parse(objects(x)) == x`` for any resources, and what the objects look like."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstack.addresses.blocks import BITS, FAMILIES, IPV4, Block, address_text, network
from dualstack.findings import Finding
from dualstack.resources import write
from dualstack.resources.collection import parse
from dualstack.resources.model import (
    FULL_LENGTHS,
    Allocation,
    BFDProfile,
    BGPAdvertisement,
    Communities,
    EndpointSlice,
    L2Advertisement,
    Namespace,
    Node,
    Peer,
    Pool,
    Preference,
    Resources,
    Secret,
    Service,
)
from dualstack.resources.selectors import IN, NOT_IN, OPERATORS, Requirement, Selector
from dualstack.resources.wishes import ServicePort, ServiceWish, service_wish

pytestmark = pytest.mark.soak

UIDS = st.sampled_from(["", "1f2c", "6f1e9c1c-0a4e-4b1c-8d2e-1f2c3d4e5f60"])
NAMES = st.sampled_from(["a", "b1", "tor1-ipv4", "tor2.rack-9", "z" * 63])
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
LABELS = st.dictionaries(st.sampled_from(["tier", "zone", "example.com/x"]), TEXT, max_size=3)
ASN = st.integers(1, 2**32 - 1)
NUMBER = st.integers(0, 2**32 - 1)


def few(items: st.SearchStrategy[Any], size: int = 3) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(items, max_size=size).map(tuple)


def maybe(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | items


@st.composite
def requirement(draw: st.DrawFn) -> Requirement:
    operator = draw(st.sampled_from(OPERATORS))
    least = 1 if operator in (IN, NOT_IN) else 0
    values = draw(st.lists(TEXT, min_size=least, max_size=3 * least))
    return Requirement(draw(st.sampled_from(["tier", "zone", "a"])), operator, tuple(sorted(values)))


SELECTORS = few(few(requirement()).map(Selector), 2)


def is_ipv4_mapped(value: int) -> bool:
    return value >> 32 == 0xFFFF


@st.composite
def block(draw: st.DrawFn, family: str | None = None) -> Block:
    family = family or draw(st.sampled_from(FAMILIES))
    bits = BITS[family]
    length = draw(st.integers(0, bits))
    cidr = network(family, draw(st.integers(0, 2**length - 1)) << (bits - length), length)
    first, last = sorted(draw(st.tuples(*[st.integers(0, 2**bits - 1)] * 2)))
    return draw(st.sampled_from([cidr, Block(family, first, last)]).filter(writable))


def writable(item: Block) -> bool:
    """IPv4-mapped addresses are written as IPv4."""
    return item.family == IPV4 or not (is_ipv4_mapped(item.first) or is_ipv4_mapped(item.last))


def address(family: str | None = None) -> st.SearchStrategy[str]:
    return block(family).map(lambda item: address_text(item.family, item.first))


@st.composite
def allocation(draw: st.DrawFn) -> Allocation:
    return Allocation(draw(st.integers(-5, 2**40)), draw(few(NAMES)), draw(SELECTORS), draw(SELECTORS))


@st.composite
def pool(draw: st.DrawFn, name: str) -> Pool:
    blocks = tuple(draw(st.lists(block(), min_size=1, max_size=4)))
    return Pool(name, draw(LABELS), blocks, draw(st.booleans()), draw(st.booleans()), draw(maybe(allocation())))


ADVERTISED = st.sampled_from([FAMILIES, *((family,) for family in FAMILIES)])


@st.composite
def layer2(draw: st.DrawFn, name: str) -> L2Advertisement:
    preference = st.builds(Preference, st.integers(1, 100), few(requirement()).map(Selector))
    selection = [draw(part) for part in (few(NAMES), SELECTORS, SELECTORS, SELECTORS)]
    return L2Advertisement(name, *selection, draw(ADVERTISED), draw(few(TEXT)), draw(few(preference)))


def community() -> st.SearchStrategy[str]:
    plain = st.tuples(*[st.integers(0, 65535)] * 2).map(lambda parts: "{}:{}".format(*parts))
    large = st.tuples(*[NUMBER] * 3).map(lambda parts: "large:{}:{}:{}".format(*parts))
    return plain | large


@st.composite
def bgp(draw: st.DrawFn, name: str) -> BGPAdvertisement:
    services = draw(SELECTORS)
    lengths = dict(FULL_LENGTHS)
    if not services:
        lengths = {family: draw(st.integers(1, bits)) for family, bits in BITS.items()}
    communities = few(community() | st.sampled_from(["gold", "no-export"]))
    return BGPAdvertisement(
        name,
        draw(few(NAMES)),
        draw(SELECTORS),
        draw(SELECTORS),
        services,
        draw(ADVERTISED),
        lengths,
        draw(NUMBER),
        draw(communities),
        draw(few(NAMES)),
        draw(few(st.sampled_from(["rt:64512:1", "soo:10.0.1.1:2", "0x030b000000000001"]))),
    )


@st.composite
def peer(draw: st.DrawFn, name: str) -> Peer:
    family = draw(st.sampled_from(FAMILIES))
    my_asn, numbered = draw(ASN), draw(st.booleans())
    peer_asn = draw(maybe(ASN | st.just(my_asn)))
    hold, keepalive = draw(st.sampled_from([(None, None), (9, 3), (0, 0), (90, 0), (None, 21845), (65535, None)]))
    password, secret = draw(st.sampled_from([(None, None), ("pa ss", None), (None, "bgp-auth")]))
    return Peer(
        name=name,
        my_asn=my_asn,
        peer_asn=peer_asn,
        dynamic_asn=None if peer_asn else draw(st.sampled_from(["internal", "external"])),
        local_asn=draw(maybe(ASN)),
        address=draw(address(family)) if numbered else None,
        interface=None if numbered else draw(TEXT),
        source_address=draw(maybe(address(family))),
        port=draw(st.integers(1, 16384)),
        hold_time=hold,
        keepalive_time=keepalive,
        connect_time=draw(maybe(st.integers(1, 65535))),
        router_id=draw(maybe(address(IPV4).filter(lambda text: text != "0.0.0.0"))),
        node_selectors=draw(SELECTORS),
        password=password,
        password_secret=secret,
        password_secret_namespace=draw(maybe(NAMES)) if secret else None,
        bfd_profile=draw(maybe(TEXT)),
        graceful_restart=draw(st.booleans()),
        multihop=draw(st.booleans()) and peer_asn != my_asn,
        vrf=draw(maybe(TEXT)),
        disable_mp=draw(st.booleans()),
        both_families=draw(st.booleans()),
        **draw(st.sampled_from([{}, {"ttl": 7}, {"ttl_security": 254}])),
    )


@st.composite
def bfd_profile(draw: st.DrawFn, name: str) -> BFDProfile:
    interval = maybe(st.integers(10, 60000))
    return BFDProfile(
        name,
        *[draw(interval) for _unused in range(3)],
        draw(maybe(st.integers(2, 255))),
        draw(maybe(st.integers(1, 254))),
        draw(st.booleans()),
        draw(st.booleans()),
    )


@st.composite
def service(draw: st.DrawFn, key: str) -> Service:
    namespace, name = key.split("/")
    return Service(
        namespace=namespace,
        name=name,
        labels=draw(LABELS),
        addresses=tuple(draw(st.lists(address(), max_size=2, unique=True))),
        load_balancer_class=draw(maybe(TEXT)),
        shared=draw(st.booleans()),
        local=draw(st.booleans()),
        families=draw(st.sampled_from([(), ("ipv4",), ("ipv6",), ("ipv4", "ipv6"), ("ipv6", "ipv4")])),
        uid=draw(UIDS),
        noted=tuple(draw(st.lists(NAMES, max_size=2))),
    )


@st.composite
def node(draw: st.DrawFn, name: str) -> Node:
    return Node(
        name=name,
        labels=draw(LABELS),
        network_unavailable=draw(st.booleans()),
        addresses=draw(few(address())),
        ready=draw(st.booleans()),
        drain=draw(maybe(st.integers(0, 86400))),
        uid=draw(UIDS),
    )


@st.composite
def endpoint_slice(draw: st.DrawFn, key: str) -> EndpointSlice:
    namespace, name = key.split("/")
    nodes = tuple(sorted(draw(st.sets(NAMES))))
    service_key, family = f"{namespace}/{draw(NAMES)}", draw(st.sampled_from(FAMILIES))
    return EndpointSlice(namespace, name, service_key, family, nodes, bool(nodes) or draw(st.booleans()))


@st.composite
def wish(draw: st.DrawFn) -> ServiceWish:
    families = draw(st.permutations(FAMILIES).map(lambda names: names[:2]) | st.just([]) | st.just(["ipv6"]))
    asked = tuple(draw(address(family)) for family in families)
    by_field = len(asked) == 1 and draw(st.booleans())
    pool_name, sharing, source = (draw(maybe(NAMES)) for _unused in range(3))
    present = {
        "address-pool": pool_name is not None,
        "loadBalancerIPs": bool(asked) and not by_field,
        "allow-shared-ip": sharing is not None,
        "ip-allocated-from-pool": source is not None,
    }
    old = tuple(f"metallb.universe.tf/{suffix}" for suffix, there in present.items() if there and draw(st.booleans()))
    port = st.builds(
        ServicePort,
        st.integers(1, 65535),
        st.sampled_from(["TCP", "UDP", "SCTP"]),
        maybe(NAMES),
        maybe(NAMES | st.integers(1, 65535)),
    )
    return ServiceWish(
        namespace=draw(NAMES),
        name=draw(NAMES),
        labels=draw(LABELS),
        pool=pool_name,
        addresses=asked,
        by_field=by_field,
        sharing_key=sharing,
        load_balancer_class=draw(maybe(TEXT)),
        traffic_policy=draw(st.sampled_from(["Cluster", "Local"])),
        policy=draw(st.sampled_from([None, "SingleStack", "PreferDualStack", "RequireDualStack"])),
        families=tuple(families),
        ports=draw(few(port)),
        selector=draw(LABELS),
        assigned=asked if draw(st.booleans()) else (),
        allocated_from=source,
        old_annotations=old,
        annotations=draw(st.dictionaries(st.sampled_from(["example.com/owner", "note"]), TEXT)),
    )


@st.composite
def resources(draw: st.DrawFn) -> Resources:
    def some(build: Callable[[str], st.SearchStrategy[Any]], keys: st.SearchStrategy[str] = NAMES) -> dict[str, Any]:
        return {name: draw(build(name)) for name in draw(st.lists(keys, max_size=2, unique=True))}

    return Resources(
        pools=some(pool),
        l2_advertisements=some(layer2),
        bgp_advertisements=some(bgp),
        peers=some(peer),
        communities=some(lambda name: st.builds(Communities, st.just(name), few(st.tuples(TEXT, community())))),
        bfd_profiles=some(bfd_profile),
        secrets=some(lambda name: st.builds(Secret, st.just(name), TEXT)),
        nodes=some(node),
        namespaces=some(lambda name: st.builds(Namespace, st.just(name), LABELS)),
        services=some(service, st.tuples(NAMES, NAMES).map("/".join)),
        endpoint_slices=some(endpoint_slice, st.tuples(NAMES, NAMES).map("/".join)),
    )


@given(resources())
def test_what_is_written_is_read_back(given_resources: Resources) -> None:
    objects = json.loads(json.dumps(write.objects(given_resources)))
    assert parse(objects) == (given_resources, [])


@given(wish())
def test_what_a_service_asks_for_is_read_back(given_wish: ServiceWish) -> None:
    findings: list[Finding] = []
    assert service_wish(json.loads(json.dumps(write.service(given_wish))), findings.append) == given_wish
    assert not findings


@given(resources())
def test_what_others_name_stands_before_them(given_resources: Resources) -> None:
    kinds = [item["kind"] for item in write.objects(given_resources)]
    order = ["Node", "Namespace", "Secret", "Community", "BFDProfile", "BGPPeer", "IPAddressPool", "L2Advertisement"]
    order += ["BGPAdvertisement", "Service", "EndpointSlice"]
    assert kinds == sorted(kinds, key=order.index)


def test_defaults_are_left_out() -> None:
    minimal = Resources(
        pools={"p": Pool("p", blocks=(network("ipv6", 0x20010DB8 << 96, 64),))},
        peers={"t": Peer("t", 1, peer_asn=2, address="2001:db8::1")},
        bgp_advertisements={"b": BGPAdvertisement("b")},
        l2_advertisements={"l": L2Advertisement("l")},
        bfd_profiles={"f": BFDProfile("f")},
    )
    specs = {item["kind"]: item["spec"] for item in write.objects(minimal)}
    assert specs == {
        "BFDProfile": {},
        "BGPPeer": {"myASN": 1, "peerASN": 2, "peerAddress": "2001:db8::1"},
        "IPAddressPool": {"addresses": ["2001:db8::/64"]},
        "L2Advertisement": {},
        "BGPAdvertisement": {},
    }


def test_selectors_are_written_the_short_way() -> None:
    selectors = (
        Selector((Requirement("a", "In", ("1",)), Requirement("b", "In", ("2",)), Requirement("a", "Exists"))),
        Selector((Requirement("b", "In", ("2",)), Requirement("a", "In", ("1", "3")))),
    )
    adverts = {"l": L2Advertisement("l", node_selectors=selectors)}
    (item,) = write.objects(Resources(l2_advertisements=adverts))
    assert item["spec"]["nodeSelectors"] == [
        {"matchLabels": {"a": "1", "b": "2"}, "matchExpressions": [{"key": "a", "operator": "Exists"}]},
        {"matchLabels": {"b": "2"}, "matchExpressions": [{"key": "a", "operator": "In", "values": ["1", "3"]}]},
    ]


def test_the_namespace_is_that_of_metallb() -> None:
    adverts = {"l": L2Advertisement("l")}
    (item,) = write.objects(Resources(l2_advertisements=adverts), "network")
    assert item["metadata"] == {"name": "l", "namespace": "network"}
