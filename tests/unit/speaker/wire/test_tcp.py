# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Socket options of a session's connection, as the kernel holds them before it is made."""

from __future__ import annotations

import errno
import select
import socket

import pytest

from dualstack_speaker.base.addresses import parse
from dualstack_speaker.net import tcp

ENDS = {"ipv4": "127.0.0.1", "ipv6": "::1"}
LEAST = {"ipv4": (socket.IPPROTO_IP, tcp.IP_MINTTL), "ipv6": (socket.IPPROTO_IPV6, tcp.IPV6_MINHOPCOUNT)}
TTL = {"ipv4": (socket.IPPROTO_IP, socket.IP_TTL), "ipv6": (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS)}


@pytest.mark.parametrize("family", ENDS)
@pytest.mark.parametrize(("ttl", "least"), [(1, None), (255, 254), (None, None)])
def test_hop_limits_source_and_no_delay(family: str, ttl: int | None, least: int | None) -> None:
    end = parse(ENDS[family])
    with tcp.open_client(end, end, None, ttl, least) as sock, socket.socket(sock.family) as plain:
        usual = plain.getsockopt(*TTL[family])
        assert sock.getsockopt(*TTL[family]) == (ttl or usual)
        assert sock.getsockopt(*LEAST[family]) == (least or 0)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockname()[0] == ENDS[family]
        assert not sock.getblocking()


@pytest.mark.parametrize("family", ENDS)
def test_a_peer_that_reads_nothing_is_not_kept_by_our_kernel(family: str) -> None:
    """Its window is closed, and its kernel says so again and again: no other timer of TCP would ever end this."""
    end = parse(ENDS[family])
    with socket.socket(socket.AF_INET6 if family == "ipv6" else socket.AF_INET) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind((ENDS[family], 0))
        listener.listen()
        with tcp.open_client(end, end, None, 1, None) as sock:
            tcp.set_patience(sock, 0.5)
            sock.settimeout(60)
            sock.connect((ENDS[family], listener.getsockname()[1]))
            sock.send(bytes(32768))
            sock.setblocking(False)
            with select.epoll() as waiting:
                waiting.register(sock, 0)
                ((_unused, events),) = waiting.poll(60)
            assert events & select.EPOLLERR
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ETIMEDOUT


@pytest.mark.parametrize("family", ENDS)
def test_a_password_signs_the_connection(family: str) -> None:
    """Both ends sign with the same key and talk; a listener with another key never sees a connection."""
    end = parse(ENDS[family])
    for key, heard in (("s3cret", True), ("other", False)):
        with socket.socket(socket.AF_INET6 if family == "ipv6" else socket.AF_INET) as listener:
            tcp.set_md5(listener, end, key)
            listener.bind((ENDS[family], 0))
            listener.listen()
            with tcp.open_client(end, end, "s3cret", 1, None) as sock:
                sock.settimeout(60 if heard else 0.3)
                try:
                    sock.connect((ENDS[family], listener.getsockname()[1]))
                except socket.timeout:
                    assert not heard
                else:
                    assert heard


@pytest.mark.parametrize(("family", "source"), [("ipv4", "192.0.2.77"), ("ipv6", "2001:db8:77::1")])
def test_a_strange_source_is_refused(family: str, source: str) -> None:
    with pytest.raises(OSError, match="Cannot assign requested address"):
        tcp.open_client(parse(ENDS[family]), parse(source), None, 1, None)


@pytest.mark.parametrize("family", ENDS)
@pytest.mark.parametrize(("sent", "heard"), [(255, True), (254, True), (253, False)])
def test_what_comes_from_farther_away_is_not_heard(family: str, sent: int, heard: bool) -> None:
    """RFC 5082 with two hops: the kernel takes the handshake's segments with 254 or more."""
    end = parse(ENDS[family])
    with socket.socket(socket.AF_INET6 if family == "ipv6" else socket.AF_INET) as listener:
        tcp.set_hops(listener, sent, None)
        listener.bind((ENDS[family], 0))
        listener.listen()
        with tcp.open_client(end, end, None, 255, 254) as sock:
            sock.settimeout(60 if heard else 0.3)
            try:
                sock.connect((ENDS[family], listener.getsockname()[1]))
            except socket.timeout:
                assert not heard
            else:
                assert heard
