# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of a Service: only what is really out, per family and peer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dualstack.announcing.announcements import Announcement
from dualstack_speaker.reporting.ledger import Report
from dualstack_speaker.reporting.told import Told, live, told

VIPS = {"ipv4": "192.0.2.1", "ipv6": "2001:db8::1"}
OTHER = {"ipv4": "ipv6", "ipv6": "ipv4"}


def path(*peers: str) -> list[dict[str, Any]]:
    return [{"peers": list(peers), "communities": [], "large_communities": [], "local_preference": None}]


def by_bgp(family: str, *peers: str, reason: str = "") -> Announcement:
    routes = ((f"{VIPS[family]}/{32 if family == 'ipv4' else 128}", path(*peers)),)
    return Announcement(VIPS[family], family, "default/web", "bgp", "node1", routes, (), reason)


def by_layer2(family: str, *candidates: str, reason: str = "") -> Announcement:
    rows = tuple((name, ()) for name in candidates)
    return Announcement(VIPS[family], family, "default/web", "layer2", rows[0][0], (), (), reason, rows)


def session(*families: str, state: str = "Established", left: int = 0) -> dict[str, Any]:
    return {
        "state": state, "families": list(families), "announced": dict.fromkeys(families, 5),
        "wanted": dict.fromkeys(families, 5 + left),
    }  # fmt: skip


def wire(sessions: dict[str, Any] | None = None, layer2: Any = (), drain: str = "off") -> dict[str, Any]:
    return {"sessions": sessions or {}, "layer2": dict(layer2), "drain": drain}


def look(entries: list[Announcement], seen: Any, before: Report | None = None, taken_over: bool = True) -> Told:
    return told(entries, "node1", taken_over, live(seen), before)


def peers(found: Told) -> tuple[tuple[str, ...], dict[str, list[str]]]:
    assert found.bgp is not None
    return found.bgp.names, json.loads(found.bgp.note)


BOTH = [by_bgp("ipv4", "tor1-ipv4"), by_bgp("ipv6", "tor1-ipv6")]


@pytest.mark.parametrize("family", VIPS)
def test_a_peer_counts_only_for_the_family_that_its_session_carries(family: str) -> None:
    """MetalLB 1.7: an IPv6 prefix counts there as given to an IPv4-only peer."""
    other = OTHER[family]
    up = {f"tor1-{family}": session(family), f"tor1-{other}": session(other, state="Idle")}
    found = look(BOTH, wire(up))
    assert peers(found) == ((f"tor1-{family}",), {family: [f"tor1-{family}"], other: []})
    assert not found.unsure


@pytest.mark.parametrize("family", VIPS)
def test_a_peer_for_both_families_counts_when_it_has_both(family: str) -> None:
    entries = [by_bgp("ipv4", "tor1"), by_bgp("ipv6", "tor1")]
    assert peers(look(entries, wire({"tor1": session("ipv4", "ipv6")})))[0] == ("tor1",)
    half = peers(look(entries, wire({"tor1": session(family)})))
    assert half == ((), {family: ["tor1"], OTHER[family]: []})


def test_intent_is_no_advertisement() -> None:
    """MetalLB 1.7: peers are those that are meant. Here: without a session, without wire and when drained, nobody.

    MetalLB 12.9: status is intent, without families; metrics differ by mode.
    """
    down = wire({"tor1-ipv4": session("ipv4", state="Connect")})
    drained = wire({"tor1-ipv4": session("ipv4"), "tor1-ipv6": session("ipv6")}, drain="withdrawn")
    for seen in (down, drained, None):
        assert peers(look(BOTH, seen)) == ((), {"ipv4": [], "ipv6": []})
    told_only = wire({"tor1-ipv4": session("ipv4"), "tor1-ipv6": session("ipv6")}, drain="told")
    assert peers(look(BOTH, told_only))[0] == ("tor1-ipv4", "tor1-ipv6")


@pytest.mark.parametrize("family", VIPS)
def test_what_is_on_its_way_counts_when_it_was_there_before(family: str) -> None:
    seen = wire({"tor1": session(family, left=1)})
    found = look([by_bgp(family, "tor1")], seen)
    assert peers(found)[0] == () and found.unsure
    before = look([by_bgp(family, "tor1")], wire({"tor1": session(family)})).bgp
    assert peers(look([by_bgp(family, "tor1")], seen, before))[0] == ("tor1",)
    not_taken = look([by_bgp(family, "tor1")], wire({"tor1": session(family)}), taken_over=False)
    assert peers(not_taken)[0] == () and not_taken.unsure


def test_a_service_that_this_node_does_not_announce_has_no_object() -> None:
    found = look([by_bgp("ipv4", "tor1", reason="noEndpoints"), by_layer2("ipv6", "node2", reason="notOwner")], wire())
    assert found == Told(None, None, False, ())
    assert look([], None) == Told(None, None, False, ())


def answers(owner: str | None, *names: str) -> dict[str, Any]:
    return {"interfaces": dict.fromkeys(names, "02:00:00:00:00:01"), "owner": owner}


@pytest.mark.parametrize("family", VIPS)
def test_who_answers_writes_on_which_interfaces(family: str) -> None:
    """MetalLB 1.7: the elected speaker writes; interfaces are empty there when all are allowed, here the real ones."""
    entries = [by_layer2("ipv4", "node1", "node2"), by_layer2("ipv6", "node1", "node2")]
    seen = wire(layer2={VIPS[family]: answers("node1", "eth1", "eth0"), VIPS[OTHER[family]]: answers("node1", "eth0")})
    found = look(entries, seen).layer2
    assert found is not None and found.names == ("eth0", "eth1")
    assert json.loads(found.note) == {family: ["eth0", "eth1"], OTHER[family]: ["eth0"]}
    elsewhere = wire(layer2={vip: answers("node2") for vip in VIPS.values()})
    assert look(entries, elsewhere).layer2 is None


def test_one_node_writes_also_where_the_families_are_at_two() -> None:
    entries = [by_layer2("ipv4", "node1", "node2"), by_layer2("ipv6", "node1", "node2")]
    first = wire(layer2={VIPS["ipv4"]: answers("node1", "eth0"), VIPS["ipv6"]: answers("node2")})
    second = wire(layer2={VIPS["ipv4"]: answers("node2"), VIPS["ipv6"]: answers("node1", "eth0")})
    found = look(entries, first).layer2
    assert found is not None and json.loads(found.note) == {"ipv4": ["eth0"]}
    assert look(entries, second).layer2 is None


@pytest.mark.parametrize("family", VIPS)
@pytest.mark.parametrize(
    ("candidates", "answered", "dark"),
    [
        (("node1", "node2"), answers(None), True),
        (("node1",), answers("node1"), True),
        (("node1",), answers("node1", "eth0"), False),
        (("node2", "node1"), answers(None), False),
        (("node1", "node2"), answers("node2"), False),
    ],
)
def test_the_first_of_the_election_says_that_nobody_answers(
    family: str, candidates: tuple[str, ...], answered: dict[str, Any], dark: bool
) -> None:
    """MetalLB 2, announceFailed: the elected node has none of the interfaces that the advertisement names."""
    seen = wire(layer2={VIPS[family]: answered})
    assert look([by_layer2(family, *candidates)], seen).dark == ((VIPS[family],) if dark else ())
    assert not look([by_layer2(family, *candidates)], seen, taken_over=False).dark


def test_a_wire_that_names_no_owner_is_the_owner_of_what_it_answers() -> None:
    seen = wire(layer2={VIPS["ipv4"]: {"interfaces": {"eth0": "02:00:00:00:00:01"}}})
    found = look([by_layer2("ipv4", "node1")], seen)
    assert found.layer2 is not None and found.layer2.names == ("eth0",) and not found.dark


@pytest.mark.parametrize("family", VIPS)
def test_who_else_claims_a_vip_is_told(family: str) -> None:
    answered = {**answers("node1", "eth0"), "conflicts": {"eth0": {"macs": ["02:00:00:00:00:01"], "total": 1}}}
    found = look([by_layer2(family, "node1")], wire(layer2={VIPS[family]: answered}))
    assert found.disputed == (f"{VIPS[family]}: also at 02:00:00:00:00:01 on eth0",)
