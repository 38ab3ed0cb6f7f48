# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FRR, BIRD and EOS are told the same: every session of every example, with prefixes on and beside every border."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

import dialects
import fabrics
import pytest
from dialects import Verdict
from fabrics import plan_of

from dualstack.render import bird, eos, frr
from dualstack.render.policy import Clause, Neighbour, View, view
from dualstack.render.policy.clauses import value

EVERYTHING = {"ipv4": ["0.0.0.0/0", "203.0.113.0/24"], "ipv6": ["::/0", "2001:db8:ffff::/48"]}


def samples(seen: View, family: str) -> list[str]:
    """Of each entry of each list: its shortest and longest prefixes, one that is longer, one that is wider."""
    found = {*EVERYTHING[family]}
    for entries in seen.lists[family].values():
        for entry in entries:
            network = ipaddress.ip_network(str(entry.cidr))
            for length in (entry.least - 1, entry.least, entry.least + 1, entry.most):
                if 0 <= length <= network.max_prefixlen:
                    found |= {f"{_at(network.network_address, length)}", f"{_at(network.broadcast_address, length)}"}
    return sorted(found)


def _at(address: Any, length: int) -> Any:
    return (
        ipaddress.ip_network((int(address), 32 if address.version == 4 else 128), strict=False).supernet(
            new_prefix=length
        )
        if length < address.max_prefixlen
        else ipaddress.ip_network(address)
    )


def neutral(seen: View, family: str, clauses: list[Clause], prefix: str, communities: tuple[str, ...]) -> Verdict:
    network = dialects.network(prefix)
    for clause in clauses:
        if clause.community and clause.community not in communities:
            continue
        entries = seen.lists[family].get(clause.prefixes, [])
        fitting = any(
            network.subnet_of(dialects.network(str(entry.cidr))) and entry.least <= network.prefixlen <= entry.most
            for entry in entries
        )
        if fitting or not clause.prefixes:
            return clause.permit, clause.local_preference
    return dialects.REFUSED


def known_as(neighbour: Neighbour, dialect: str) -> str:
    if not neighbour.unnumbered:
        return str(neighbour.other["address"])
    return f"{'link-' if dialect == 'eos' else ''}{neighbour.own['interface']}"


def cases(plan: dict[str, Any], router: str) -> Iterator[tuple[View, Neighbour, str]]:
    seen = view(plan, router)
    for neighbour in seen.neighbours:
        for family in neighbour.families:
            yield seen, neighbour, family


def compare(plan: dict[str, Any], router: str) -> int:
    readers: dict[str, Any] = {
        "frr": dialects.Frr(frr.render(plan, router)),
        "bird": dialects.Bird(bird.render(plan, router)),
        "eos": dialects.Eos(eos.render(plan, router)),
    }
    compared = 0
    done: set[tuple[str, ...]] = set()
    for seen, neighbour, family in cases(plan, router):
        policy = seen.policies[family][neighbour.relation]
        for direction, clauses in (("in", policy.inbound), ("out", policy.outbound)):
            names = {key: each.policy(known_as(neighbour, key), family, direction) for key, each in readers.items()}
            if tuple(names.values()) in done:
                continue
            done.add(tuple(names.values()))
            marks: list[tuple[str, ...]] = [(), *((each.community,) for each in seen.preferred)]
            for prefix in samples(seen, family):
                for communities in marks:
                    wanted = neutral(seen, family, clauses, prefix, communities)
                    told = [value(each) for each in communities]
                    found = {key: each.passes(names[key], prefix, *told) for key, each in readers.items()}
                    assert found == dict.fromkeys(readers, wanted), (router, names, prefix, communities)
                    compared += 1
    return compared


@pytest.mark.parametrize("example", fabrics.names())
def test_every_session_of_every_example(example: str) -> None:
    plan = plan_of(example)
    assert sum(compare(plan, router) for router in plan["routers"]) > (50 if plan["sessions"] else -1)


def test_what_the_examples_do_not_have() -> None:
    """Large communities, preferences at several routers, aggregates, ranges, one session for both families."""

    def change(data: Any, hosts: Any) -> None:
        data["fabric"]["node_asn"] = 4200000000
        data["fabric"]["sessions"] = "over-ipv6"
        hosts["routers"]["br2"]["asn"] = 64511
        data["pools"].append({"name": "odd", "blocks": ["192.168.7.10-192.168.7.12", "2001:db8:7::a-2001:db8:7::c"]})
        data["pools"].append({"name": "wide", "blocks": ["192.168.16.0/20", "2001:db8:16::/100"]})
        data["advertise"].append({"pools": ["odd"], "bgp": {"local_preference": {"tor1": 70, "br1": 80}}})
        data["advertise"].append({"pools": ["wide"], "bgp": {"aggregation": {"ipv4": 24, "ipv6": 112}}})

    plan = plan_of("demo", change)
    assert sum(compare(plan, router) for router in plan["routers"]) > 2000
