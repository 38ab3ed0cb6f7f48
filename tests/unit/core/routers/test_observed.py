# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions, daemons, names and tables of a router, out of what its programs print."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dualstack.routers import daemons, sessions, tables
from dualstack.routers.delta import Delta
from dualstack.routers.names import named

CONFIG = """router bgp 64500
 neighbor 10.0.1.11 remote-as 64512
 neighbor 2001:db8::11 remote-as 64512
 neighbor swp1 interface remote-as external
 neighbor 10.0.1.12 description not a remote-as line
"""


def summary(**states: str) -> dict[str, dict[str, Any]]:
    names = {
        "v4": ("ipv4Unicast", "10.0.1.11"),
        "v6": ("ipv6Unicast", "2001:db8::11"),
        "gone": ("ipv4Unicast", "10.0.1.99"),
    }
    shown: dict[str, Any] = {}
    for name, state in states.items():
        table, address = names[name]
        shown.setdefault(table, {"peers": {}})["peers"][address] = {"state": state, "remoteAs": 64512}
    return sessions.summary(shown)


@pytest.mark.parametrize(
    ("now", "missing"),
    [
        ({"v4": "Established", "v6": "Established"}, []),
        ({"v4": "Established", "v6": "Active"}, ["2001:db8::11"]),
        ({"v4": "Idle (PfxCt)"}, ["10.0.1.11", "2001:db8::11"]),
        ({}, ["10.0.1.11", "2001:db8::11"]),
    ],
)
def test_sessions_that_were_up_and_are_still_wanted_must_be_up(now: dict[str, str], missing: list[str]) -> None:
    before = sessions.up(summary(v4="Established", v6="Established", gone="Established"))
    assert sessions.lost(before, summary(**now), CONFIG) == missing


def test_a_session_that_was_down_before_may_stay_down() -> None:
    assert sessions.lost(sessions.up(summary(v4="Active")), summary(v4="Active"), CONFIG) == []


def test_a_session_of_both_families_is_one() -> None:
    peer = {"state": "Established", "remoteAs": 1, "peerUptimeMsec": 61000, "connectionsEstablished": 2}
    shown = {
        "ipv4Unicast": {"peers": {"10.0.0.1": peer}},
        "ipv6Unicast": {"peers": {"10.0.0.1": peer}},
        "warning": True,
    }
    found = sessions.summary(shown)
    assert found["10.0.0.1"]["families"] == ["ipv4", "ipv6"]
    assert found["10.0.0.1"]["uptime_s"] == 61 and found["10.0.0.1"]["established"] == 2


def test_a_session_is_known_by_its_interface() -> None:
    peer = {"state": "Established", "remoteAs": 1, "idType": "interface"}
    before = sessions.summary({"ipv4Unicast": {"peers": {"swp1": peer}}, "ipv6Unicast": {"peers": {"swp1": peer}}})
    assert before["swp1"]["families"] == ["ipv4", "ipv6"]
    assert sessions.lost(sessions.up(before), {}, CONFIG) == ["swp1"]
    for version in ("interface remote-as external", "interface v6only remote-as 64500"):
        assert sessions.configured(f"router bgp 1\n neighbor swp1 {version}\n") == {"swp1"}


def test_configured_neighbours() -> None:
    assert sessions.configured(CONFIG) == {"10.0.1.11", "2001:db8::11", "swp1"}


def test_why_a_session_is_down() -> None:
    password = Delta([], ["router bgp 1", " neighbor 10.0.1.11 password ********"])
    said = sessions.why(
        "10.0.1.11", {"bgpState": "Active", "nbrDesc": "node1", "lastResetDueTo": "Hold Timer"}, password
    )
    assert said.startswith("10.0.1.11 (node1): state Active, Hold Timer, its password changed in this run")
    other = Delta(["router bgp 1", " no neighbor 10.0.1.11 timers 3 9"], [])
    assert "changed in this run: no neighbor 10.0.1.11 timers 3 9" in sessions.why("10.0.1.11", {}, other)
    assert sessions.why("10.0.1.11", {}, Delta([], [])) == "10.0.1.11: state unknown"


DAEMONS = '# chosen\nbgpd=no\nospfd=yes\nbfdd=no\nzebra=yes\nvtysh_enable=yes\nbgpd_options="-A 127.0.0.1"\n'


def test_daemons_are_switched_and_the_rest_is_kept() -> None:
    expected = DAEMONS.replace("bgpd=no", "bgpd=yes").replace("ospfd=yes", "ospfd=no").replace("bfdd=no", "bfdd=yes")
    switched = daemons.switch(DAEMONS, ["bgpd", "bfdd"])
    assert switched == expected
    assert daemons.switch(switched, ["bgpd", "bfdd"]) == switched


def test_a_daemon_that_the_file_does_not_name_is_appended() -> None:
    assert daemons.switch("zebra=no", ["bgpd"]) == "zebra=no\nbgpd=yes\n"
    assert daemons.switch("", ["bgpd", "bfdd"]) == "bgpd=yes\nbfdd=yes\n"


@pytest.mark.parametrize(
    ("connected", "restart"),
    [
        (" zebra bgpd watchfrr staticd bfdd\n", False),
        (" mgmtd zebra bgpd watchfrr staticd bfdd\n", False),
        (" zebra watchfrr staticd bfdd\n", True),
        (" zebra bgpd ospfd watchfrr staticd bfdd\n", True),
        ("", True),
    ],
)
def test_only_other_daemons_need_a_restart(connected: str, restart: bool) -> None:
    assert daemons.must_restart(daemons.running(connected), ["bgpd", "bfdd"]) is restart


def test_the_host_s_own_names() -> None:
    text = "! a comment\nfrr defaults traditional\nlog syslog informational\n!\nrouter bgp 1\nexit\n"
    once = named(text, "tor1")
    assert once.splitlines()[1:4] == ["frr defaults traditional", "hostname tor1", "log syslog informational"]
    assert named(once, "tor1") == once
    assert named(once, "other") == once.replace("hostname tor1", "hostname other")
    assert "hostname tor1\ndomainname lab\n" in named(text, "tor1", "lab")
    assert named("", "tor1") == "hostname tor1\n"


def test_documents_one_after_the_other() -> None:
    assert list(tables.documents('{\n}\n{"a": 1}\n\n[]')) == [{}, {"a": 1}, []]
    assert list(tables.documents(" \n")) == []
    with pytest.raises(ValueError, match="Expecting value"):
        list(tables.documents('{"a": 1}\n% Unknown command'))


UNNUMBERED = [{"ip": "fe80::1", "scope": "global"}, {"ip": "fe80::1", "scope": "link-local", "used": True}]

OF_BIRD = [{"ip": "::", "scope": "global", "used": True}, {"ip": "fe80::1", "scope": "link-local"}]


@pytest.mark.parametrize(
    ("prefix", "hops", "shown"),
    [
        ("192.168.100.1/32", [{"ip": "10.0.1.11", "used": True}], "10.0.1.11"),
        (
            "2001:db8:1::1/128",
            [{"ip": "fe80::1", "scope": "link-local", "used": True}, {"ip": "2001:db8::11", "scope": "global"}],
            "2001:db8::11",
        ),
        ("192.168.100.1/32", UNNUMBERED, "fe80::%swp1"),
        ("2001:db8:1::1/128", UNNUMBERED, "fe80::%swp1"),
        ("2001:db8:1::1/128", OF_BIRD, "fe80::%swp1"),
    ],
)
def test_paths_of_a_prefix(prefix: str, hops: list[dict[str, Any]], shown: str) -> None:
    path = {
        "nexthops": hops,
        "community": {"string": "64512:100", "list": ["64512:100"]},
        "largeCommunity": {"list": ["4200000000:0:100"]},
        "locPrf": 200,
        "multipath": True,
        "peer": {"peerId": "10.0.1.11", **({"interface": "swp1"} if hops in (UNNUMBERED, OF_BIRD) else {})},
        "aspath": {"string": "64512"},
    }
    found = tables.bgp([prefix, "192.0.2.1/32"], [{"prefix": prefix, "paths": [path]}, {}])
    assert found == {
        prefix: [
            {
                "next_hop": shown,
                "communities": ["64512:100", "large:4200000000:0:100"],
                "local_preference": 200,
                "best": True,
                "from": "10.0.1.11",
                "as_path": "64512",
            }
        ]
    }


def test_a_link_local_next_hop_of_a_numbered_session_stays() -> None:
    path = {"nexthops": [{"ip": "fe80::1", "scope": "link-local"}], "peer": {"peerId": "2001:db8::11"}}
    assert tables.bgp(["2001:db8:1::1/128"], [{"paths": [path]}])["2001:db8:1::1/128"][0]["next_hop"] == "fe80::1"


def test_a_path_that_is_not_used_is_not_best() -> None:
    unused = {"nexthops": [{"ip": "10.0.1.11"}], "bestpath": {}}
    best = {"nexthops": [{"ip": "10.0.1.12"}], "bestpath": {"overall": True}}
    found = tables.bgp(["192.0.2.1/32"], [{"paths": [unused, best]}])["192.0.2.1/32"]
    assert [path["best"] for path in found] == [False, True]
    assert found[0]["local_preference"] is None and found[0]["communities"] == []


def test_next_hops_of_the_kernel() -> None:
    routes = [
        [{"dst": "a", "nexthops": [{"gateway": "10.0.1.11", "dev": "x"}, {"gateway": "10.0.1.12", "dev": "x"}]}],
        [{"dst": "b", "gateway": "2001:db8::11", "dev": "x"}],
        [{"dst": "c", "via": {"family": "inet6", "host": "fe80::1"}, "dev": "x"}],
        [{"dst": "d", "dev": "rack1"}],
        [{"dst": "e", "type": "blackhole"}],
        [],
        [{"dst": "g", "nexthops": [{"via": {"family": "inet6", "host": "fe80::1"}, "dev": n} for n in ("x", "y")]}],
        [{"dst": "h", "nexthops": [{"gateway": "fe80::1", "dev": "x"}, {"gateway": "fe80::1", "dev": "y"}]}],
        [{"dst": "i", "gateway": "169.254.0.1", "dev": "x", "flags": ["onlink"]}],
    ]
    assert tables.fib(list("abcdefghi"), routes) == {
        "a": ["10.0.1.11", "10.0.1.12"],
        "b": ["2001:db8::11"],
        "c": ["fe80::%x"],
        "d": ["rack1"],
        "e": [],
        "g": ["fe80::%x", "fe80::%y"],
        "h": ["fe80::%x", "fe80::%y"],
        "i": ["fe80::%x"],
    }


def test_neighbour_entries() -> None:
    shown = json.loads(
        '[{"dst":"10.0.1.11","dev":"rack1","lladdr":"02:00:00:00:00:01","state":["REACHABLE"]},'
        '{"dst":"2001:db8::1","dev":"rack1","state":["FAILED"]}]'
    )
    assert tables.neighbours(shown) == {
        "10.0.1.11": {"mac": "02:00:00:00:00:01", "state": "REACHABLE", "interface": "rack1"},
        "2001:db8::1": {"mac": None, "state": "FAILED", "interface": "rack1"},
    }


def test_prefixes_by_family_once_each() -> None:
    assert tables.by_family(["192.0.2.1/32", "2001:db8::1/128", "192.0.2.1/32"]) == {
        "ipv4": ["192.0.2.1/32"],
        "ipv6": ["2001:db8::1/128"],
    }
