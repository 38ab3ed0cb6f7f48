# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another owner of an address on the segment: who it is, and what is done about it (RFC 5227 section 2.4)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from interop.segment import BROADCAST, FAMILIES, Segment, announcement, announces, arp, octets, segment
from interop.stage import ip
from processes import Link, until

HELD = {"ipv4": "10.0.1.200", "ipv6": "2001:db8:dc:1::200"}  # by the kernel of another host as well
TAKEN = {"ipv4": "10.0.1.201", "ipv6": "2001:db8:dc:1::201"}  # announced by somebody
SPLIT = {"ipv4": "10.0.1.202", "ipv6": "2001:db8:dc:1::202"}  # announced by two wires
QUIET = {"ipv4": "10.0.1.203", "ipv6": "2001:db8:dc:1::203"}  # nobody else's
STRANGER = "02:00:00:00:00:99"
both = pytest.mark.parametrize("family", FAMILIES)


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Segment]:
    """All conflicts at once, as each takes its time; nobody says anything of its own accord."""
    with segment(tmp_path_factory.mktemp("segment"), layer2_refresh=0) as made:
        for address in HELD.values():
            length = 64 if ":" in address else 24
            words = ("address", "add", f"{address}/{length}", "dev", "rack1")
            ip("-n", made.client.namespace, *words, *(["nodad"] if ":" in address else []))
        made.answer(*HELD.values(), *TAKEN.values(), *SPLIT.values(), *QUIET.values())
        yield made


@pytest.fixture(scope="module")
def other(net: Segment) -> tuple[Link, str]:
    """A second wire that has the split addresses too; its link and its MAC."""
    host = net.stage.host("other")
    link = net.wire_on(host, layer2_refresh=0).link()
    link.full(layer2={address: {"interfaces": []} for address in SPLIT.values()})
    return link, host.mac


def conflicts(link: Link, address: str) -> Any:
    """Where there is another owner."""
    return link.layer2(address)["conflicts"]


@both
def test_an_owner_that_only_answers_is_found_and_named(family: str, net: Segment, other: tuple[Link, str]) -> None:
    """The other host's kernel says nothing unasked; our probe after the take-over finds it."""
    address = HELD[family]
    found = until(lambda: conflicts(net.link, address), "the conflict")
    assert found == {"rack1": {"macs": [net.client.mac], "total": 1}}
    words = f'event="address conflict" interface=rack1 address={address} mac={net.client.mac}'
    assert words in net.wire.log.read_text()
    assert conflicts(net.link, QUIET[family]) == {}


def test_a_process_that_takes_over_knows_of_conflicts(net: Segment, other: tuple[Link, str]) -> None:
    for address in HELD.values():
        until(lambda: conflicts(net.link, address), "the conflict")  # noqa: B023
    net.wire.upgrade()
    net.link = net.wire.link()
    for address in HELD.values():
        assert conflicts(net.link, address) == {"rack1": {"macs": [net.client.mac], "total": 1}}


@both
def test_two_of_our_own_report_each_other_and_do_not_storm(family: str, net: Segment, other: tuple[Link, str]) -> None:
    link, mac = other
    address = SPLIT[family]
    assert until(lambda: conflicts(net.link, address), "our conflict")["rack1"]["macs"] == [mac]
    assert until(lambda: conflicts(link, address), "the other's conflict")["rack1"]["macs"] == [net.node.mac]
    rounds = {"ipv4": 10, "ipv6": 5}[family]
    until(lambda: link.layer2(address)["gratuitous"] > rounds, "a defence beyond the burst")
    for one in (net.link, link):
        said = one.layer2(address)["gratuitous"]
        defences = 1 + (time.monotonic() - net.begun) / 10  # DEFEND_INTERVAL
        assert said <= rounds + defences


@both
def test_a_claim_of_another_is_reported_and_answered_by_one_announcement(
    family: str, net: Segment, other: tuple[Link, str]
) -> None:
    """A storm of claims, one of them every 10 ms for a second: one defence."""
    address, ours = TAKEN[family], octets(net.node.mac)
    rounds = {"ipv4": 10, "ipv6": 5}[family]
    until(lambda: conflicts(net.link, HELD[family]), "the time after a take-over, in which claims do not count")
    assert net.link.layer2(address)["gratuitous"] == rounds
    tap = net.tap(net.client)
    stranger = octets(STRANGER)
    begun = time.monotonic()
    for _unused in range(100):
        tap.send(announcement(stranger, address))
        time.sleep(0.01)
    tap.until(lambda frame: announces(frame, address, ours), "the defence")
    assert conflicts(net.link, address) == {"rack1": {"macs": [STRANGER], "total": 1}}
    defences = [frame for frame in tap.listen() if announces(frame, address, ours)]
    assert len(defences) <= 1 + (time.monotonic() - begun) / 10
    assert net.link.layer2(address)["gratuitous"] == rounds + len(defences)


def test_what_the_host_itself_says_of_another_interface_is_no_conflict(net: Segment, other: tuple[Link, str]) -> None:
    """A second interface on the same segment answers for the address too; each hears the other's rounds."""
    address, control = "10.0.1.204", "10.0.1.205"
    net.node.plug("rack2", "p90")
    tap = net.tap(net.client)
    net.link.delta(layer2={one: {"interfaces": ["rack1", "rack2"]} for one in (address, control)})
    until(lambda: net.link.layer2(address)["gratuitous"] == 20, "all rounds")
    tap.send(arp(BROADCAST, tap.mac, 1, control, control))

    def found() -> Any:
        """A stranger's claim counts only after the grace; what came before it has been judged by then."""
        tap.send(arp(BROADCAST, tap.mac, 1, control, control))
        return conflicts(net.link, control)

    until(found, "the conflict of the other address")
    assert conflicts(net.link, address) == {}
