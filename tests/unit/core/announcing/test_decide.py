# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one node announces: BGP and layer 2, both families, and the reason where it does not."""

from __future__ import annotations

import json
import random

import pytest
from deciding import (
    BASE,
    FACTS,
    FAMILIES,
    FULL,
    NODES,
    PEER4,
    PEER6,
    POOL,
    POOLS,
    SHOP,
    VIP,
    Object,
    bgp,
    both,
    metallb,
    node,
    on,
    one,
    run,
    service,
)

from dualstack.announcing import reasons
from dualstack.announcing.decide import Decider
from dualstack.announcing.facts import NodeFacts
from dualstack.resources.collection import Collection, key_of, parse
from dualstack_speaker.base.model import Attributes
from dualstack_speaker.bgp import attributes, capabilities, messages
from dualstack_speaker.link import peers

# --- sessions


@both
def test_a_session_on_the_link_takes_the_address_of_the_link_and_carries_its_transport(family: str) -> None:
    expected = {"ipv4": "10.0.1.11", "ipv6": "2001:db8:dc:1::11"}[family]
    session = run(*BASE).desired["peers"][f"tor1-{family}"]
    assert session["source_address"] == expected
    assert session["families"] == [family]
    assert session["next_hop"] == {family: expected}
    assert session["router_id"] == "10.0.1.11"
    assert (session["hold_time"], session["keepalive_time"], session["connect_retry"]) == (90, 30, 5)
    assert (session["local_asn"], session["peer_asn"], session["port"]) == (64512, 64500, 179)
    assert session["password"] is None and session["multihop"] is False


@pytest.mark.parametrize("peer", [PEER4, PEER6])
def test_a_session_for_both_families_has_the_next_hops_of_the_same_interface(peer: Object) -> None:
    spec = {**peer["spec"], "dualStackAddressFamily": True}
    (session,) = run(POOLS, *NODES, {**peer, "spec": spec}).desired["peers"].values()
    assert session["families"] == ["ipv4", "ipv6"]
    assert session["next_hop"] == {"ipv4": "10.0.1.11", "ipv6": "2001:db8:dc:1::11"}


def test_without_an_address_of_the_other_family_the_session_does_not_carry_it() -> None:
    facts = NodeFacts("node1", {"eth1": ("10.0.1.11/24", "fe80::11/64")})
    decision = run(*NODES, {**PEER4, "spec": {**PEER4["spec"], "dualStackAddressFamily": True}}, facts=facts)
    assert decision.desired["peers"]["tor1-ipv4"]["families"] == ["ipv4"]
    assert [finding.id for finding in decision.findings] == ["no-next-hop"]


@pytest.mark.parametrize("peer", [PEER4, PEER6], ids=FAMILIES)
def test_two_peers_that_are_one_neighbour_are_told(peer: Object) -> None:
    """MetalLB 3.4.28: refused in its FRR modes; a port or a node of its own makes another neighbour."""

    def also(**spec: object) -> list[str]:
        again = metallb("BGPPeer", "z", **{**peer["spec"], **spec})
        decision = run(*NODES, peer, again)
        return [finding.path for finding in decision.findings if finding.id == "peer-twice"]

    assert also() == ["BGPPeer z: spec.peerAddress"]
    assert also(peerPort=1179) == also(nodeSelectors=on("node2")) == []


def test_a_session_without_any_next_hop_is_left_out_and_said() -> None:
    decision = run(*NODES, PEER6, facts=NodeFacts("node1", {"eth1": ("10.0.1.11/24", "fe80::11/64")}))
    assert not decision.desired["peers"]
    assert [(finding.id, finding.severity) for finding in decision.findings] == [("no-next-hop", "error")]


@both
@pytest.mark.parametrize("stated", [False, True])
def test_a_peer_on_the_node_itself_never_gets_its_own_address_as_next_hop(stated: bool, family: str) -> None:
    """RFC 4271 section 5.1.3; wire would refuse it."""
    own, other = {"ipv4": ("10.0.1.11", "10.0.2.11"), "ipv6": ("2001:db8:dc:1::11", "2001:db8:dc:2::11")}[family]
    bits = {"ipv4": 24, "ipv6": 64}[family]
    extra = {"sourceAddress": own} if stated else {}
    peer = metallb("BGPPeer", "beside", myASN=64512, peerASN=64500, peerAddress=own, **extra)
    alone = run(*NODES, peer, facts=NodeFacts("node1", {"eth1": (f"{own}/{bits}",)}))
    assert not alone.desired["peers"]
    assert [finding.id for finding in alone.findings] == ["no-next-hop"]
    two = run(*NODES, peer, facts=NodeFacts("node1", {"eth1": (f"{own}/{bits}",), "eth2": (f"{other}/{bits}",)}))
    hops = {name: session["next_hop"] for name, session in two.desired["peers"].items()}
    assert hops == ({} if stated else {"beside": {family: other}})  # a stated source has the next hops of its interface


@pytest.mark.parametrize(("address", "source"), [("203.0.113.1", "10.9.9.9"), ("2001:db8:ffff::1", "2001:db8:9::9")])
def test_a_routed_peer_gets_the_stated_source_and_next_hop(address: str, source: str) -> None:
    """MetalLB 6.3 sourceAddress: must be there (native), ignored (frr-k8s)."""
    peer = metallb(
        "BGPPeer", "far", myASN=64512, peerASN=65000, peerAddress=address, sourceAddress=source, ebgpMultiHop=True
    )
    session = run(*NODES, peer).desired["peers"]["far"]
    assert session["source_address"] == source
    assert list(session["next_hop"].values()) == [source]
    assert session["multihop"] is True


@pytest.mark.parametrize("peer", [PEER4, PEER6], ids=FAMILIES)
@pytest.mark.parametrize(("peer_asn", "path"), [(64500, "40 02 06 02 01 00 00 fd e7"), (64999, "40 02 00")])
def test_a_local_asn_takes_the_place_of_the_own(peer: Object, peer_asn: int, path: str) -> None:
    """MetalLB 6.9: frr-k8s drops localASN. Here OPEN and AS_PATH have it alone: FRR's local-as would add myASN."""
    spec = {**peer["spec"], "myASN": 64512, "localASN": 64999, "peerASN": peer_asn}
    decision = run(POOLS, *NODES, {**peer, "spec": spec}, SHOP, metallb("BGPAdvertisement", "a"))
    (told,) = decision.desired["peers"].values()
    assert not decision.findings
    session = peers.decode("tor1", told)
    assert messages.encode_open(session, capabilities.offer(session))[20:22] == (64999).to_bytes(2, "big")
    sent = attributes.encode(session, Attributes((), (), None), None, four_octet_asn=True)
    assert bytes.fromhex(path) in sent and (64512).to_bytes(4, "big") not in sent


@pytest.mark.parametrize(
    ("address", "hop"), [("203.0.113.1", "198.51.100.9"), ("2001:db8:ffff::1", "2001:db8:dc:1::11")]
)
def test_a_routed_peer_without_a_source_gets_the_preferred_address(address: str, hop: str) -> None:
    session = run(*NODES, metallb("BGPPeer", "far", myASN=1, peerASN=2, peerAddress=address)).desired["peers"]["far"]
    assert session["source_address"] is None
    assert list(session["next_hop"].values()) == [hop]


def test_the_longest_network_and_then_the_preferred_address_win() -> None:
    facts = NodeFacts("node1", {"a": ("10.0.0.2/8",), "b": ("10.0.1.20/24", "10.0.1.11/24")})
    assert run(*NODES, PEER4, facts=facts).desired["peers"]["tor1-ipv4"]["source_address"] == "10.0.1.20"


def test_only_peers_that_select_the_node() -> None:
    """MetalLB 6.2: there is a session where a nodeSelector of the peer matches the node."""
    chosen = {**PEER4, "spec": {**PEER4["spec"], "nodeSelectors": on("node2", "node3")}}
    assert list(run(*NODES, chosen, PEER6).desired["peers"]) == ["tor1-ipv6"]


@pytest.mark.parametrize(
    ("interfaces", "expected"),
    [
        ({"eth1": ("10.0.1.11/24", "2001:db8:dc:1::11/64")}, "10.0.1.11"),
        ({"eth0": ("198.51.100.9/24",), "eth1": ("2001:db8:dc:1::11/64",)}, "198.51.100.9"),
        ({"eth1": ("2001:db8:dc:1::11/64",)}, "64.37.239.133"),  # MetalLB's CRC-32 of node1
    ],
)
def test_router_id_where_none_is_stated(interfaces: dict[str, tuple[str, ...]], expected: str) -> None:
    """MetalLB 6.3 router ID: stated, else the address of the connection, else CRC-32 of the node's name."""
    session = run(*NODES, PEER6, facts=NodeFacts("node1", interfaces)).desired["peers"]["tor1-ipv6"]
    assert session["router_id"] == expected


def test_a_password_comes_from_its_secret_and_a_missing_secret_stops_one_peer_only() -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "auth", "namespace": "metallb-system"},
        "type": "kubernetes.io/basic-auth",
        "stringData": {"password": "hunter2"},
    }
    good = {**PEER4, "spec": {**PEER4["spec"], "passwordSecret": {"name": "auth"}}}
    bad = {**PEER6, "spec": {**PEER6["spec"], "passwordSecret": {"name": "aut"}}}
    decision = run(*NODES, secret, good, bad)
    assert {name: session["password"] for name, session in decision.desired["peers"].items()} == {
        "tor1-ipv4": "hunter2"
    }
    assert [finding.id for finding in decision.findings] == ["no-secret"]
    assert "'auth'" in decision.findings[0].fix
    assert "hunter2" not in str(decision.findings)


# --- BGP


@both
def test_a_prefix_goes_to_the_sessions_of_its_family(family: str) -> None:
    """MetalLB 6.5: a session carries the family of its transport."""
    decision = bgp()
    assert decision.desired["routes"][FULL[family]] == [
        {"peers": [f"tor1-{family}"], "communities": [], "large_communities": [], "local_preference": None}
    ]
    entry = one(decision, VIP[family])
    assert (entry.mode, entry.announcer, entry.reason, entry.service) == ("bgp", "node1", "", "default/shop")
    assert not decision.desired["layer2"]


@both
def test_a_session_for_both_families_carries_both(family: str) -> None:
    """MetalLB 6.5: dualStackAddressFamily lets a session carry both."""
    peer = {**PEER4, "spec": {**PEER4["spec"], "dualStackAddressFamily": True}}
    decision = run(POOLS, *NODES, peer, SHOP, metallb("BGPAdvertisement", "prod"))
    assert decision.desired["routes"][FULL[family]][0]["peers"] == ["tor1-ipv4"]


@both
def test_without_a_session_of_the_family_nothing_is_announced(family: str) -> None:
    other = PEER6 if family == "ipv4" else PEER4
    decision = run(POOLS, *NODES, other, SHOP, metallb("BGPAdvertisement", "prod"))
    assert one(decision, VIP[family]).reason == reasons.NO_PEER
    assert FULL[family] not in decision.desired["routes"]
    assert len(decision.desired["routes"]) == 1


@both
@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"ipAddressPools": ["prod"]}, ""),
        ({"ipAddressPools": ["other"]}, reasons.NO_ADVERTISEMENT),
        ({"ipAddressPoolSelectors": [{"matchLabels": {"tier": "gold"}}]}, ""),
        ({"ipAddressPoolSelectors": [{"matchLabels": {"tier": "iron"}}]}, reasons.NO_ADVERTISEMENT),
        ({"nodeSelectors": on("node1")}, ""),
        ({"nodeSelectors": on("node2")}, reasons.NOT_OWNER),
        ({"serviceSelectors": [{"matchLabels": {"app": "shop"}}]}, reasons.NO_MATCH),
        ({"peers": ["tor1-ipv4", "tor1-ipv6"]}, ""),
        ({"peers": ["elsewhere"]}, reasons.NO_PEER),
        ({"communities": ["unknown"]}, reasons.UNUSABLE),
    ],
)
def test_selection(family: str, spec: Object, reason: str) -> None:
    """MetalLB 6.2: notOwner, noMatchingAdvertisement; a prefix goes to the peers that are named, or to all."""
    decision = bgp(**spec)
    assert one(decision, VIP[family]).reason == reason
    assert (FULL[family] in decision.desired["routes"]) == (not reason)


def test_names_that_do_not_exist_are_found() -> None:
    found = bgp(ipAddressPools=["prod", "prd"], peers=["tor1-ipv4", "tor1-ip6"]).findings
    assert [(finding.id, finding.value) for finding in found] == [("unknown-name", "prd"), ("unknown-name", "tor1-ip6")]
    assert "'tor1-ipv6'" in found[1].fix


@both
def test_aggregation(family: str) -> None:
    """MetalLB 6.2: the prefix is the address masked to the length of its family."""
    shorter = {"ipv4": "192.0.2.0/28", "ipv6": "2001:db8:1::/96"}
    decision = bgp(aggregationLength=28, aggregationLengthV6=96)
    assert set(decision.desired["routes"]) == set(shorter.values())
    assert one(decision, VIP[family]).routes[0][0] == shorter[family]


@both
def test_an_aggregate_wider_than_the_pool_stops_that_family_only(family: str) -> None:
    key, length = {"ipv4": ("aggregationLength", 23), "ipv6": ("aggregationLengthV6", 63)}[family]
    decision = bgp(**{key: length})
    other = "ipv6" if family == "ipv4" else "ipv4"
    assert list(decision.desired["routes"]) == [FULL[other]]
    assert [finding.id for finding in decision.findings] == ["aggregation"]


def test_the_aggregate_of_a_range_is_measured_on_its_cidrs() -> None:
    pool = metallb("IPAddressPool", "prod", addresses=["2001:db8:1::-2001:db8:1::1ff", "192.0.2.0-192.0.2.5"])
    objects = (pool, PEER4, PEER6, *NODES, SHOP)
    fits = run(*objects, metallb("BGPAdvertisement", "a", aggregationLength=30, aggregationLengthV6=119))
    assert not fits.findings
    wide = run(*objects, metallb("BGPAdvertisement", "a", aggregationLength=29, aggregationLengthV6=118))
    assert len(wide.findings) == 2 and not wide.desired["routes"]


@both
def test_communities_of_equal_prefixes_unite_per_peer(family: str) -> None:
    """MetalLB 6.2: equal prefixes of several advertisements unite their communities."""
    alias = metallb("Community", "names", communities=[{"name": "gold", "value": "64512:9"}])
    second = metallb(
        "BGPAdvertisement", "more", communities=["gold", "large:1:2:3"], peers=[f"tor1-{family}"], aggregationLength=32
    )
    decision = bgp(alias, second, communities=["64512:200", "64512:9"])
    assert decision.desired["routes"][FULL[family]] == [
        {
            "peers": [f"tor1-{family}"],
            "communities": ["64512:200", "64512:9"],
            "large_communities": ["1:2:3"],
            "local_preference": None,
        }
    ]


def test_peers_with_different_attributes_stand_in_different_paths() -> None:
    more = metallb("BGPPeer", "tor2-ipv4", myASN=64512, peerASN=64512, peerAddress="10.0.1.2")
    ads = [
        metallb("BGPAdvertisement", "a", localPref=200, peers=["tor1-ipv4"]),
        metallb("BGPAdvertisement", "b", localPref=100, peers=["tor2-ipv4"]),
    ]
    paths = run(*BASE, more, SHOP, *ads).desired["routes"][FULL["ipv4"]]
    assert [(path["peers"], path["local_preference"]) for path in paths] == [(["tor1-ipv4"], 200), (["tor2-ipv4"], 100)]


@both
def test_extended_communities_of_all_advertisements_of_a_prefix_are_united(family: str) -> None:
    """The annotation of BGPAdvertisements; a prefix without one says nothing of them."""
    ads = [metallb("BGPAdvertisement", name) for name in "abc"]
    for advert, text in zip(ads, ("soo:1:2,rt:64512:1", "rt:64512:1 0x030b000000000001")):
        advert["metadata"]["annotations"] = {"baremetal.dualstack/extended-communities": text}
    (path,) = run(*BASE, SHOP, *ads).desired["routes"][FULL[family]]
    assert path["extended_communities"] == ["0x030b000000000001", "rt:64512:1", "soo:1:2"]
    (path,) = run(*BASE, SHOP, ads[2]).desired["routes"][FULL[family]]
    assert "extended_communities" not in path


@both
@pytest.mark.parametrize(
    ("own", "reason"),
    [
        (node("node1", {"node.kubernetes.io/exclude-from-external-load-balancers": ""}), reasons.EXCLUDED),
        (
            node("node1", conditions=[{"type": "NetworkUnavailable", "status": "True"}]),
            reasons.NETWORK_UNAVAILABLE,
        ),
        (node("node1", conditions=[{"type": "NetworkUnavailable", "status": "False"}]), ""),
    ],
)
@pytest.mark.parametrize("kind", ["BGPAdvertisement", "L2Advertisement"])
def test_nodes_that_may_not_announce(family: str, own: Object, reason: str, kind: str) -> None:
    """MetalLB 6.2: nodeNetworkUnavailable, nodeLabeledExcludeBalancers."""
    decision = run(POOLS, PEER4, PEER6, own, SHOP, metallb(kind, "a"))
    assert one(decision, VIP[family]).reason == reason
    assert bool(decision.desired["routes"] or decision.desired["layer2"]) == (not reason)


def test_a_node_that_is_not_among_the_resources_goes_by_its_name() -> None:
    decision = run(POOLS, PEER4, SHOP, metallb("BGPAdvertisement", "a", nodeSelectors=on("node1")))
    assert [finding.id for finding in decision.findings] == ["no-node"]
    assert FULL["ipv4"] in decision.desired["routes"]


@both
def test_an_address_outside_of_the_pools(family: str) -> None:
    stray = {"ipv4": "203.0.113.1", "ipv6": "2001:db8:99::1"}[family]
    decision = run(*BASE, service("s", stray), metallb("BGPAdvertisement", "a"))
    entry = one(decision, stray)
    assert (entry.mode, entry.reason) == (None, reasons.NO_POOL)


def test_pools_per_family_serve_one_service() -> None:
    """Better than MetalLB 4.2, 12.1: one Service, a pool for each family, each advertised in its own way."""
    pools = [metallb("IPAddressPool", family, addresses=[POOL[family]]) for family in FAMILIES]
    ads = [
        metallb("BGPAdvertisement", family, ipAddressPools=[family], communities=[f"1:{len(family)}"])
        for family in FAMILIES
    ]
    decision = run(*pools, PEER4, PEER6, *NODES, SHOP, *ads)
    assert set(decision.desired["routes"]) == set(FULL.values())


def test_overlapping_pools_are_found_and_the_first_by_name_counts() -> None:
    inner = metallb("IPAddressPool", "a-inner", addresses=["192.0.2.0/28"])
    decision = run(
        *BASE,
        inner,
        service("s", "192.0.2.1", "192.0.2.100"),
        metallb("BGPAdvertisement", "a", ipAddressPools=["prod"]),
    )
    assert [finding.id for finding in decision.findings] == ["pool-overlap"]
    assert one(decision, "192.0.2.1").reason == reasons.NO_ADVERTISEMENT
    assert one(decision, "192.0.2.100").reason == ""


@both
@pytest.mark.parametrize("name", ["a-new", "z-new"])
@pytest.mark.parametrize("noted", ["prod", "other,prod"])
def test_a_new_pool_over_addresses_in_use_takes_nothing_off_the_air(family: str, name: str, noted: str) -> None:
    """MetalLB 3.1.6 refuses the new pool; here the note of the Service says of which pool its addresses are."""
    new = metallb("IPAddressPool", name, addresses=[POOL[family]])
    advert = metallb("BGPAdvertisement", "a", ipAddressPools=["prod"])
    held = service("s", VIP[family], annotations={"metallb.io/ip-allocated-from-pool": noted})
    collection, decider = Collection(), Decider()
    for given in (*BASE, advert, held):
        collection.put(given)
    assert FULL[family] in decider.decide(collection.resources(), FACTS).desired["routes"]
    collection.put(new)
    decision = decider.decide(collection.resources(), FACTS)
    assert decision.changes == {} and [finding.id for finding in decision.findings] == ["pool-overlap"]
    collection.drop(key_of(POOLS))  # what is left of a pool that gets another name
    decision = decider.decide(collection.resources(), FACTS)
    assert one(decision, VIP[family]).reason == reasons.NO_ADVERTISEMENT


@pytest.mark.parametrize(
    ("own", "asked", "count"), [(None, None, 2), (None, "x/y", 0), ("x/y", None, 0), ("x/y", "x/y", 2)]
)
def test_load_balancer_class(own: str | None, asked: str | None, count: int) -> None:
    """MetalLB 2: without a class only Services without one, with it only those of the same."""
    facts = NodeFacts("node1", FACTS.interfaces, load_balancer_class=own)
    given = service("shop", *VIP.values(), **({"loadBalancerClass": asked} if asked else {}))
    assert len(run(*BASE, given, metallb("BGPAdvertisement", "a"), facts=facts).announcements) == count


# --- the whole


def objects_of_many() -> list[Object]:
    ads = [metallb("BGPAdvertisement", "a", communities=["1:1"]), metallb("L2Advertisement", "a")]
    names = [service(f"s{number}", f"192.0.2.{number}", f"2001:db8:1::{number:x}") for number in range(1, 60)]
    return [*BASE, *ads, *names]


def test_the_order_of_arrival_does_not_matter() -> None:
    objects = objects_of_many()
    expected = json.dumps(run(*objects).desired, sort_keys=True)
    for seed in range(5):
        random.Random(seed).shuffle(objects)
        assert json.dumps(run(*objects).desired, sort_keys=True) == expected


def test_new_addresses_of_the_node_are_seen() -> None:
    decider = Decider()
    resources, _unused = parse([*BASE, SHOP, metallb("BGPAdvertisement", "a")])
    assert decider.decide(resources, NodeFacts("node1")).desired["routes"] == {}
    assert len(decider.decide(resources, FACTS).desired["routes"]) == 2


@both
def test_an_address_of_two_services_is_announced_once_with_all_communities(family: str) -> None:
    selector = {"serviceSelectors": [{"matchLabels": {"app": "b"}}]}
    objects = [
        metallb("BGPAdvertisement", "a", communities=["1:1"]),
        metallb("BGPAdvertisement", "b", communities=["1:2"], **selector),
        service("one", VIP[family]),
        service("two", VIP[family], labels={"app": "b"}),
    ]
    routes = run(*BASE, *objects).desired["routes"]
    assert list(routes) == [FULL[family]]
    assert [path["communities"] for path in routes[FULL[family]]] == [["1:1", "1:2"]]
