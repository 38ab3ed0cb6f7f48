# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Peers behind an interface, as far as loopback goes: why they are not reached, how sessions are bound, next hops."""

from __future__ import annotations

from typing import Any

import pytest
from processes import Wire, until

from dualstack_speaker.base.addresses import parse
from dualstack_speaker.base.model import UNKNOWN, Peer
from dualstack_speaker.link import peers
from dualstack_speaker.wire.discovery import driver as discovery
from dualstack_speaker.wire.discovery.driver import resolved

ROUTER, OWN, GLOBAL = parse("fe80::1"), parse("fe80::11"), parse("2001:db8::11")
PLAIN: dict[str, Any] = {
    "local_asn": 64512, "peer_asn": 64500, "address": None, "interface": "eth1", "router_id": "10.0.1.11",
    "hold_time": 9, "keepalive_time": 3, "connect_retry": 1, "families": ["ipv4", "ipv6"], "next_hop": {},
}  # fmt: skip


def peer(**changes: Any) -> Peer:
    return peers.decode("peer", {**PLAIN, **changes})


@pytest.mark.parametrize(
    ("changes", "ipv4", "ipv6", "source"),
    [
        ({}, OWN + OWN, OWN + OWN, OWN),
        ({"next_hop": {"ipv6": "2001:db8::11"}}, GLOBAL + OWN, GLOBAL + OWN, OWN),
        ({"next_hop": {"ipv4": "10.0.1.11"}}, parse("10.0.1.11"), OWN + OWN, OWN),
        ({"source_address": "fe80::12"}, parse("fe80::12") * 2, parse("fe80::12") * 2, parse("fe80::12")),
        ({"families": ["ipv6"]}, None, OWN + OWN, OWN),
        ({"families": ["ipv4"]}, OWN + OWN, None, OWN),
    ],
)
def test_next_hops_between_link_local_addresses(
    changes: dict[str, Any], ipv4: bytes | None, ipv6: bytes | None, source: bytes
) -> None:
    """RFC 2545 section 3: global and link-local, 32 octets; RFC 8950: IPv4 prefixes take the same."""
    found = resolved(peer(**changes), ROUTER, OWN)
    assert (found.address, found.source_address) == (ROUTER, source)
    assert (found.next_hop_ipv4, found.next_hop_ipv6) == (ipv4, ipv6)
    assert found.extended_next_hop == (ipv4 is not None and len(ipv4) > 4)
    assert discovery.adopt(peer(**changes), discovery.export(found)) == found


def test_what_is_not_found_is_carried_over_as_such() -> None:
    assert discovery.adopt(peer(), discovery.export(peer())).address == UNKNOWN


@pytest.mark.parametrize(
    ("interface", "address", "why"),
    [
        ("nowhere0", None, "interface nowhere0 is not there"),
        ("nowhere0", "fe80::1", "interface nowhere0 is not there"),
        ("nowhere0", "192.0.2.1", "interface nowhere0 is not there"),
        ("nowhere0", "2001:db8::1", "interface nowhere0 is not there"),
        ("lo", None, "interface lo has no IPv6 link-local address"),
        ("lo", "fe80::1", "interface lo has no IPv6 link-local address"),
    ],
)
def test_a_peer_that_cannot_be_reached_says_why(wire: Wire, interface: str, address: str | None, why: str) -> None:
    link = wire.link()
    hops = {} if address is None or address.startswith("fe80") else {"ipv4": "10.0.1.11", "ipv6": "2001:db8::11"}
    link.full(peers={"a": {**PLAIN, "interface": interface, "address": address, "next_hop": hops}})
    seen = link.session("a")
    assert (seen["state"], seen["last_error"], seen["interface"]) == ("Idle", why, interface)
    assert seen["address"] == address
    link.delta(peers={"a": None})
    assert link.ask("status")["status"]["sessions"] == {}


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_session_between_addresses_is_dialled_on_its_interface(wire: Wire, address: str) -> None:
    """Nobody listens on the port, so that the answer comes from there; without the interface, it dials as well."""
    link = wire.link()
    hops = {"ipv4": "10.0.1.11", "ipv6": "2001:db8::11"}
    plain = {**PLAIN, "interface": "lo", "address": address, "next_hop": hops, "port": 1}
    link.full(peers={"a": plain})
    refused = f"cannot connect to {address} port 1: connection refused"
    until(lambda: link.session("a")["last_error"] == refused, "an answer")
    link.delta(peers={"a": {**plain, "interface": "nowhere0"}})
    assert link.session("a")["last_error"] == "interface nowhere0 is not there"
    link.delta(peers={"a": {**plain, "interface": None}})
    until(lambda: link.session("a")["last_error"] == refused, "an answer without an interface")
