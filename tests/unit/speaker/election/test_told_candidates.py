# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decisions and elections together: what the heartbeats tell of nodes decides how many candidates are told."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from typing import Any

import pytest
from deciding import FACTS, POOLS, SHOP, VIP, Object, both, metallb, node, run

from dualstack.announcing.decide import Decision
from dualstack.announcing.election import order
from dualstack.announcing.facts import Speaker
from dualstack_speaker.base.model import Node
from dualstack_speaker.election.election import Election
from dualstack_speaker.election.outputs import Output, Settings, Transmit
from dualstack_speaker.link import layer2
from dualstack_speaker.link.routes import Decoder
from dualstack_speaker.net.prefixes import parse_prefix

EVERYBODY = [f"node{each}" for each in range(1, 21)]
BEST = order(EVERYBODY, VIP["ipv4"])
EDGE = BEST[12:14]  # the nodes that can answer; twelve others stand before them
NODES: list[Object] = [node(name) for name in EVERYBODY]


class Host:
    """A node's speaker and wire, without sockets."""

    def __init__(self, name: str, own: list[str], **spec: Any) -> None:
        self.name, self._spec = name, spec
        number = EVERYBODY.index(name) + 1
        self.wire = Election(Settings(name, 0.2, 3), number, lambda: bytes(7) + bytes((number,)))
        self.wire.keys = (b"k" * 32,)
        self.wire.interfaces(own, [bytes(5) + bytes((number,))], True, 1.0)

    def decide(self, now: float) -> list[Output]:
        """What wire tells of others becomes what it is told of candidates."""
        heard = {name: Speaker(frozenset(on), is_open) for name, (on, is_open) in self.wire.able(now - 60)}
        facts = replace(FACTS, name=self.name, speakers=heard or None)
        decision: Decision = run(POOLS, SHOP, *NODES, metallb("L2Advertisement", "a", **self._spec), facts=facts)
        told = layer2.vips(_plain(decision.desired["layer2"]), Decoder(parse_prefix))
        others = {name: Node((b"\x0a\0\0\1",), True) for name in decision.desired["nodes"]}
        return [*self.wire.change(told, others, now), *self.wire.begin(now)]


def _plain(value: Any) -> Any:
    """As it comes over the link."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def exchange(hosts: list[Host], start: float, rounds: int) -> float:
    """Heartbeats on their way, at once; the time afterwards."""
    by_name = {host.name: host for host in hosts}
    now = start
    for _round in range(rounds):
        now += 0.2
        way = [(host.name, out) for host in hosts for out in host.wire.due(now)]
        while way:
            _by, output = way.pop(0)
            if isinstance(output, Transmit) and output.node in by_name:
                way += [(output.node, more) for more in by_name[output.node].wire.received(output.data, _by, now)]
    return now


@both
@pytest.mark.parametrize("case", ["speakers on edge nodes alone", "an interface that edge nodes alone have"])
def test_the_first_that_can_answers_although_twelve_stand_before_it(family: str, case: str) -> None:
    """MetalLB 5.1.4, 5.1.6: candidates are members of the gossip; a winner without the interface leaves it dark."""
    if case.startswith("speakers"):
        hosts = [Host(name, ["eth1"]) for name in EDGE]
    else:
        hosts = [Host(name, ["eth1", "eth5"] if name in EDGE else ["eth1"], interfaces=["eth5"]) for name in EVERYBODY]
    for host in hosts:
        host.decide(1.0)
    now = exchange(hosts, 1.0, 6)
    for host in hosts:
        host.decide(now)
    exchange(hosts, now, 6)
    address = ipaddress.ip_address(VIP[family]).packed
    assert [host.name for host in hosts if address in host.wire.mine] == EDGE[:1]
    by_name = {host.name: host for host in hosts}
    assert by_name[EDGE[1]].wire.owners[address] == EDGE[0]
