# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conditions, result and times of ConfigurationState."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dualstack.findings import ERROR, WARNING, Finding
from dualstack_speaker.reporting import conditions
from dualstack_speaker.reporting.conditions import Condition, alone, of_wire, same, status_of, summary, validity

# metav1.Condition, as the API server checks them
TYPE = (
    r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"
)
REASON = r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"
WALL = 1_700_000_000.0


def finding(severity: str = ERROR, number: int = 1) -> Finding:
    return Finding("asn", severity, f"BGPPeer tor{number}: spec.peerASN", "0", "is no ASN", "Write 1 to 4294967295.")


def session(state: str = "Established", **more: Any) -> dict[str, Any]:
    return {
        "name": "tor1-ipv6", "state": state, "address": "2001:db8::1", "interface": None, "families": ["ipv6"],
        "last_error": None, **more,
    }  # fmt: skip


def status(
    *sessions: dict[str, Any], connected: bool = True, drain: str = "off", disputes: tuple[str, ...] = ()
) -> dict[str, Any]:
    wire = {"connected": connected, "error": "" if connected else "not there", "drain": drain}
    return {"wire": wire, "sessions": list(sessions), "disputes": list(disputes)}


def test_results_and_reasons_are_those_of_metallb() -> None:
    """MetalLB 1.7: Unknown without conditions, Invalid where one is False for ConfigurationError, else Valid."""
    assert summary([]) == ("Unknown", "")
    good = validity("poolReconcilerValid", [])
    assert good == Condition("poolReconcilerValid", "True", "Reconciled", "")
    assert summary([good]) == ("Valid", "")
    bad = validity("configReconcilerValid", [finding(), finding(WARNING, 2)])
    assert (bad.status, bad.reason) == ("False", "ConfigurationError")
    assert "tor1" in bad.message and "Write 1 to" in bad.message and "tor2" not in bad.message
    assert summary([good, bad]) == ("Invalid", bad.message)
    assert validity("configReconcilerValid", [], loaded=False).reason == "UnknownError"
    unread = validity("configReconcilerValid", [finding()], loaded=False)
    assert (unread.status, unread.reason) == ("Unknown", "UnknownError") and "tor1" in unread.message


def test_a_warning_is_told_and_does_not_make_it_invalid() -> None:
    found = validity("configReconcilerValid", [finding(WARNING)])
    assert found.status == "True" and "tor1" in found.message


@pytest.mark.parametrize("state", ["Idle", "Connect", "Active", "OpenSent", "OpenConfirm"])
def test_a_session_that_is_down_is_told_and_does_not_make_the_result_invalid(state: str) -> None:
    found = of_wire(status(session(state, last_error="hold timer", peer_error="Cease"), session()))
    assert [entry.status for entry in found] == ["True", "False", "True"]
    assert found[1].reason == state and "hold timer; Cease" in found[1].message
    assert summary(found) == ("Valid", "")


def test_wire_and_drain_are_conditions_too() -> None:
    assert of_wire(status(connected=False)) == [Condition(conditions.WIRE, "False", "NotConnected", "not there")]
    assert [entry.reason for entry in of_wire(status(drain="withdrawn"))] == ["Connected", "Withdrawn"]


def test_the_api_server_takes_types_and_reasons() -> None:
    found = [*of_wire(status(session("Idle"), drain="told")), validity("configReconcilerValid", [finding()] * 50)]
    for entry in found:
        assert re.match(TYPE, entry.type) and re.match(REASON, entry.reason) and len(entry.message) < 32768, entry


def test_many_findings_are_cut_and_counted() -> None:
    message = validity("poolReconcilerValid", [finding(number=number) for number in range(30)]).message
    assert message.count("\n") == 20 and message.endswith("and 10 more; the log has them all")


def test_the_time_of_a_condition_changes_with_its_status_only() -> None:
    """Kubernetes API conventions; MetalLB 1.7: the time of the last reconcile."""
    before = status_of([validity("poolReconcilerValid", [finding()])], {}, WALL)
    text = status_of([validity("poolReconcilerValid", [finding(number=2)])], before, WALL + 60)
    assert not same(before, text)
    assert text["conditions"][0]["lastTransitionTime"] == before["conditions"][0]["lastTransitionTime"]
    good = status_of([validity("poolReconcilerValid", [])], before, WALL + 60)
    assert good["conditions"][0]["lastTransitionTime"] == "2023-11-14T22:14:20Z"
    assert "errorSummary" not in good and good["result"] == "Valid"


def test_what_differs_in_times_or_order_only_is_the_same() -> None:
    rows = [validity("poolReconcilerValid", []), validity("configReconcilerValid", [])]
    first, second = status_of(rows, {}, WALL), status_of(rows[::-1], {}, WALL + 1)
    assert same(first, second) and not same(first, {})


def test_a_vip_that_another_host_claims_and_another_controller_are_conditions() -> None:
    assert all(entry.type != conditions.CONFLICT for entry in of_wire(status()))
    told = [f"{vip}: also at 02:00:00:00:00:01 on eth0" for vip in ("192.0.2.1", "2001:db8::1")]
    (found,) = [entry for entry in of_wire(status(disputes=tuple(told))) if entry.type == conditions.CONFLICT]
    assert (found.status, found.reason, found.message) == ("True", "AnotherOwner", "\n".join(told))
    assert summary([found])[0] == "Valid", "no mistake of the configuration"
    assert (alone([]).status, alone(["Service d/a: x"]).status) == ("True", "False")
    assert summary([alone(["Service d/a: x"])])[0] == "Valid"
    for entry in (found, alone([]), alone(["x"])):
        assert re.fullmatch(TYPE, entry.type) and re.fullmatch(REASON, entry.reason)
