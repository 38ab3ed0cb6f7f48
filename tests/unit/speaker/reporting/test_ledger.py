# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Status objects against a store that behaves like the API server's: any history ends in what should stand there."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest

from dualstack_speaker.reporting.ledger import BGP_STATUS, L2_STATUS, NOTE, Create, Delete, Fill, Kind, Ledger, Report

OWNER = {"apiVersion": "v1", "kind": "Node", "name": "node1", "uid": "u"}


class Store:
    """Objects by name; a status is written apart, as in the API server."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.writes = 0

    def apply(self, step: Any, ledger: Ledger) -> None:
        self.writes += 1
        if isinstance(step, Create):
            name = f"{step.body['metadata']['generateName']}{self.writes:05}"
            made = copy.deepcopy(step.body)
            made["metadata"]["name"] = name
            self.objects[name] = made
            ledger.saw(made)
        elif step.name not in self.objects:  # 404: somebody else has deleted it
            ledger.gone(step.name)
        elif isinstance(step, Fill):
            held = self.objects[step.name]
            if step.status:
                old = held.get("status", {})
                for field in ("node", "serviceName", "serviceNamespace"):
                    assert old.get(field, step.body["status"][field]) == step.body["status"][field], "immutable"
                held["status"] = {**old, **step.body["status"]}
            else:
                given = step.body["metadata"]["annotations"].items()
                held["metadata"]["annotations"] = {key: text for key, text in given if text is not None}
            ledger.saw(held)
        else:
            del self.objects[step.name]
            ledger.gone(step.name)

    def settle(self, *ledgers: Ledger) -> int:
        before = self.writes
        for _unused in range(1000):
            busy = False
            for ledger in ledgers:
                step = ledger.next(OWNER)
                if step is not None:
                    self.apply(step, ledger)
                    busy = True
                ledger.listed(list(self.objects.values()))
            if not busy:
                return self.writes - before
        raise AssertionError("never comes to rest")

    def reports(self) -> list[tuple[str, str, list[Any]]]:
        found = []
        for held in self.objects.values():
            status = held["status"]
            names = status.get("peers", status.get("interfaces"))
            found.append((status["node"], f"{status['serviceNamespace']}/{status['serviceName']}", names))
        return sorted(found)


def test_an_object_is_as_metallb_writes_it() -> None:
    """MetalLB 1.7: generateName, labels, status of ServiceBGPStatus; peers sorted; the Node owns it, not a pod."""
    store, ledger = Store(), Ledger(BGP_STATUS, "node1")
    ledger.want("default/web", Report(("tor1", "tor2"), "note"))
    assert store.settle(ledger) == 2
    [held] = list(store.objects.values())
    assert held["kind"] == "ServiceBGPStatus" and held["metadata"]["generateName"] == "bgp-"
    assert held["metadata"]["labels"] == {
        "metallb.io/node": "node1", "metallb.io/service-name": "web", "metallb.io/service-namespace": "default"
    }  # fmt: skip
    assert held["metadata"]["ownerReferences"] == [OWNER] and held["metadata"]["annotations"] == {NOTE: "note"}
    assert held["status"] == {
        "node": "node1", "serviceName": "web", "serviceNamespace": "default", "peers": ["tor1", "tor2"]
    }  # fmt: skip


def test_interfaces_are_objects() -> None:
    store, ledger = Store(), Ledger(L2_STATUS, "node1")
    ledger.want("default/web", Report(("eth1",), ""))
    store.settle(ledger)
    assert store.reports() == [("node1", "default/web", [{"name": "eth1"}])]


def test_nothing_is_written_twice() -> None:
    store, ledger = Store(), Ledger(BGP_STATUS, "node1")
    ledger.want("default/web", Report(("tor1",), ""))
    store.settle(ledger)
    ledger.want("default/web", Report(("tor1",), ""))
    assert store.settle(ledger) == 0
    ledger.want("default/web", Report(("tor1", "tor2"), ""))
    assert store.settle(ledger) == 1


@pytest.mark.parametrize("kind", [L2_STATUS, BGP_STATUS])
def test_deleted_objects_come_back_and_leftovers_go(kind: Kind) -> None:
    """MetalLB 1.7: statuses heal themselves; what this node left behind before a restart is cleaned up."""
    store, ledger = Store(), Ledger(kind, "node1")
    ledger.want("default/web", Report((), ""))
    store.settle(ledger)
    store.objects.clear()
    ledger.listed([])
    store.settle(ledger)
    assert len(store.objects) == 1
    after_restart = Ledger(kind, "node1")
    after_restart.listed(list(store.objects.values()))
    assert list(after_restart.own()) == [("default/web", Report((), ""))]
    store.settle(after_restart)
    assert not store.objects


def test_the_new_announcer_takes_away_what_a_dead_node_left_and_nobody_else_does() -> None:
    """MetalLB 1.7: exactly one ServiceL2Status per Service."""
    store = Store()
    first, second, third = (Ledger(L2_STATUS, node) for node in ("node1", "node2", "node3"))
    first.want("default/web", Report(("eth1",), ""))
    store.settle(first, second, third)
    assert store.reports() == [("node1", "default/web", [{"name": "eth1"}])]
    second.want("default/web", Report(("eth2",), ""))  # node1 is dead: it says nothing any more
    store.settle(second, third)
    assert store.reports() == [("node2", "default/web", [{"name": "eth2"}])]


def test_each_node_has_its_own_bgp_status() -> None:
    store = Store()
    ledgers = [Ledger(BGP_STATUS, node) for node in ("node1", "node2")]
    for ledger in ledgers:
        ledger.want("default/web", Report(("tor1",), ""))
    store.settle(*ledgers)
    assert [row[0] for row in store.reports()] == ["node1", "node2"]
    ledgers[0].want("default/web", None)
    store.settle(*ledgers)
    assert [row[0] for row in store.reports()] == ["node2"]


def test_an_object_whose_status_was_made_to_say_something_else_is_replaced() -> None:
    store, ledger = Store(), Ledger(BGP_STATUS, "node1")
    ledger.want("default/web", Report(("tor1",), ""))
    store.settle(ledger)
    [held] = list(store.objects.values())
    held["metadata"]["labels"]["metallb.io/service-name"] = "other"
    ledger.listed(list(store.objects.values()))
    store.settle(ledger)
    assert store.reports() == [("node1", "default/web", ["tor1"])]


def test_what_fails_stands_in_nobodys_way() -> None:
    ledger = Ledger(BGP_STATUS, "node1")
    for name in ("a", "b"):
        ledger.want(f"default/{name}", Report((), ""))
    first = ledger.next(OWNER)
    assert first is not None
    ledger.put_off(first.service)
    second = ledger.next(OWNER)
    assert second is not None and second.service != first.service
    ledger.give_up(second.service)
    again = ledger.next(OWNER)
    assert again is not None and again.service == first.service


@pytest.mark.parametrize("kind", [L2_STATUS, BGP_STATUS])
@pytest.mark.parametrize("seed", range(20))
def test_any_history_comes_to_what_is_wanted(kind: Kind, seed: int) -> None:
    chance = random.Random(f"{kind.where.name} {seed}")
    store, nodes = Store(), ("node1", "node2", "node3")
    ledgers = {node: Ledger(kind, node) for node in nodes}
    wanted: dict[tuple[str, str], Report] = {}
    for _unused in range(60):
        service = f"default/web{chance.randrange(4)}"
        node = chance.choice(nodes)
        kind_of = chance.randrange(6)
        if kind_of < 3:
            report = Report(
                tuple(sorted(chance.sample(["a", "b", "c"], chance.randrange(4)))), chance.choice(["", "n"])
            )
            for other in nodes if kind.exclusive else ():
                wanted.pop((other, service), None)
                ledgers[other].want(service, None)
            wanted[node, service] = report
            ledgers[node].want(service, report)
        elif kind_of == 3:
            wanted.pop((node, service), None)
            ledgers[node].want(service, None)
        elif kind_of == 4 and store.objects:
            del store.objects[chance.choice(sorted(store.objects))]
            for ledger in ledgers.values():
                ledger.listed(list(store.objects.values()))
        elif kind_of == 5:  # a restart
            ledgers[node] = Ledger(kind, node)
            ledgers[node].listed(list(store.objects.values()))
            for (name, key), report in wanted.items():
                if name == node:
                    ledgers[node].want(key, report)
        if chance.random() < 0.5:
            store.settle(*ledgers.values())
    store.settle(*ledgers.values())
    names = {key: list(report.names) for key, report in wanted.items()}
    found = {
        (node, service): [n["name"] if kind.exclusive else n for n in has] for node, service, has in store.reports()
    }
    assert found == names and len(store.objects) == len(wanted)
    notes = {held["metadata"].get("annotations", {}).get(NOTE) or "" for held in store.objects.values()}
    assert notes <= {"", "n"}
    assert not any(isinstance(ledger.next(OWNER), (Create, Delete)) for ledger in ledgers.values())


def test_whatever_an_object_looks_like_it_is_read() -> None:
    """Somebody else may have written it, under another schema."""
    for odd in ({}, {"labels": 1}, {"labels": {"metallb.io/node": None}}, {"annotations": []}):
        for status in (None, 1, {"peers": 3}, {"peers": [{}, None]}, {"node": 7}):
            ledger = Ledger(BGP_STATUS, "node1")
            ledger.saw({"metadata": {"name": "x", **odd}, "status": status})
            while (step := ledger.next(OWNER)) is not None:
                ledger.give_up(step.service)
