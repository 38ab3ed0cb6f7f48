# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts: what the kernel must be told for both families, and a default route that stays.

A host that forwards IPv6 ignores Router Advertisements unless accept_ra is 2 (Linux, networking/ip-sysctl); the default
route that came by one then goes when its lifetime ends, half an hour after somebody turned forwarding on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...addresses.blocks import FAMILY_NAME, IPV6
from .case import Case
from .sheet import Sheet

_WANTED = {
    "ipv4": {"net.ipv4.ip_forward": "1"},
    "ipv6": {
        "net.ipv6.conf.all.forwarding": "1",
        "net.ipv6.conf.default.forwarding": "1",
        "net.ipv6.conf.all.disable_ipv6": "0",
    },
}
_BRIDGED = {"ipv4": "net.bridge.bridge-nf-call-iptables", "ipv6": "net.bridge.bridge-nf-call-ip6tables"}


def check(case: Case, sheet: Sheet) -> None:
    """Rows ``host settings`` and ``default route`` of each node and family."""
    for node in case.planned:
        host = case.host(node)
        for family in case.node_families(node):
            if host.get("error"):
                sheet.not_reached(("host settings", node, family), "the host does not answer")
                sheet.not_reached(("default route", node, family), "the host does not answer")
            else:
                _settings(sheet, node, family, host)
                _route(case, sheet, node, family, host)


def _settings(sheet: Sheet, node: str, family: str, host: Mapping[str, Any]) -> None:
    have = host.get("sysctls") or {}
    wanted = dict(_WANTED[family])
    if _BRIDGED[family] in have:  # only where bridges are filtered at all
        wanted[_BRIDGED[family]] = "1"
    wrong = [f"{name} is {have.get(name, 'not there')}" for name, value in wanted.items() if have.get(name) != value]
    for device, value in (host.get("disabled") or {}).items():
        if family == IPV6 and value == "1":
            wrong.append(f"net.ipv6.conf.{device}.disable_ipv6 is 1")
    expected = ", ".join(f"{name}={value}" for name, value in wanted.items())
    fix = (
        "Without them the node forwards no packets of pods in this family: `sysctl -w` now, a file below /etc/sysctl.d "
        "for the next boot; the role host_network does both."
    )
    sheet.judge(wrong, ("host settings", node, family), expected, "as expected", fix)


def _route(case: Case, sheet: Sheet, node: str, family: str, host: Mapping[str, Any]) -> None:
    key = ("default route", node, family)
    routes = host.get("routes") or {}
    mine = routes.get(family) or []
    others = [FAMILY_NAME[other] for other in case.node_families(node) if other != family and routes.get(other)]
    name = FAMILY_NAME[family]
    fix = (
        f"Packets to the outside in {name} have no way: a static route, or Router Advertisements with "
        "accept_ra=2 on the uplink."
    )
    if not mine and not others:
        sheet.not_asked(key, "the host has a default route in no family")
        return
    wrong = [] if mine else [f"there is one of {others[0]} and none of {name}"]
    told = []
    for route in mine:
        device, expires = route.get("dev", ""), route.get("expires")
        told.append(" ".join(filter(None, [route.get("gateway"), device, f"for {expires} s" if expires else ""])))
        mode = (host.get("accept_ra") or {}).get(device)
        if route.get("protocol") == "ra" and mode == "1" and (host.get("sysctls") or {}).get(_FORWARDING) == "1":
            wrong.append(
                f"the route by {device} came by Router Advertisement and goes in {expires or 'some'} s: accept_ra is 1"
            )
            fix = (
                f"sysctl -w net.ipv6.conf.{device}.accept_ra=2, on the uplink only, and in a file below /etc/sysctl.d."
            )
    sheet.judge(wrong, key, f"a default route of {name} that stays", "; ".join(told), fix)


_FORWARDING = "net.ipv6.conf.all.forwarding"
