# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects in, writes out: what is decided when, and what becomes of answers that are late."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from dualstack.resources.model import Key
from dualstack_speaker.controller.heart import OTHERS_FOR, OVERWRITTEN, Heart
from dualstack_speaker.controller.ordering import Write
from dualstack_speaker.controller.patches import NOTE, OLD_NOTE, pool_status, service_patch, service_path

IPS = {"ipv4": ["10.96.0.1"], "ipv6": ["fd00::1"]}
FIRST = {"ipv4": "192.0.2.1", "ipv6": "2001:db8::1"}
FAMILIES = pytest.mark.parametrize("family", FIRST)


def pool(**annotations: str) -> dict[str, Any]:
    return {
        "apiVersion": "metallb.io/v1beta1",
        "kind": "IPAddressPool",
        "metadata": {"name": "one", "namespace": "metallb-system", "annotations": annotations},
        "spec": {"addresses": ["192.0.2.0/24", "2001:db8::/64"]},
    }


def service(name: str, version: int, family: str, *held: str, kind: str = "LoadBalancer") -> dict[str, Any]:
    metadata = {"name": name, "namespace": "d", "resourceVersion": str(version), "uid": f"uid-{name}"}
    ingress = [{"ip": text, "ipMode": "VIP"} for text in held]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {**metadata, "annotations": {NOTE: "one"} if held else {}},
        "spec": {"type": kind, "clusterIPs": IPS[family], "ports": [{"port": 80}]},
        "status": {"loadBalancer": {"ingress": ingress} if held else {}},
    }


def heart() -> Heart:
    made = Heart(None, 0.0)
    made.put(pool())
    return made


def writes(one: Heart) -> list[Write]:
    one.settle(0.0)
    found = []
    while (write := one.ordering.take(0.0)) is not None:
        found.append(write)
    return found


@FAMILIES
def test_a_standby_decides_nothing_and_knows_all_when_it_begins(family: str) -> None:
    one = heart()
    one.put(service("a", 10, family))
    assert writes(one) == [] and one.newest == 10
    one.begin()
    assert [(write.key, write.target.addresses) for write in writes(one)] == [("d/a", (FIRST[family],))]


@FAMILIES
def test_an_answer_is_known_before_the_watch_brings_it(family: str) -> None:
    one = heart()
    one.begin()
    one.put(service("a", 10, family))
    (write,) = writes(one)
    answer = service("a", 11, family, FIRST[family])
    (news,) = one.written(write, answer)
    assert (news.key, news.uid, news.event.reason) == ("d/a", "uid-a", "IPAllocated")
    assert not one.put(service("a", 10, family)), "older than the answer"
    assert not one.put(answer)
    assert writes(one) == [] and len(one.ordering) == 0
    assert one.services() == (1, 1)


@FAMILIES
def test_a_service_that_left_the_watch_keeps_its_address_until_it_is_known_to_be_gone(family: str) -> None:
    one = heart()
    one.begin()
    one.put(service("a", 10, family, FIRST[family]))
    assert writes(one) == []
    one.drop(Key("Service", "d", "a"))
    one.put(service("b", 12, family))
    (write,) = writes(one)
    assert one.checks == {"d/a"} and write.target.addresses != (FIRST[family],)
    one.gone("d/a", 9)
    assert one.record("d/a"), "an answer about another version"
    one.gone("d/a", 10)
    assert one.record("d/a") is None and not one.checks


@FAMILIES
def test_a_service_of_another_type_by_now_is_cleared_and_forgotten(family: str) -> None:
    one = heart()
    one.begin()
    one.put(service("a", 10, family, FIRST[family]))
    writes(one)
    one.put(service("a", 11, family, FIRST[family], kind="ClusterIP"))
    (write,) = writes(one)
    assert write.target.addresses == ()
    one.written(write, service("a", 12, family, kind="ClusterIP"))
    assert one.record("d/a") is None and len(one.ordering) == 0


@FAMILIES
def test_who_may_act_no_more_forgets_what_it_decided(family: str) -> None:
    one = heart()
    one.begin()
    one.put(service("a", 10, family))
    (write,) = writes(one)
    before = one.ordering
    one.end()
    assert one.ordering is not before and one.services() == (0, 0) and one.newest == 0
    assert write not in writes(one)


@FAMILIES
def test_events_of_a_decision_that_is_void_are_not_told(family: str) -> None:
    one = heart()
    one.begin()
    one.put(service("a", 10, family))
    one.settle(0.0)
    one.drop(Key("Service", "d", "a"))
    assert one.settle(0.0) == [] and one.ordering.take(0.0) is None


@FAMILIES
def test_a_pool_that_was_never_readable_takes_nothing_away(family: str) -> None:
    one = Heart(None, 0.0)
    one.put(pool(**{"baremetal.dualstack/use-edges": "perhaps"}))
    one.begin()
    one.put(service("a", 10, family, FIRST[family]))
    assert writes(one) == []
    assert [finding.path for finding in one.findings()] != []


@FAMILIES
def test_a_service_that_cannot_be_read_is_no_matter_of_the_configuration(family: str) -> None:
    one = heart()
    one.begin()
    given = service("a", 10, family)
    given["metadata"]["annotations"]["metallb.io/loadBalancerIPs"] = "no-address"
    one.put(given)
    one.settle(0.0)
    assert one.findings() == []
    assert "no-address" in one.waiting()["d/a"]
    assert [finding.id for finding in one.findings_of_services()["d/a"]] != []


@FAMILIES
def test_an_annotation_that_is_passed_over_is_told_once(family: str) -> None:
    one = heart()
    one.begin()
    for version in (10, 11):
        given = service("a", version, family)
        given["metadata"]["annotations"]["baremetal.dualstack/ip-mode"] = "Proxi"
        one.put(given)
        told = [news.event for news in one.settle(0.0)]
        assert [event.reason for event in told] == ["InvalidAnnotation"][: 11 - version]


def merge(document: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(document) if isinstance(document, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge(result.get(name), value)
    return result


@FAMILIES
def test_the_patch_of_a_service_and_its_clearing(family: str) -> None:
    one = heart()
    one.begin()
    before = service("a", 10, family)
    before["metadata"]["annotations"] = {OLD_NOTE: "old", "mine": "stays"}
    one.put(before)
    (write,) = writes(one)
    patch = service_patch(write.target, 10)
    assert patch["metadata"]["resourceVersion"] == "10"
    merged = merge(before, patch)
    assert merged["metadata"]["annotations"] == {NOTE: "one", "mine": "stays"}
    assert merged["status"] == {"loadBalancer": {"ingress": [{"ip": FIRST[family], "ipMode": "VIP"}]}}
    cleared = merge(merged, service_patch(write.target._replace(addresses=(), note=""), 10))
    assert cleared["metadata"]["annotations"] == {"mine": "stays"} and cleared["status"] == {"loadBalancer": {}}
    assert service_path("d/a", "status") == "/api/v1/namespaces/d/services/a/status"


def test_counters_that_int64_cannot_hold() -> None:
    one = Heart(None, 0.0)
    given = pool()
    given["spec"]["addresses"] = ["192.0.2.0/24", "2001:db8::/32"]
    one.put(given)
    one.begin()
    one.settle(0.0)
    status = pool_status(one.counts()["one"])
    assert status == {"assignedIPv4": 0, "availableIPv4": 254, "assignedIPv6": 0, "availableIPv6": 2**63 - 1}
    assert one.counts()["one"]["ipv6"].available == 2**96 - 1


@FAMILIES
def test_a_status_that_somebody_else_wrote_is_told_and_our_own_is_not(family: str) -> None:
    """MetalLB: two controllers of one class write in turns and neither says so."""
    strange = {"ipv4": "198.51.100.9", "ipv6": "2001:db8:9::9"}[family]
    one = heart()
    one.begin()
    one.put(service("a", 1, family))
    (write,) = writes(one)
    assert one.put(service("a", 2, family, FIRST[family])), "the watch is faster than the answer"
    one.written(write, service("a", 2, family, FIRST[family]))
    assert not [news for news in one.settle(1.0) if news.event.reason == OVERWRITTEN] and one.others(1.0) == []
    for version, held in ((3, (strange,)), (5, ())):
        one.put(service("a", version, family, *held))
        (news,) = [news for news in one.settle(10.0) if news.event.reason == OVERWRITTEN]
        assert (news.key, news.event.type) == ("d/a", "Warning")
        assert f"{strange if held else 'nothing'} in place of {FIRST[family]}" in news.event.message
        (again,) = writes(one)
        one.written(again, service("a", version + 1, family, FIRST[family]))
        assert not [news for news in one.settle(11.0) if news.event.reason == OVERWRITTEN]
    (text,) = one.others(10.0 + OTHERS_FOR - 1)
    assert text.startswith("Service d/a: nothing in place of")
    assert one.others(10.0 + OTHERS_FOR) == []
    one.end()
    assert one.others(10.0) == []


@FAMILIES
def test_an_address_that_an_unreadable_service_was_about_to_give_away_is_not_given(family: str) -> None:
    """A soak run found it: what it was to have was never written, and its status still holds the address."""
    wanted = {"ipv4": "192.0.2.9", "ipv6": "2001:db8::9"}[family]
    one = heart()
    one.begin()

    def put(name: str, version: int, asks: str, *held: str, kind: str = "Cluster") -> None:
        given = service(name, version, family, *held)
        given["metadata"]["annotations"]["metallb.io/loadBalancerIPs"] = asks
        given["spec"]["externalTrafficPolicy"] = kind
        one.put(given)

    put("a", 1, FIRST[family], FIRST[family])
    assert writes(one) == []
    put("a", 2, wanted, FIRST[family])
    put("b", 3, FIRST[family])
    (first,) = writes(one)
    assert (first.key, first.target.addresses) == ("d/a", (wanted,)), "b waits until a has given it up"
    one.ordering.refused(first, None)
    put("a", 4, "no address", FIRST[family])
    assert writes(one) == [], "a can't be read any more, and keeps its address in its status"
    put("a", 5, wanted, FIRST[family])
    (again,) = writes(one)
    one.written(again, service("a", 6, family, wanted))
    (last,) = writes(one)
    assert (last.key, last.target.addresses) == ("d/b", (FIRST[family],))
