# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A switch that watches MLD (RFC 3810) and passes multicast on only to who asked for it: the kernel's bridge."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from interop.segment import Segment, Tap, group_mac, packed, resolve, segment, solicitation, solicited_node
from interop.stage import ip
from processes import until

VIP, STRANGER = "2001:db8:dc:1::200", "2001:db8:dc:1::999"
_QUERY, _REPORT = 130, 143  # ICMPv6 types of RFC 3810


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Segment]:
    """The switch asks every second and forgets after three."""
    with segment(tmp_path_factory.mktemp("segment")) as made:
        settings = {
            "mcast_query_interval": "100",
            "mcast_startup_query_interval": "100",
            "mcast_query_response_interval": "50",
            "mcast_membership_interval": "300",
            "mcast_mld_version": "2",
            "mcast_querier": "1",
        }
        words = [word for pair in settings.items() for word in pair]
        ip("-n", made.node.switch, "link", "set", "switch", "type", "bridge", *words)
        yield made


def members(net: Segment, address: str) -> bool:
    """Whether the switch knows that the node wants the group of an address."""
    group = shown(solicited_node(address))
    table = net.node.on_switch("bridge", "mdb", "show", "dev", "switch")
    return any(f"port {net.node.port} grp {group} " in line for line in table.splitlines())


def shown(group: bytes) -> str:
    """A group as the kernel writes it."""
    return f"ff02::1:ff{group[13]:02x}:{group[14] << 8 | group[15]:x}"


def is_mld(frame: bytes, kind: int) -> bool:
    """Whether a frame is an MLD message of a type; it has a hop-by-hop option before it (router alert, RFC 2711)."""
    return frame[12:14] == b"\x86\xdd" and frame[20] == 0 and len(frame) > 62 and frame[62] == kind


def reports(frame: bytes, address: str) -> bool:
    """Whether a frame is a version 2 report of the group of an address, as it must be sent (RFC 3810 section 5.2)."""
    return (
        is_mld(frame, _REPORT)
        and frame[21] == 1  # hop limit
        and frame[38:54] == packed("ff02::16")
        and solicited_node(address) in frame[62:]
    )


def test_the_switch_passes_on_what_was_joined_and_nothing_else(net: Segment) -> None:
    net.answer(VIP)
    until(lambda: members(net, VIP), "the node's port in the switch's table")
    at_node, at_client = net.tap(net.node), net.tap(net.client)
    wanted, unwanted = (group_mac(solicited_node(address)) for address in (VIP, STRANGER))

    def alone() -> bool:
        """Only what was joined arrives; the switch floods until its querier has been there for a while."""
        at_node.heard.clear()
        for address in (STRANGER, VIP):
            at_client.send(solicitation(at_client.mac, net.client.ipv6, address))
        at_node.until(lambda frame: frame[:6] == wanted, "the solicitation")
        return not any(frame[:6] == unwanted for frame in at_node.heard)

    until(alone, "a switch that passes on what was joined and nothing else")
    assert resolve(net.client, VIP) == net.node.mac


def test_a_query_is_answered_and_so_the_switch_does_not_forget(net: Segment) -> None:
    net.answer(VIP)
    tap = net.tap(net.node)

    def seen(kinds: int) -> bool:
        """A query, and then a report of our group, so many times."""
        count = 0
        waiting = False
        for frame in tap.listen():
            if is_mld(frame, _QUERY):
                waiting = True
            elif waiting and reports(frame, VIP):
                count, waiting = count + 1, False
        return count >= kinds

    until(lambda: seen(4), "reports after four queries, a second apart: the first is forgotten by then")
    assert members(net, VIP)


def test_the_group_is_reported_again_when_the_link_comes_back(net: Segment) -> None:
    net.answer(VIP)
    until(lambda: members(net, VIP), "the node's port in the switch's table")
    ip("-n", net.node.switch, "link", "set", net.node.port, "down")
    until(lambda: not members(net, VIP), "a port that is forgotten with its link")
    tap = net.tap(net.node)
    ip("-n", net.node.switch, "link", "set", net.node.port, "up")
    until(lambda: members(net, VIP), "the port again")
    assert any(reports(frame, VIP) for frame in tap.listen())
    assert resolve(net.client, VIP) == net.node.mac


def test_what_is_given_up_is_left(net: Segment) -> None:
    net.answer(VIP)
    until(lambda: members(net, VIP), "the node's port in the switch's table")
    net.answer(STRANGER)
    until(lambda: not members(net, VIP), "a table without it")
    until(lambda: members(net, STRANGER), "a table with the other")


def test_without_a_link_local_address_the_group_is_reported_once_there_is_one(net: Segment) -> None:
    """A report needs a link-local source (RFC 3810 section 5.2.13)."""
    host = net.stage.host("bare")
    ip("-n", host.namespace, "link", "set", "rack1", "addrgenmode", "none")
    ip("-n", host.namespace, "-6", "address", "flush", "dev", "rack1", "scope", "link")
    link = net.wire_on(host).link()
    address = "2001:db8:dc:1::300"
    link.full(layer2={address: {"interfaces": []}})
    tap = net.tap(host)
    assert shown(solicited_node(address)) in ip("-n", host.namespace, "maddr", "show", "dev", "rack1")
    ip("-n", host.namespace, "address", "add", "fe80::b0/64", "dev", "rack1", "nodad")
    tap.until(lambda frame: reports(frame, address) and frame[22:38] == packed("fe80::b0"), "a report")
    assert resolve(net.client, address) == host.mac


def test_where_ipv6_goes_and_comes_back_the_group_is_reported_again(net: Segment) -> None:
    """Without IPv6 the network card alone is told; the kernel forgets that part when IPv6 goes."""
    host = net.stage.host("toggled")
    wire = net.wire_on(host)
    address = "2001:db8:dc:1::400"
    wire.link().full(layer2={address: {"interfaces": ["rack1"]}})
    card = "33:33:ff:00:04:00"

    def joined() -> str:
        return ip("-n", host.namespace, "maddr", "show", "dev", "rack1")

    assert card in joined()
    host.run("sysctl", "-q", "-w", "net.ipv6.conf.rack1.disable_ipv6=1")
    until(lambda: card in joined(), "the card that is told again")
    ip("-n", net.client.namespace, "neigh", "flush", "dev", "rack1", "nud", "all")
    tap: Tap = net.tap(host)
    host.run("sysctl", "-q", "-w", "net.ipv6.conf.rack1.disable_ipv6=0")
    tap.until(lambda frame: reports(frame, address), "a report")
    assert resolve(net.client, address) == host.mac


def test_many_groups(net: Segment) -> None:
    """More groups than one socket may hold (net.core.optmem_max)."""
    count = 3000
    net.answer(*[f"2001:db8:dc:1::{number:x}:{number:x}" for number in range(1, count + 1)])

    def groups() -> int:
        return ip("-n", net.node.namespace, "maddr", "show", "dev", "rack1").count("inet6 ff02::1:ff")

    until(lambda: groups() >= count, "all groups")
    assert "group not joined" not in net.wire.log.read_text()
    net.answer()
    until(lambda: groups() < 10, "groups that are left")


def test_two_addresses_of_one_group_share_it(net: Segment) -> None:
    first, second, group = "2001:db8:dc:1::200", "2001:db8:dc:1:1::200", "ff02::1:ff00:200"

    def joined() -> bool:
        return group in ip("-n", net.node.namespace, "maddr", "show", "dev", "rack1")

    net.answer(first, second, interfaces=["rack1"])
    assert joined()
    net.answer(second, interfaces=["rack1"])
    assert joined()
    net.answer("10.0.1.200", interfaces=["rack1"])
    until(lambda: not joined(), "the group is left")
