# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""UDP sockets on the loopback: what is sent arrives with its TTL and both addresses."""

from __future__ import annotations

import select
import socket

import pytest

from dualstack_speaker.base.addresses import parse
from dualstack_speaker.net import udp

LOOPBACK = {"ipv4": "127.0.0.1", "ipv6": "::1"}


@pytest.mark.parametrize("family", LOOPBACK)
@pytest.mark.parametrize("stated", [True, False])
def test_a_datagram_tells_how_it_came(family: str, stated: bool) -> None:
    address, ipv6 = LOOPBACK[family], family == "ipv6"
    with udp.open_receiver(ipv6, 0) as receiver, udp.open_sender(ipv6, parse(address) if stated else None) as sender:
        assert sender.getsockname()[1] >= 49152
        sender.sendto(b"hello", (address, receiver.getsockname()[1]))
        assert select.select([receiver], [], [], 60)[0]
        found = udp.receive(receiver)
        index = socket.if_nametoindex("lo")
        assert found == udp.Datagram(b"hello", parse(address), parse(address), 255, index)
        with pytest.raises(BlockingIOError):
            udp.receive(receiver)


@pytest.mark.parametrize("family", LOOPBACK)
def test_a_port_that_is_taken(family: str) -> None:
    with udp.open_receiver(family == "ipv6", 0) as first, pytest.raises(OSError, match="in use"):
        udp.open_receiver(family == "ipv6", first.getsockname()[1])


def test_both_families_share_a_port() -> None:
    with udp.open_receiver(True, 0) as first, udp.open_receiver(False, first.getsockname()[1]):
        pass


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
def test_a_source_that_is_not_ours(address: str) -> None:
    with pytest.raises(OSError, match="assign"):
        udp.open_sender(":" in address, parse(address))
