# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status: decision and wire's report merged, as data, as text and as metrics."""

from __future__ import annotations

from typing import Any

import pytest

from dualstack.announcing.decide import Announcement
from dualstack.findings import ERROR, WARNING, Finding
from dualstack_speaker.observe.metrics import render as render_metrics
from dualstack_speaker.speaker.delta import EMPTY
from dualstack_speaker.speaker.metrics import Counts, collect
from dualstack_speaker.speaker.tables import render
from dualstack_speaker.speaker.view import TEXTS, healthy, merge

VIP = {"ipv4": "192.0.2.1", "ipv6": "2001:db8::1"}
PREFIX = {"ipv4": "192.0.2.1/32", "ipv6": "2001:db8::1/128"}
ADDRESS = {"ipv4": "10.0.1.1", "ipv6": "2001:db8:dc:1::1"}
both = pytest.mark.parametrize("family", ["ipv4", "ipv6"])


def announcement(family: str, mode: str | None = "bgp", reason: str = "") -> Announcement:
    paths = [{"peers": [f"tor1-{family}"], "communities": [], "large_communities": [], "local_preference": None}]
    routes = ((PREFIX[family], paths),) if mode == "bgp" and not reason else ()
    return Announcement(VIP[family], family, "default/shop", mode, "node1", routes, (), reason)


def session(family: str, state: str = "Established") -> dict[str, Any]:
    return {
        "state": state,
        "address": ADDRESS[family],
        "peer_asn": 64500,
        "transport": family,
        "families": [family],
        "established_s": 12.5 if state == "Established" else None,
        "flaps": 1,
        "announced": {"ipv4": 1 if family == "ipv4" else 0, "ipv6": 1 if family == "ipv6" else 0},
        "last_error": "" if state == "Established" else "cannot connect",
        "bfd": {"state": "Up", "received": 7, "sent": 8, "ups": 2, "downs": 1} if family == "ipv6" else None,
    }


def wire(*families: str, state: str = "Established", layer2: Any = None) -> dict[str, Any]:
    sessions = {f"tor1-{family}": session(family, state) for family in families}
    return {"synced": True, "sessions": sessions, "layer2": layer2 or {}}


def acknowledged(family: str) -> Any:
    entry = announcement(family)
    return {"peers": {}, "routes": dict(entry.routes), "layer2": {VIP[family]: {"interfaces": []}}}


@both
def test_an_announced_vip_names_its_established_sessions(family: str) -> None:
    status = merge("node1", [announcement(family)], [], acknowledged(family), wire("ipv4", "ipv6"), "")
    (vip,) = status["vips"]
    assert vip == {
        "vip": VIP[family],
        "family": family,
        "service": "default/shop",
        "mode": "bgp",
        "announcer": "node1",
        "announcing": True,
        "peers": [f"tor1-{family}"],
        "interfaces": [],
        "conflicts": [],
        "reason": "",
    }
    assert [entry["name"] for entry in status["sessions"]] == ["tor1-ipv4", "tor1-ipv6"]
    assert status["wire"] == {"connected": True, "error": "", "drain": "off"}
    assert healthy(status)


@both
@pytest.mark.parametrize(
    ("drain", "reason", "words"),
    [("told", "", "wire connected, about to be out of service"), ("withdrawn", "drained", "wire connected, out of")],
)
def test_a_node_that_is_taken_out_of_service_says_so(drain: str, reason: str, words: str, family: str) -> None:
    """Layer 2 goes on: only BGP is withdrawn."""
    layer2 = {VIP[family]: {"interfaces": {"eth1": "02:00:00:00:00:01"}, "replies": 0, "gratuitous": 0}}
    seen = {**wire(family, layer2=layer2), "drain": drain}
    entries = [announcement(family), announcement(family, "layer2")]
    status = merge("node1", entries, [], acknowledged(family), seen, "")
    assert [vip["reason"] for vip in status["vips"]] == [reason, ""]
    assert words in render(status)


@both
@pytest.mark.parametrize(
    ("state", "known", "reason"),
    [("Established", False, "notSentYet"), ("Active", True, "noEstablishedSession"), (None, True, "wireNotConnected")],
)
def test_why_a_vip_is_not_announced_yet(family: str, state: str | None, known: bool, reason: str) -> None:
    report = None if state is None else wire(family, state=state)
    status = merge("node1", [announcement(family)], [], acknowledged(family) if known else EMPTY, report, "")
    assert (status["vips"][0]["announcing"], status["vips"][0]["reason"]) == (False, reason)
    assert status["vips"][0]["peers"] == []
    assert healthy(status) == (state == "Established")


@both
def test_layer_2_names_the_interfaces_that_answer(family: str) -> None:
    answering = {VIP[family]: {"interfaces": {"eth1": "02:00:00:00:00:01"}, "replies": 3, "gratuitous": 2}}
    entry = announcement(family, "layer2")
    status = merge("node1", [entry], [], acknowledged(family), wire(layer2=answering), "")
    assert status["vips"][0]["interfaces"] == [{"name": "eth1", "mac": "02:00:00:00:00:01"}]
    assert status["vips"][0]["announcing"]
    for known, reason in ((acknowledged(family), "noInterface"), (EMPTY, "notSentYet")):
        status = merge("node1", [entry], [], known, wire(), "")
        assert status["vips"][0]["reason"] == reason


@both
@pytest.mark.parametrize(
    ("owner", "reason", "words"),
    [("node1", "", "announced"), ("node2", "notOwner", "another node"), (None, "nobodyAnswers", "is alive and has")],
)
def test_the_announcer_of_layer_2_is_who_wire_says(family: str, owner: str | None, reason: str, words: str) -> None:
    """Who may answer is decided here, who does by wire, which alone must be alive for it."""
    entry = announcement(family, "layer2")._replace(announcer="node3", candidates=(("node3", ()), ("node1", ())))
    interfaces = {"eth1": "02:00:00:00:00:01"} if owner == "node1" else {}
    answering = {VIP[family]: {"interfaces": interfaces, "owner": owner, "replies": 0, "gratuitous": 0}}
    status = merge("node1", [entry], [], acknowledged(family), wire(layer2=answering), "")
    (vip,) = status["vips"]
    assert (vip["announcer"], vip["reason"], vip["announcing"]) == (owner, reason, not reason)
    assert words in render(status)


@both
def test_another_owner_of_an_address_is_named(family: str) -> None:
    conflicts = {
        "eth1": {"macs": ["02:00:00:00:00:ee", "02:00:00:00:00:ef"], "total": 2},
        "eth2": {"macs": [], "total": 1},
    }
    answering = {"interfaces": {"eth1": "02:00:00:00:00:01"}, "requests": 4, "replies": 3, "gratuitous": 2}
    seen = wire(layer2={VIP[family]: {**answering, "conflicts": conflicts}})
    seen["layer2_interfaces"] = {
        "eth0": {"mac": "02:00:00:00:00:02", "state": "down", "addresses": 0, "drops": {}},
        "eth1": {"mac": "02:00:00:00:00:01", "state": "answering", "addresses": 1, "drops": {"hop limit": 7}},
    }
    status = merge("node1", [announcement(family, "layer2")], [], acknowledged(family), seen, "")
    assert status["vips"][0]["conflicts"] == [
        {"interface": "eth1", "mac": "02:00:00:00:00:ee"},
        {"interface": "eth1", "mac": "02:00:00:00:00:ef"},
    ]
    assert not healthy(status)
    text = render(status)
    assert "conflict  eth1 02:00:00:00:00:01; also at 02:00:00:00:00:ee on eth1, 02:00:00:00:00:ef on eth1\n" in text
    assert [line.split() for line in text.splitlines()[-2:]] == [
        ["eth0", "02:00:00:00:00:02", "down", "0", "-"],
        ["eth1", "02:00:00:00:00:01", "answering", "1", "hop", "limit", "7"],
    ]
    lines = render_metrics(collect(status, seen, Counts(True), {})).splitlines()
    labels = f'ip="{VIP[family]}",family="{family}"'
    for line in (
        f"metallb_layer2_requests_received{{{labels}}} 4",
        f'dualstack_layer2_conflicts_total{{{labels},interface="eth1"}} 2',
        f'dualstack_layer2_conflicts_total{{{labels},interface="eth2"}} 1',
        f'dualstack_layer2_conflict{{{labels},interface="eth1",mac="02:00:00:00:00:ef"}} 1',
        'dualstack_layer2_dropped_total{interface="eth1",reason="hop limit"} 7',
    ):
        assert line in lines
    assert len([line for line in lines if line.startswith("dualstack_layer2_conflict{")]) == 2


def test_other_nodes_are_shown_and_heartbeats_that_do_not_work_are_no_health() -> None:
    seen = wire("ipv4")
    seen["nodes"] = {"node2": {"state": "alive", "heard_s": 0.1, "interfaces": ["eth1"], "hears_us": False}}
    seen["heartbeat"] = {"port": 7947, "error": "", "refused": {}}
    status = merge("node1", [], [], EMPTY, seen, "")
    assert healthy(status) and status["nodes"][0]["name"] == "node2"
    assert ["node2", "alive", "0s", "no", "eth1"] in [line.split() for line in render(status).splitlines()]
    seen["heartbeat"]["error"] = "the port is taken"
    status = merge("node1", [], [], EMPTY, seen, "")
    assert not healthy(status) and "heartbeats: the port is taken" in render(status)


@both
def test_the_decisions_reason_stays(family: str) -> None:
    entry = announcement(family, "layer2", "notOwner")
    status = merge("node1", [entry], [], EMPTY, None, "")
    assert status["vips"][0]["reason"] == "notOwner"


@pytest.mark.parametrize(("severity", "config"), [(ERROR, "invalid"), (WARNING, "valid")])
def test_findings(severity: str, config: str) -> None:
    finding = Finding("id", severity, "BGPPeer x: spec.y", "", "is bad", "Do better.")
    status = merge("node1", [], [finding], EMPTY, wire(), "")
    assert status["speaker"]["config"] == config
    assert (status["speaker"]["errors"] or status["speaker"]["warnings"]) == [str(finding)]
    assert healthy(status) == (config == "valid")


def test_text() -> None:
    entries = [announcement("ipv6"), announcement("ipv4"), announcement("ipv4", "layer2", "notOwner")]
    report = wire("ipv4")
    report["sessions"]["tor1-ipv6"] = session("ipv6", "Active")
    known = {"peers": {}, "routes": {**acknowledged("ipv4")["routes"], **acknowledged("ipv6")["routes"]}, "layer2": {}}
    finding = Finding("id", ERROR, "BGPPeer x", "", "is bad", "Do better.")
    lines = render(merge("node1", entries, [finding], known, report, "")).splitlines()
    assert lines[0] == "node node1: configuration invalid, wire connected"
    assert "BGPPeer x: is bad. Do better." in lines[1]
    assert lines[4].split() == ["tor1-ipv4", "ipv4", "10.0.1.1", "64500", "Established", "-", "12s", "1", "-", "1", "-"]
    assert lines[5].split()[4:7] == ["Active", "Up", "-"]
    assert "cannot connect" in lines[5]
    vips = lines[8:]
    assert [line.split()[1] for line in vips] == ["ipv4", "ipv4", "ipv6"]
    assert vips[0].endswith("announced  tor1-ipv4")
    assert vips[1].endswith(TEXTS["notOwner"])
    assert vips[2].endswith(TEXTS["noEstablishedSession"])


def test_metrics_of_both_families() -> None:
    known = {"peers": {}, "routes": {**acknowledged("ipv4")["routes"], **acknowledged("ipv6")["routes"]}, "layer2": {}}
    answering = {VIP["ipv6"]: {"interfaces": {}, "replies": 3, "gratuitous": 2}}
    report = wire("ipv4", "ipv6", layer2=answering)
    status = merge("node1", [announcement("ipv4"), announcement("ipv6")], [], known, report, "")
    lines = render_metrics(collect(status, report, Counts(True), {"tor1-ipv6": 1179})).splitlines()
    common = 'service="default/shop",protocol="bgp",node="node1"'
    for line in (
        f'metallb_speaker_announced{{{common},ip="192.0.2.1",family="ipv4"}} 1',
        f'metallb_speaker_announced{{{common},ip="2001:db8::1",family="ipv6"}} 1',
        'metallb_bgp_session_up{peer="10.0.1.1:179",family="ipv4"} 1',
        'metallb_bgp_session_up{peer="[2001:db8:dc:1::1]:1179",family="ipv6"} 1',
        'metallb_bgp_announced_prefixes_total{peer="[2001:db8:dc:1::1]:1179",family="ipv6"} 1',
        'metallb_layer2_responses_sent{ip="2001:db8::1",family="ipv6"} 3',
        'metallb_layer2_gratuitous_sent{ip="2001:db8::1",family="ipv6"} 2',
        'metallb_bfd_session_up{peer="2001:db8:dc:1::1",family="ipv6"} 1',
        'metallb_bfd_control_packet_input{peer="2001:db8:dc:1::1",family="ipv6"} 7',
        'metallb_bfd_control_packet_output{peer="2001:db8:dc:1::1",family="ipv6"} 8',
        'metallb_bfd_session_up_events{peer="2001:db8:dc:1::1",family="ipv6"} 2',
        'metallb_bfd_session_down_events{peer="2001:db8:dc:1::1",family="ipv6"} 1',
        "metallb_k8s_client_config_loaded_bool 1",
        "metallb_k8s_client_config_stale_bool 0",
        "dualstack_speaker_wire_connected_bool 1",
    ):
        assert line in lines
    assert not [line for line in lines if line.startswith("metallb_bfd") and "10.0.1.1" in line]


def test_the_counts_of_updates_are_metallbs() -> None:
    """MetalLB 7: reconciles, and those that failed."""
    status = merge("node1", [], [], EMPTY, wire("ipv4"), "")
    lines = render_metrics(collect(status, None, Counts(True, 7, 2, {"events": 3}), {})).splitlines()
    assert "metallb_k8s_client_updates_total 7" in lines and "metallb_k8s_client_update_errors_total 2" in lines
    assert 'dualstack_reports_total{kind="events"} 3' in lines


@pytest.mark.parametrize(
    ("address", "interface", "shown", "label"),
    [
        (None, "eth1", "%eth1", "eth1"),
        ("fe80::1", "eth1", "fe80::1%eth1", "eth1"),
        ("2001:db8:dc:1::1", "eth1", "2001:db8:dc:1::1", "[2001:db8:dc:1::1]:179"),
        ("10.0.1.1", None, "10.0.1.1", "10.0.1.1:179"),
    ],
)
def test_a_peer_behind_an_interface_is_named_by_it(
    address: str | None, interface: str | None, shown: str, label: str
) -> None:
    told = wire("ipv6")
    told["sessions"]["tor1-ipv6"].update(address=address, interface=interface)
    status = merge("node1", [announcement("ipv6")], [], acknowledged("ipv6"), told, "")
    assert f" {shown} " in render(status)
    text = render_metrics(collect(status, told, Counts(True), {}))
    assert f'metallb_bgp_session_up{{peer="{label}",family="ipv6"}} 1' in text


MESSAGES = {
    "sent": {"open": 1, "update": 2, "notification": 3, "keepalive": 4, "route_refresh": 5},
    "received": {"open": 6, "update": 7, "notification": 8, "keepalive": 9, "route_refresh": 10},
}


@both
def test_messages_prefixes_and_the_listener_are_counted(family: str) -> None:
    told = wire(family)
    told["sessions"][f"tor1-{family}"].update(messages=MESSAGES, wanted={"ipv4": 11, "ipv6": 11})
    told["listening"] = {"port": 179, "errors": {"ipv6": "port 179 (ipv6): address already in use"}, "refused": 12}
    status = merge("node1", [announcement(family)], [], acknowledged(family), told, "")
    lines = render_metrics(collect(status, told, Counts(True), {})).splitlines()
    peer = {"ipv4": "10.0.1.1:179", "ipv6": "[2001:db8:dc:1::1]:179"}[family]
    for line in (
        f'metallb_bgp_pending_prefixes_total{{peer="{peer}",family="{family}"}} 11',
        f'metallb_bgp_opens_sent{{peer="{peer}"}} 1',
        f'metallb_bgp_updates_total{{peer="{peer}"}} 2',
        f'metallb_bgp_notifications_sent{{peer="{peer}"}} 3',
        f'metallb_bgp_keepalives_sent{{peer="{peer}"}} 4',
        f'metallb_bgp_route_refresh_sent{{peer="{peer}"}} 5',
        f'metallb_bgp_opens_received{{peer="{peer}"}} 6',
        f'metallb_bgp_updates_total_received{{peer="{peer}"}} 7',
        f'metallb_bgp_keepalives_received{{peer="{peer}"}} 9',
        f'metallb_bgp_total_sent{{peer="{peer}"}} 15',
        f'metallb_bgp_total_received{{peer="{peer}"}} 40',
        'dualstack_bgp_listening_bool{family="ipv4"} 1',
        'dualstack_bgp_listening_bool{family="ipv6"} 0',
        "dualstack_bgp_connections_refused_total 12",
    ):
        assert line in lines


@pytest.mark.parametrize(
    ("state", "ours", "theirs", "shown"),
    [
        ("Idle", "no answer", "", "no answer"),
        ("Idle", "peer said no", "peer said no", "peer said no"),
        ("Connect", "no answer", "peer said no", "no answer (the peer, 1m ago: peer said no)"),
        ("Established", "", "peer said no", "-"),
    ],
)
def test_the_last_error_of_both_sides_is_shown(state: str, ours: str, theirs: str, shown: str) -> None:
    told = wire("ipv4", state=state)
    told["sessions"]["tor1-ipv4"].update(last_error=ours, peer_error=theirs, peer_error_s=61.0)
    status = merge("node1", [announcement("ipv4")], [], acknowledged("ipv4"), told, "")
    row = next(line for line in render(status).splitlines() if line.startswith("tor1-ipv4"))
    assert row.endswith(f"  {shown}")
