# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ARP and NDP against the kernel's neighbour tables and raw frames."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from interop.segment import (
    ALL_NODES,
    BROADCAST,
    FAMILIES,
    Segment,
    Tap,
    answers,
    arp,
    icmp6,
    octets,
    packed,
    question,
    resolve,
    segment,
    solicitation,
    solicited_node,
)
from interop.stage import Stage, ip
from processes import Wire, until

VIP = {"ipv4": "10.0.1.200", "ipv6": "2001:db8:dc:1::200"}
NEXT = {"ipv4": "10.0.1.201", "ipv6": "2001:db8:dc:1::201"}
OFF_LINK = {"ipv4": "192.0.2.200", "ipv6": "2001:db8:99::200"}
both = pytest.mark.parametrize("family", FAMILIES)


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Segment]:
    with segment(tmp_path_factory.mktemp("segment")) as made:
        yield made


@pytest.fixture(scope="module")
def tap(net: Segment) -> Tap:
    return net.tap(net.client)


@pytest.fixture(autouse=True)
def fresh(net: Segment) -> None:
    """Nobody knows anybody."""
    for host in (net.client, net.node):
        ip("-n", host.namespace, "neigh", "flush", "dev", "rack1", "nud", "all")


@both
def test_a_neighbour_finds_the_announcer(family: str, net: Segment) -> None:
    """MetalLB 5.4: it is answered for, and yet on no interface of the node."""
    net.answer(*VIP.values())
    assert resolve(net.client, VIP[family]) == net.node.mac
    on_the_node = ip("-n", net.node.namespace, "-o", "address")
    assert net.node.address(family) in on_the_node and f"{VIP[family]}/" not in on_the_node
    told = net.link.layer2(VIP[family])
    assert told["interfaces"] == {"rack1": net.node.mac}
    assert told["requests"] >= told["replies"] >= 1
    net.answer(*[VIP[other] for other in FAMILIES if other != family])
    ip("-n", net.client.namespace, "neigh", "flush", "dev", "rack1")
    assert resolve(net.client, VIP[family]) == ""


@both
def test_the_kernel_confirms_a_known_neighbour_by_unicast(family: str, net: Segment) -> None:
    """A stale entry is probed by unicast (RFC 4861 section 7.3.3); without an answer it would fail."""
    net.answer(*VIP.values())
    assert resolve(net.client, VIP[family]) == net.node.mac
    words = ("neigh", "change", VIP[family], "dev", "rack1", "lladdr", net.node.mac, "nud", "probe")
    ip("-n", net.client.namespace, *words)
    until(lambda: net.client.neighbour(VIP[family])[1] == "REACHABLE", "a confirmed entry")


@both
def test_a_take_over_reaches_clients_that_do_not_ask(family: str, net: Segment) -> None:
    """And the rounds of the announcer before are no conflict."""
    other = net.stage.host(f"other{family[-1]}")
    second = net.wire_on(other).link()
    net.answer(VIP[family])
    second.full()
    assert resolve(net.client, VIP[family]) == net.node.mac
    second.delta(layer2={VIP[family]: {"interfaces": []}})
    net.link.delta(layer2={VIP[family]: None})
    until(lambda: net.client.neighbour(VIP[family])[0] == other.mac, "the new announcer's MAC")
    assert second.layer2(VIP[family])["conflicts"] == {}
    second.full()


@both
def test_the_journal_answers_again_after_a_kill(family: str, net: Segment) -> None:
    host = net.stage.host(f"killed{family[-1]}")
    wire = net.wire_on(host)
    address = {"ipv4": "10.0.1.210", "ipv6": "2001:db8:dc:1::210"}[family]
    wire.link().full(layer2={address: {"interfaces": []}})
    until(wire.journal.exists, "the journal")
    wire.stop(signal.SIGKILL)
    assert resolve(net.client, address) == ""
    wire.start()
    ip("-n", net.client.namespace, "neigh", "flush", "dev", "rack1", "nud", "all")
    assert resolve(net.client, address) == host.mac


def test_a_process_that_takes_over_goes_on_with_everything(net: Segment) -> None:
    """Sockets, groups and the rest of a burst; nothing is opened, joined or begun anew."""
    host = net.stage.host("heir")
    wire = net.wire_on(host)
    link = wire.link()
    addresses = {"ipv4": "10.0.1.220", "ipv6": "2001:db8:dc:1::220"}
    link.full(layer2={address: {"interfaces": []} for address in addresses.values()})
    until(lambda: all(link.layer2(address)["gratuitous"] for address in addresses.values()), "the first round")
    for address in addresses.values():
        assert resolve(net.client, address) == host.mac
    before = {address: link.layer2(address) for address in addresses.values()}
    wire.upgrade()
    link = wire.link()
    for family, address in addresses.items():
        after = link.layer2(address)
        for counted in ("requests", "replies", "gratuitous"):
            assert after[counted] >= before[address][counted]
        frames = {"ipv4": 10, "ipv6": 5}[family]
        until(lambda: link.layer2(address)["gratuitous"] == frames, "the other rounds")  # noqa: B023
        ip("-n", net.client.namespace, "neigh", "flush", "dev", "rack1", "nud", "all")
        assert resolve(net.client, address) == host.mac
    assert wire.log.read_text().count("event=answering") == 1
    assert "ff02::1:ff00:220" in ip("-n", host.namespace, "maddr", "show", "dev", "rack1")
    link.full()
    until(lambda: "ff02::1:ff00:220" not in ip("-n", host.namespace, "maddr", "show", "dev", "rack1"), "a group left")


@both
@pytest.mark.parametrize("kind", ["asks", "probes", "asks by unicast", "probes by unicast"])
def test_raw_questions(kind: str, family: str, net: Segment, tap: Tap) -> None:
    """RFC 826, RFC 5227 section 2.1.1; RFC 4861 section 7.2.4, RFC 4862 section 5.4.3."""
    net.answer(*VIP.values())
    theirs, address = octets(net.node.mac), VIP[family]
    unicast = theirs if kind.endswith("unicast") else None
    if family == "ipv4":
        asker = "0.0.0.0" if kind.startswith("probes") else net.client.ipv4
        tap.heard.clear()
        tap.send(arp(unicast or BROADCAST, tap.mac, 1, asker, address))
        got = tap.until(lambda frame: answers(frame, address, tap.mac), "the reply")
        head = bytes.fromhex("08060001080006040002")
        assert got[6:42] == theirs + head + theirs + packed(address) + tap.mac + packed(asker)
        return
    detection = kind == "probes"
    if detection:
        until(lambda: net.link.layer2(address)["gratuitous"] == 5, "all rounds: they go to where such an answer goes")
    for option in (False,) if detection else (False, True):
        source = "::" if detection else net.client.ipv6
        tap.heard.clear()
        tap.send(solicitation(tap.mac, source, address, option, unicast))
        to = ALL_NODES if detection else tap.mac
        got = tap.until(lambda frame, to=to: answers(frame, address, to), "the advertisement")  # type: ignore[misc]
        assert got[6:12] == theirs and got[22:38] == packed(address)
        assert got[78:86] == b"\x02\x01" + theirs  # target link-layer address
        flags = 0x20 if detection else 0x60  # override; solicited and override
        assert (got[38:54], got[58]) == (packed("ff02::1" if detection else net.client.ipv6), flags)


@both
def test_what_is_tagged_for_a_vlan_is_not_answered_on_the_parent(family: str, net: Segment, tap: Tap) -> None:
    """A tag that is only a priority (VLAN 0) changes nothing."""
    net.answer(*VIP.values())
    by = [bytes.fromhex(f"0200000000{number:02x}") for number in (5, 6, 7)]
    frames = [question(mac, net.client, VIP[family]) for mac in by]
    tap.heard.clear()
    tap.send(frames[0][:12] + bytes.fromhex("81000005") + frames[0][12:])
    tap.send(frames[1][:12] + bytes.fromhex("8100e000") + frames[1][12:])
    tap.send(frames[2])
    tap.until(lambda frame: answers(frame, VIP[family], by[1]), "the answer to a frame with a priority")
    tap.until(lambda frame: answers(frame, VIP[family], by[2]), "the answer to a frame without a tag")
    assert not any(answers(frame, VIP[family], by[0]) for frame in tap.listen())


@both
def test_what_was_not_answered_is_counted_by_reason(family: str, net: Segment, tap: Tap) -> None:
    """MetalLB 5.4 drop reasons: internal words."""
    net.answer(VIP[family], NEXT[family])
    address, mine = VIP[family], octets(net.node.mac)
    ether, reasons = octets("02:00:00:00:00:99"), {"our own", "no MAC to answer"}
    if family == "ipv4":
        bad = [arp(BROADCAST, mine, 1, net.client.ipv4, address)]
        bad.append(arp(BROADCAST, ether, 1, net.client.ipv4, address, BROADCAST))
    else:
        group = solicited_node(address)
        body = bytes((135, 0, 0, 0, 0, 0, 0, 0)) + packed(address)
        to, source = b"\x33\x33" + group[12:], packed(net.client.ipv6)
        bad = [solicitation(mine, net.client.ipv6, address)]
        bad.append(icmp6(to, ether, source, group, body + b"\x01\x01" + BROADCAST))
        bad.append(icmp6(to, ether, source, group, body, hops=64))
        right = icmp6(to, ether, source, group, body)
        bad.append(right[:56] + b"\xde\xad" + right[58:])
        bad.append(icmp6(to, ether, source, group, body + b"\x01\x00" + ether))
        reasons |= {"hop limit", "checksum", "malformed"}
    before = net.link.ask("status")["status"]["layer2_interfaces"]["rack1"]["drops"]
    tap.heard.clear()
    for frame in bad:
        tap.send(frame)
    tap.send(question(tap.mac, net.client, NEXT[family]))
    tap.until(lambda frame: answers(frame, NEXT[family], tap.mac), "the answer to what came last")
    after = net.link.ask("status")["status"]["layer2_interfaces"]["rack1"]["drops"]
    assert reasons <= {reason for reason, count in after.items() if count > before.get(reason, 0)}
    assert not any(answers(frame, address, to) for frame in tap.heard for to in (ether, mine, BROADCAST))


def test_the_kernel_sees_the_address_as_taken(net: Segment) -> None:
    """A host that gives itself the VIP finds out by duplicate address detection (RFC 4862 section 5.4)."""
    net.answer(*VIP.values())
    name = net.client.namespace
    ip("-n", name, "address", "add", f"{VIP['ipv6']}/64", "dev", "rack1")

    def state() -> str:
        return ip("-n", name, "-6", "address", "show", "dev", "rack1", "to", f"{VIP['ipv6']}/128")

    until(lambda: "tentative" not in state() or "dadfailed" in state(), "the end of the detection")
    assert "dadfailed" in state()
    ip("-n", name, "address", "delete", f"{VIP['ipv6']}/64", "dev", "rack1")


@both
def test_without_names_the_network_of_the_address_decides(family: str, net: Segment) -> None:
    host = net.stage.host(f"many{family[-1]}")
    host.plug("rack2", f"q{family[-1]}")
    host.plug("veth5", f"r{family[-1]}")
    link = net.wire_on(host).link()
    link.full(layer2={address: {"interfaces": []} for address in (NEXT[family], OFF_LINK[family])})
    assert set(link.layer2(NEXT[family])["interfaces"]) == {"rack1"}
    assert set(link.layer2(OFF_LINK[family])["interfaces"]) == {"rack1", "rack2"}
    interfaces = link.ask("status")["status"]["layer2_interfaces"]
    assert {name: one["state"] for name, one in interfaces.items()} == {"rack1": "answering", "rack2": "answering"}
    link.full()


@both
def test_an_address_that_is_not_ours_is_not_answered(family: str, net: Segment) -> None:
    net.answer(*VIP.values())
    assert resolve(net.client, NEXT[family]) == ""


def test_without_the_right_to_packet_sockets_log_and_status_say_so(tmp_path: Path, net: Segment) -> None:
    weak = ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"]
    wire = Wire(tmp_path / "weak", [*net.node.prefix, *weak])
    try:
        wire.start()
        link = wire.link()
        link.full(layer2={address: {"interfaces": []} for address in VIP.values()})
        assert 'event="cannot answer" interface=rack1 reason="operation not permitted"' in wire.log.read_text()
        assert link.ask("status")["status"]["layer2_interfaces"]["rack1"]["state"] == "operation not permitted"
    finally:
        wire.end()


def test_the_stage_leaves_nothing_behind() -> None:
    stage = Stage()
    stage.host("node")
    stage.end()
    listed = subprocess.run(["ip", "netns", "list"], check=True, capture_output=True, text=True).stdout
    assert stage.name not in listed
