# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``frr_config`` on a router alone: the first time, again, and with everything that a plan can hold."""

from __future__ import annotations

import re
from typing import Any

from interop.router.box import Box
from interop.router.conftest import SECRET, SECRETS, plan_of
from processes import until

from dualstack.render import frr


def bring(box: Box, text: str, **arguments: Any) -> dict[str, Any]:
    return box.module("frr_config", **{"config": text, "secrets": SECRETS, **arguments})


def test_first_time_then_nothing_to_do(box: Box) -> None:
    text = frr.render(plan_of(), "tor1")
    foreseen = bring(box, text, check=True)
    assert foreseen["changed"] and foreseen["restarted"]
    assert " neighbor 10.0.1.11 password @secret:bgp-auth@" in foreseen["commands"]
    assert "bgpd=no" in box.read("/etc/frr/daemons"), "check mode wrote"
    assert "router bgp" not in box.read("/etc/frr/frr.conf"), "check mode wrote"

    done = bring(box, text)
    assert not done.get("failed"), done["msg"]
    assert done["changed"] and done["commands"] == foreseen["commands"] and done["diff"] == foreseen["diff"]
    assert {"bgpd", "bfdd", "zebra"} <= set(box.vty("show daemons").split())
    assert box.stat("/etc/frr/frr.conf") == "640 frr frr"
    assert f"neighbor 10.0.1.11 password {SECRET}" in box.vty("show running-config")

    again = bring(box, text)
    assert not again["changed"] and again["commands"] == [] and again["diff"] == []
    for result in (foreseen, done, again):
        assert SECRET not in result["raw"]
        assert SECRET not in repr(result)


def test_every_rendering_is_in_normal_form(box: Box) -> None:
    """One router of each tier, in four shapes of the fabric; each after a very different one."""

    def borders(data: Any, hosts: Any) -> None:
        hosts["routers"]["br2"]["asn"] = 64511
        data["fabric"]["node_asn"] = 4200000000
        data["fabric"]["sessions"] = "over-ipv6"
        data["pools"].append({"name": "odd", "blocks": ["192.168.7.10-192.168.7.12", "2001:db8:7::a-2001:db8:7::c"]})
        data["advertise"].append({"pools": ["odd"], "bgp": {}})

    def most_paths(data: Any, hosts: Any) -> None:
        data["fabric"]["maximum_paths"] = 256
        data["fabric"]["timers"] = {"keepalive": 60, "hold": 180, "connect": 120}
        data["fabric"]["password"] = None

    def terms(data: Any, hosts: Any) -> None:
        profile = {"receive_interval": 50, "echo": True, "echo_interval": 100, "minimum_ttl": 250}
        data["bfd_profiles"] = {"fast": profile, "plain": {}}
        data["fabric"]["bfd"] = "plain"
        data["fabric"]["peer_groups"] = {
            "up": {
                "bfd": "fast",
                "ttl_security": 1,
                "dynamic_asn": True,
                "graceful_restart": True,
                "sessions": "over-ipv6",
            }
        }
        hosts["routers"]["br1"]["route_reflector"] = True
        unnumbered = {"unnumbered": True, "interfaces": {"br1": "downlink", "tor1": "uplink"}}
        for pair, words in ((["br1", "tor1"], unnumbered), (["br1", "br2"], {})):
            index = data["fabric"]["links"].index(pair)
            data["fabric"]["links"][index] = {"between": pair, "peer_group": "up", **words}

    for change in (None, terms, borders, most_paths):
        plan = plan_of(change)
        for profile in plan["bfd_profiles"].values():
            profile["passive"] = True  # not in an intent, where both ends would wait for each other
        for router in ("isp1", "br1", "tor1"):
            text = frr.render(plan, router)
            done = bring(box, text)
            assert not done.get("failed"), f"{router}: {done['msg']}"
            assert done["changed"], router
            again = bring(box, text)
            assert not again["changed"], f"{router}: {again['commands']}"


def test_a_pool_gets_a_second_length_and_loses_it(box: Box) -> None:
    """The prefix tree of bgpd's route maps follows: what it lacks is refused, whatever the configuration says."""
    for change in (None, _two_lengths, None):
        text = frr.render(plan_of(change), "tor1")
        done = bring(box, text)
        assert done["changed"] and not done.get("failed"), done.get("msg")
        for family in ("ipv4", "ipv6"):
            tree = box.run("vtysh", "-d", "bgpd", "-c", f"show route-map from-node-{family} prefix-table").split()
            listed = re.findall(rf" prefix-list pools-\S*{family} seq \d+ permit (\S+)", text)
            assert listed and set(listed) <= set(tree)
        if change:
            again = bring(box, text)
            assert not again["changed"], again["commands"]


def test_what_frr_refuses_changes_nothing(box: Box) -> None:
    text = frr.render(plan_of(), "tor1")
    assert not bring(box, text).get("failed")
    before = box.vty("show running-config")
    for wrong in ("neighbor 10.0.1.11 remote-as many", f"neighbor 10.0.1.11 passwort {SECRET}"):
        for check in (True, False):
            result = bring(box, text.replace(" no bgp default ipv4-unicast", f" {wrong}"), check=check)
            assert result["failed"] and wrong.split()[-2] in result["msg"]
            assert SECRET not in result["raw"]
    assert box.vty("show running-config") == before
    assert not bring(box, text)["changed"]


def test_a_secret_that_is_missing_or_unusable_is_named(box: Box) -> None:
    text = frr.render(plan_of(), "tor1")
    for secrets in ({}, {"bgp-auth": ""}, {"bgp-auth": "two words"}, {"bgp-auth": "x" * 81}):
        result = bring(box, text, secrets=secrets)
        assert result["failed"] and "'bgp-auth'" in result["msg"]


def test_an_interrupted_run_is_completed(box: Box) -> None:
    """The file is written, the running configuration is the former one."""
    first, second = (frr.render(plan_of(change), "tor1") for change in (None, _more))
    assert not bring(box, first).get("failed")
    box.write("/etc/frr/frr.conf", second.replace("@secret:bgp-auth@", SECRET))
    done = bring(box, second)
    assert done["changed"] and not done.get("failed"), done.get("msg")
    assert "192.168.200.0/24" in box.vty("show running-config")
    assert not bring(box, second)["changed"]


def test_what_somebody_typed_is_taken_back(box: Box) -> None:
    text = frr.render(plan_of(), "tor1")
    assert not bring(box, text).get("failed")
    box.configure("router bgp 64500", "neighbor 10.0.1.99 remote-as 65000", "neighbor 10.0.1.99 password hand-made")
    done = bring(box, text)
    assert done["changed"] and not done.get("failed"), done.get("msg")
    assert any(line.strip() == "no neighbor 10.0.1.99 remote-as 65000" for line in done["commands"])
    assert "hand-made" not in done["raw"]
    assert "10.0.1.99" not in box.vty("show running-config")


def test_daemons_are_switched_with_one_restart(box: Box) -> None:
    text = frr.render(plan_of(), "tor1")
    assert bring(box, text, daemons=["bgpd"])["restarted"]
    assert "bfdd" not in box.vty("show daemons")
    assert bring(box, text, check=True)["restarted"]
    done = bring(box, text)
    assert done["restarted"] and not done.get("failed"), done.get("msg")
    until(lambda: "bfdd" in box.vty("show daemons"), "bfdd")
    assert not bring(box, text)["changed"]


def test_stopped_frr_is_started(box: Box) -> None:
    text = frr.render(plan_of(), "tor1")
    assert not bring(box, text).get("failed")
    box.frr("stop")
    foreseen = bring(box, text, check=True)
    assert foreseen["changed"] and foreseen["restarted"] and foreseen["commands"] == []
    assert not bring(box, text).get("failed")
    assert not bring(box, text)["changed"]


def _two_lengths(data: Any, hosts: Any) -> None:
    """Of the first pool that is advertised."""
    pools = data["advertise"][0]["pools"]
    data["advertise"].append({"pools": pools, "name": "wide", "bgp": {"aggregation": {"ipv4": 25, "ipv6": 65}}})


def _more(data: Any, hosts: Any) -> None:
    data["pools"].append({"name": "more", "blocks": ["192.168.200.0/24", "2001:db8:200::/64"]})
    data["advertise"].append({"pools": ["more"], "bgp": {}})
