# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BGP against real FRR, in both families and over both transports."""

from __future__ import annotations

import signal
from typing import Any

import pytest
from interop.frr import Frr
from interop.stage import Host
from processes import Wire, until

FAMILIES = ["ipv4", "ipv6"]
PREFIXES = {"ipv4": ["192.0.2.1/32", "198.51.100.0/25"], "ipv6": ["2001:db8:1::1/128", "2001:db8:2::/48"]}
ASN = 64512


def configure(
    frr: Frr, node: Host, transport: str, asn: int = 64500, lines: tuple[str, ...] = (), node_asn: int = ASN
) -> None:
    """A neighbour that carries both families; ``lines`` are added to it."""
    address = node.address(transport)
    extra = "\n".join(f"neighbor {address} {line}" for line in lines)
    frr.vty.configure(
        f"""
        router bgp {asn}
        bgp router-id 10.0.1.1
        no bgp ebgp-requires-policy
        no bgp default ipv4-unicast
        neighbor {address} remote-as {node_asn}
        neighbor {address} passive
        neighbor {address} timers 3 9
        {extra}
        address-family ipv4 unicast
        neighbor {address} activate
        exit-address-family
        address-family ipv6 unicast
        neighbor {address} activate
        exit-address-family
        """
    )


def peer(router: Host, node: Host, transport: str, **changes: Any) -> dict[str, Any]:
    """The same neighbour as the wire is told of it."""
    plain = {
        "local_asn": ASN,
        "peer_asn": 64500,
        "address": router.address(transport),
        "port": 179,
        "source_address": node.address(transport),
        "router_id": node.ipv4,
        "hold_time": 9,
        "keepalive_time": 3,
        "connect_retry": 1,
        "password": None,
        "families": FAMILIES,
        "next_hop": {"ipv4": node.ipv4, "ipv6": node.ipv6},
        "multihop": False,
    }
    return {**plain, **changes}


def path(*peers: str, **changes: Any) -> list[dict[str, Any]]:
    """One path to these peers."""
    plain = {"peers": list(peers), "communities": [], "large_communities": [], "local_preference": None}
    return [{**plain, **changes}]


def routes(*peers: str, **changes: Any) -> dict[str, Any]:
    """Both prefixes of both families."""
    return {prefix: path(*peers, **changes) for family in FAMILIES for prefix in PREFIXES[family]}


def held(frr: Frr, node: Host, transport: str) -> dict[str, int]:
    """How many prefixes FRR accepted, per family."""
    return {family: frr.accepted(node.address(transport), family) for family in FAMILIES}


def usable(frr: Frr, prefix: str) -> bool:
    """Whether FRR may use every path of a prefix: zebra answers for a next hop after the path was accepted."""
    return all(path["valid"] for path in frr.route(prefix))


@pytest.mark.parametrize("password", [None, "s3cret"], ids=["plain", "md5"])
@pytest.mark.parametrize("transport", FAMILIES)
@pytest.mark.parametrize("asn", [64500, ASN], ids=["ebgp", "ibgp"])
def test_both_families_on_one_session(
    frr: Frr, router: Host, node: Host, wire: Wire, asn: int, transport: str, password: str | None
) -> None:
    """MetalLB 6.1, 12.7."""
    configure(frr, node, transport, asn, (f"password {password}",) if password else ())
    link = wire.link()
    values = {
        "communities": ["64512:200", "64512:100"], "large_communities": ["64512:1:2"], "local_preference": 150,
        "extended_communities": ["soo:10.0.1.11:2", "rt:64512:1", "rt:4200000512:3", "rt:64512:1",
                                 "0x4004fc0000000000"],
    }  # fmt: skip
    tor = peer(router, node, transport, peer_asn=asn, password=password)
    link.full(peers={"tor": tor}, routes=routes("tor", **values))
    until(lambda: held(frr, node, transport) == {"ipv4": 2, "ipv6": 2}, "both prefixes of both families")
    prefixes = [prefix for family in FAMILIES for prefix in PREFIXES[family]]
    until(lambda: all(usable(frr, prefix) for prefix in prefixes), "their next hops tracked")
    for family in FAMILIES:
        for prefix in PREFIXES[family]:
            (found,) = frr.route(prefix)
            assert node.address(family) in [hop["ip"] for hop in found["nexthops"]]
            assert found["origin"] == "IGP"
            assert found["community"]["string"] == "64512:100 64512:200"
            assert found["largeCommunity"]["string"] == "64512:1:2"
            extended = found["extendedCommunity"]["string"]
            named = "RT:64512:1 SoO:10.0.1.11:2 RT:4200000512:3"
            assert extended.startswith(named), "sorted by their octets, the repeated one once"
            assert (extended != named) == (asn == ASN), "the bandwidth of a link is not transitive: to iBGP alone"
            assert found["aspath"]["string"] == ("Local" if asn == ASN else str(ASN))
            assert found.get("locPrf") == (150 if asn == ASN else None)
    seen = link.session("tor")
    assert (seen["state"], seen["transport"], seen["announced"]) == ("Established", transport, {"ipv4": 2, "ipv6": 2})
    assert (seen["flaps"], seen["last_error"]) == (0, "")
    for family in FAMILIES:
        assert frr.neighbour(node.address(transport))["addressFamilyInfo"][f"{family}Unicast"]
    link.delta(routes={PREFIXES["ipv4"][0]: None, PREFIXES["ipv6"][1]: None})
    until(lambda: held(frr, node, transport) == {"ipv4": 1, "ipv6": 1}, "one of each withdrawn")
    assert not frr.route(PREFIXES["ipv4"][0]) and not frr.route(PREFIXES["ipv6"][1])
    assert frr.neighbour(node.address(transport))["connectionsEstablished"] == 1


@pytest.mark.parametrize("transport", FAMILIES)
def test_ibgp_without_a_preference_gets_the_usual_one(
    frr: Frr, router: Host, node: Host, wire: Wire, transport: str
) -> None:
    """MetalLB 6.3 LOCAL_PREF to iBGP: 0 where none is stated (native), 100 (FRR)."""
    configure(frr, node, transport, ASN)
    wire.link().full(peers={"tor": peer(router, node, transport, peer_asn=ASN)}, routes=routes("tor"))
    until(lambda: held(frr, node, transport) == {"ipv4": 2, "ipv6": 2}, "all prefixes")
    assert {frr.route(prefix)[0]["locPrf"] for family in FAMILIES for prefix in PREFIXES[family]} == {100}


@pytest.mark.parametrize("transport", FAMILIES)
@pytest.mark.parametrize(("ours", "theirs"), [("wrong", "right"), (None, "right"), ("wrong", None)])
def test_a_wrong_password_holds_no_session_and_the_right_one_heals_it(
    frr: Frr, router: Host, node: Host, wire: Wire, transport: str, ours: str | None, theirs: str | None
) -> None:
    """MetalLB 6.6 passwords: clear text or a basic-auth Secret."""
    configure(frr, node, transport, lines=(f"password {theirs}",) if theirs else ())
    link = wire.link()
    link.full(peers={"tor": peer(router, node, transport, password=ours)}, routes=routes("tor"))
    hint = "; is the TCP MD5 password the same on both sides?" if ours else ""
    expected = f"no answer from {router.address(transport)} port 179{hint}"
    until(lambda: link.session("tor")["last_error"] == expected, expected)
    assert held(frr, node, transport) == {"ipv4": 0, "ipv6": 0}
    link.delta(peers={"tor": peer(router, node, transport, password=theirs)})
    until(lambda: held(frr, node, transport) == {"ipv4": 2, "ipv6": 2}, "the session with the right password")


@pytest.mark.parametrize("transport", FAMILIES)
def test_large_as_numbers(frr: Frr, router: Host, node: Host, wire: Wire, transport: str) -> None:
    configure(frr, node, transport, 4200000500, node_asn=4200000512)
    tor = peer(router, node, transport, local_asn=4200000512, peer_asn=4200000500)
    wire.link().full(peers={"tor": tor}, routes=routes("tor"))
    until(lambda: held(frr, node, transport) == {"ipv4": 2, "ipv6": 2}, "all prefixes")
    assert frr.route(PREFIXES["ipv6"][0])[0]["aspath"]["string"] == "4200000512"


def test_a_peer_of_old_without_capabilities(frr: Frr, router: Host, node: Host, wire: Wire) -> None:
    """Two-octet AS numbers and IPv4 alone, as before RFC 4760 and RFC 6793."""
    configure(frr, node, "ipv4", lines=("dont-capability-negotiate",))
    link = wire.link()
    link.full(peers={"tor": peer(router, node, "ipv4")}, routes=routes("tor"))
    until(lambda: held(frr, node, "ipv4")["ipv4"] == 2, "the IPv4 prefixes")
    assert frr.route(PREFIXES["ipv4"][0])[0]["aspath"]["string"] == str(ASN)


@pytest.mark.parametrize("transport", FAMILIES)
def test_a_silent_peer_is_left_after_the_hold_time_and_comes_back(
    frr: Frr, router: Host, node: Host, wire: Wire, transport: str
) -> None:
    """MetalLB 6.3 hold timer: not enforced in the native mode."""
    configure(frr, node, transport)
    link = wire.link()
    link.full(peers={"tor": peer(router, node, transport, hold_time=3, keepalive_time=1)}, routes=routes("tor"))
    until(lambda: held(frr, node, transport) == {"ipv4": 2, "ipv6": 2}, "all prefixes")
    before = link.session("tor")["flaps"]
    frr.freeze()
    text = f"hold timer expired: nothing heard from {router.address(transport)}"
    until(lambda: link.session("tor")["flaps"] > before, "the end of the session")
    assert text in wire.log.read_text()
    frr.thaw()
    until(lambda: link.session("tor")["state"] == "Established", "the session again")
    until(lambda: held(frr, node, transport) == {"ipv4": 2, "ipv6": 2}, "all prefixes again")


@pytest.mark.parametrize("transport", FAMILIES)
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"peer_asn": 65001}, "peer AS 64500 refused: 65001 is configured for {router}"),
        (
            {"local_asn": 64999},
            "peer AS 64500 refused us: our ASN is 64999, it expects another one; OPEN message error: bad peer AS (2/2)",
        ),
        ({"port": 1179}, "cannot connect to {router} port 1179: connection refused"),
    ],
    ids=["peer-asn", "local-asn", "port"],
)
def test_a_refused_session_says_why(
    frr: Frr, router: Host, node: Host, wire: Wire, transport: str, changes: dict[str, Any], error: str
) -> None:
    configure(frr, node, transport)
    link = wire.link()
    link.full(peers={"tor": peer(router, node, transport, **changes)})
    expected = error.format(router=router.address(transport))
    until(lambda: link.session("tor")["last_error"] == expected, expected)


@pytest.mark.parametrize("transport", FAMILIES)
def test_what_the_router_says_when_it_closes(frr: Frr, router: Host, node: Host, wire: Wire, transport: str) -> None:
    configure(frr, node, transport)
    address = node.address(transport)
    link = wire.link()
    link.full(peers={"tor": peer(router, node, transport)}, routes=routes("tor"))
    until(lambda: held(frr, node, transport) == {"ipv4": 2, "ipv6": 2}, "all prefixes")
    frr.vty.configure(f"router bgp 64500\n neighbor {address} shutdown message back at noon")
    until(lambda: link.session("tor")["flaps"] == 1, "the end of the session")
    assert 'cease: administrative shutdown (6/2): \\"back at noon\\""' in wire.log.read_text()
    frr.vty.configure(f"router bgp 64500\n no neighbor {address} shutdown")
    until(lambda: held(frr, node, transport) == {"ipv4": 2, "ipv6": 2}, "all prefixes again")


@pytest.mark.parametrize("transport", FAMILIES)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_that_the_router_does_not_carry_is_told(
    frr: Frr, router: Host, node: Host, wire: Wire, transport: str, family: str
) -> None:
    configure(frr, node, transport)
    address = node.address(transport)
    frr.vty.configure(f"router bgp 64500\n address-family {family} unicast\n no neighbor {address} activate")
    link = wire.link()
    link.full(peers={"tor": peer(router, node, transport)}, routes=routes("tor"))
    (other,) = [name for name in FAMILIES if name != family]
    until(lambda: frr.accepted(address, other) == 2, "the other family")
    seen = link.session("tor")
    assert (seen["state"], seen["families"]) == ("Established", [other])
    assert seen["last_error"] == f"peer does not carry {family}: activate it for us there"


@pytest.mark.parametrize("transport", FAMILIES)
def test_a_stop_withdraws_at_once_with_a_reason(frr: Frr, router: Host, node: Host, wire: Wire, transport: str) -> None:
    """MetalLB 6.3 stop: closes without a NOTIFICATION (native)."""
    configure(frr, node, transport)
    wire.link().full(peers={"tor": peer(router, node, transport)}, routes=routes("tor"))
    until(lambda: held(frr, node, transport) == {"ipv4": 2, "ipv6": 2}, "all prefixes")
    assert wire.stop() == 0
    until(lambda: not any(frr.route(prefix) for family in FAMILIES for prefix in PREFIXES[family]), "no prefix left")
    told = frr.neighbour(node.address(transport))
    assert told["lastNotificationReason"] == "Cease/Administrative Shutdown"
    assert told.get("lastShutdownDescription", "planned stop of the speaker") == "planned stop of the speaker"


@pytest.mark.parametrize("transport", FAMILIES)
def test_after_a_kill_the_journal_announces_without_a_speaker(
    frr: Frr, router: Host, node: Host, wire: Wire, transport: str
) -> None:
    configure(frr, node, transport)
    link = wire.link()
    link.full(peers={"tor": peer(router, node, transport)}, routes=routes("tor", communities=["64512:7"]))
    until(lambda: held(frr, node, transport) == {"ipv4": 2, "ipv6": 2}, "all prefixes")
    until(wire.journal.exists, "the journal")
    link.close()
    wire.stop(signal.SIGKILL)
    wire.start()
    until(lambda: frr.neighbour(node.address(transport)).get("connectionsEstablished") == 2, "a new session")
    until(lambda: held(frr, node, transport) == {"ipv4": 2, "ipv6": 2}, "all prefixes again")
    assert frr.route(PREFIXES["ipv6"][0])[0]["community"]["string"] == "64512:7"


@pytest.mark.parametrize("changed", FAMILIES)
def test_a_new_password_resets_its_own_session_once(
    frr: Frr, router: Host, node: Host, wire: Wire, changed: str
) -> None:
    (other,) = [name for name in FAMILIES if name != changed]
    for transport in FAMILIES:
        configure(frr, node, transport, lines=("password old",))
    peers = {transport: peer(router, node, transport, password="old") for transport in FAMILIES}
    link = wire.link()
    link.full(peers=peers, routes=routes(*FAMILIES))
    for transport in FAMILIES:
        until(lambda transport=transport: held(frr, node, transport) == {"ipv4": 2, "ipv6": 2}, "all prefixes")
    link.full(peers=peers, routes=routes(*FAMILIES))  # unchanged: nothing happens
    frr.vty.configure(f"router bgp 64500\n neighbor {node.address(changed)} password new")
    link.delta(peers={changed: {**peers[changed], "password": "new"}})
    until(lambda: frr.neighbour(node.address(changed))["connectionsEstablished"] == 2, "a session with the new one")
    until(lambda: held(frr, node, changed) == {"ipv4": 2, "ipv6": 2}, "all prefixes under it")
    assert link.session(changed)["state"] == "Established"
    assert link.session(changed)["flaps"] == 1
    assert link.session(other)["flaps"] == 0
    assert frr.neighbour(node.address(other))["connectionsEstablished"] == 1


@pytest.mark.parametrize("transport", FAMILIES)
def test_changes_that_need_no_reset(frr: Frr, router: Host, node: Host, wire: Wire, transport: str) -> None:
    """Communities, another next hop, one more peer, and the router's own wish to hear everything again.

    MetalLB 6.2, 6.4.
    """
    configure(frr, node, transport)
    (second,) = [name for name in FAMILIES if name != transport]
    configure(frr, node, second)
    tor = peer(router, node, transport)
    link = wire.link()
    link.full(peers={"tor": tor}, routes=routes("tor"))
    until(lambda: held(frr, node, transport) == {"ipv4": 2, "ipv6": 2}, "all prefixes")
    link.delta(routes=routes("tor", communities=["64512:9"]))
    until(
        lambda: (
            {frr.route(p)[0].get("community", {}).get("string") for f in FAMILIES for p in PREFIXES[f]} == {"64512:9"}
        ),
        "the community",
    )
    hops = {"ipv4": "10.0.1.99", "ipv6": "2001:db8:dc:1::99"}
    link.delta(peers={"tor": {**tor, "next_hop": hops}})
    for family in FAMILIES:
        until(
            lambda family=family: hops[family] in [hop["ip"] for hop in frr.route(PREFIXES[family][0])[0]["nexthops"]],
            f"the next hop of {family}",
        )
    link.delta(peers={"other": peer(router, node, second)}, routes=routes("tor", "other"))
    until(lambda: held(frr, node, second) == {"ipv4": 2, "ipv6": 2}, "the second peer")
    address = node.address(transport)
    before = frr.neighbour(address)["messageStats"]["updatesRecv"]
    frr.vty.run(f"clear bgp {address} soft in")
    until(lambda: frr.neighbour(address)["messageStats"]["updatesRecv"] >= before + 2, "both families once more")
    assert frr.neighbour(address)["connectionsEstablished"] == 1
    assert link.session("tor")["flaps"] == 0
    link.delta(peers={"other": None}, routes=routes("tor"))
    until(lambda: frr.neighbour(node.address(second))["bgpState"] != "Established", "the second peer's end")
    assert frr.neighbour(address)["connectionsEstablished"] == 1


@pytest.mark.parametrize("transport", FAMILIES)
def test_a_router_that_asks_again_sees_where_the_answer_ends(
    frr: Frr, router: Host, node: Host, wire: Wire, transport: str
) -> None:
    """RFC 7313: one request per family, and two marks in return for each."""
    configure(frr, node, transport)
    address = node.address(transport)
    link = wire.link()
    link.full(peers={"tor": peer(router, node, transport)}, routes=routes("tor"))
    until(lambda: held(frr, node, transport) == {"ipv4": 2, "ipv6": 2}, "all prefixes")
    offered = frr.neighbour(address)["neighborCapabilities"]
    assert offered["enhancedRouteRefresh"] == "advertisedAndReceived"
    for asked in (1, 2):
        frr.vty.run(f"clear bgp {address} soft in")
        until(lambda asked=asked: frr.neighbour(address)["messageStats"]["routeRefreshRecv"] == 4 * asked, "the marks")
        assert held(frr, node, transport) == {"ipv4": 2, "ipv6": 2}
    assert frr.neighbour(address)["connectionsEstablished"] == 1
    assert link.session("tor")["flaps"] == 0


@pytest.mark.parametrize("agreed", [True, False], ids=["agreed", "refused"])
def test_ipv4_with_an_ipv6_next_hop(frr: Frr, router: Host, node: Host, wire: Wire, agreed: bool) -> None:
    """RFC 8950, for a node without IPv4 on the link; a router that does not offer it gets IPv6 alone, and we say so."""
    configure(frr, node, "ipv6", lines=("capability extended-nexthop",) if agreed else ())
    link = wire.link()
    tor = peer(router, node, "ipv6", next_hop={"ipv4": node.ipv6, "ipv6": node.ipv6})
    link.full(peers={"tor": tor}, routes=routes("tor"))
    until(lambda: held(frr, node, "ipv6") == {"ipv4": 2 if agreed else 0, "ipv6": 2}, "the prefixes")
    if not agreed:
        assert link.session("tor")["last_error"].endswith("with an IPv6 next hop for IPv4 (RFC 8950)")
        return
    for prefix in PREFIXES["ipv4"]:
        (found,) = frr.route(prefix)
        assert node.ipv6 in [hop["ip"] for hop in found["nexthops"]]
    assert frr.neighbour(node.ipv6)["neighborCapabilities"]["extendedNexthop"] == "advertisedAndReceived"
    link.delta(routes={PREFIXES["ipv4"][0]: None})
    until(lambda: held(frr, node, "ipv6") == {"ipv4": 1, "ipv6": 2}, "one of them withdrawn")
    link.delta(peers={"tor": peer(router, node, "ipv6")})
    until(lambda: frr.neighbour(node.ipv6)["connectionsEstablished"] == 2, "a session without it")
    until(lambda: held(frr, node, "ipv6") == {"ipv4": 1, "ipv6": 2}, "the prefixes again")
    assert node.ipv4 in [hop["ip"] for hop in frr.route(PREFIXES["ipv4"][1])[0]["nexthops"]]


@pytest.mark.parametrize("transport", FAMILIES)
@pytest.mark.parametrize(("asn", "dynamic"), [(64500, "external"), (ASN, "internal")])
def test_an_asn_that_nobody_states(
    frr: Frr, router: Host, node: Host, wire: Wire, asn: int, dynamic: str, transport: str
) -> None:
    configure(frr, node, transport, asn)
    link = wire.link()
    link.full(
        peers={"tor": peer(router, node, transport, peer_asn=None, dynamic_asn=dynamic)},
        routes=routes("tor", local_preference=150),
    )
    until(lambda: held(frr, node, transport) == {"ipv4": 2, "ipv6": 2}, "all prefixes")
    (found,) = frr.route(PREFIXES[transport][0])
    assert found.get("locPrf") == (150 if dynamic == "internal" else None)
    assert link.session("tor")["peer_asn"] == asn
    (other,) = {"internal", "external"} - {dynamic}
    link.delta(peers={"tor": peer(router, node, transport, peer_asn=None, dynamic_asn=other)})
    until(lambda: f"peer AS {asn} refused" in link.session("tor")["last_error"], "the wrong kind is refused")


@pytest.mark.parametrize("transport", FAMILIES)
def test_thousands_of_prefixes_come_and_go(frr: Frr, router: Host, node: Host, wire: Wire, transport: str) -> None:
    configure(frr, node, transport)
    count = 3000
    many = {f"192.0.{number >> 8}.{number & 255}/32": path("tor") for number in range(count)}
    many.update(
        {f"2001:db8:1::{number:x}/128": path("tor", communities=[f"64512:{number % 5}"]) for number in range(count)}
    )
    link = wire.link()
    tor = {"tor": peer(router, node, transport)}
    link.full(peers=tor, routes=many)
    until(lambda: held(frr, node, transport) == {"ipv4": count, "ipv6": count}, "all prefixes")
    link.full(peers=tor, routes=routes("tor"))
    until(lambda: held(frr, node, transport) == {"ipv4": 2, "ipv6": 2}, "all but four withdrawn")
    assert frr.neighbour(node.address(transport))["connectionsEstablished"] == 1
