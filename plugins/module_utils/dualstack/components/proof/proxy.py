# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kube-proxy: that it answers in its mode, and that its rules are there in each family and lead to every Service.

It writes them in ``ip kube-proxy`` and ``ip6 kube-proxy`` (nftables) or in the chains KUBE-SERVICES of the tables nat
and filter (iptables), and starts a family only where the host had it at that moment. Of the mode ipvs no more is asked
than whether there are rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...addresses.blocks import FAMILY_NAME
from ..proxy_entries import sampled
from .case import Case
from .sheet import Sheet

_REPLACED = "kube-proxy is replaced by the pod network"
_TOLD = 3  # of the ports that lead nowhere


def check(case: Case, sheet: Sheet) -> None:
    """Rows ``proxy mode`` of each node and ``proxy tables`` of each node and family."""
    planned = (case.kubernetes or {}).get("proxy") or {}
    configured = (case.api.get("kube_proxy") or {}).get("mode")
    wanted = planned.get("mode") or configured or None
    for node in case.planned:
        host = case.host(node)
        found = host.get("proxy") or {}
        idle = ""
        if planned.get("mode") == "none":
            idle = _REPLACED
        elif not planned and not found.get("mode") and case.api.get("kube_proxy") is None and not found.get("runs"):
            idle = "there is no kube-proxy, nor a ConfigMap of one"
        mode = ("proxy mode", node, None)
        if host.get("error"):
            sheet.not_reached(mode, "the host does not answer")
        elif idle:
            sheet.not_asked(mode, idle)
        else:
            wrong = [str(found.get("error") or "no answer")] if not found.get("mode") else []
            if found.get("mode") and wanted and found["mode"] != wanted:
                wrong.append(f"it works by {found['mode']}")
            fix = (
                "kube-proxy answers at port 10249 of a loopback address, /proxyMode: does its pod run on the node, "
                "what is the last line of its log? A mode that was changed counts from its next start."
            )
            sheet.judge(wrong, mode, f"kube-proxy to answer: {wanted or 'any mode'}", str(found.get("mode")), fix)
        for family in case.node_families(node):
            key = ("proxy tables", node, family)
            tables = found.get("tables") or {}
            if host.get("error"):
                sheet.not_reached(key, "the host does not answer")
            elif idle:
                sheet.not_asked(key, idle)
            elif tables.get(family) is None:
                sheet.not_asked(key, str(found.get("tables_error") or "nobody could list the rules"))
            else:
                _rules(case, sheet, key, found, "ipvs" not in (found.get("mode"), wanted))


def _rules(case: Case, sheet: Sheet, key: tuple[str, str, str], found: Mapping[str, Any], listed: bool) -> None:
    """The rules of a family on a node; ``listed``: they name every port of a Service."""
    family = key[2]
    place, has = str(found["tables"][family]), (found.get("ports") or {}).get(family)
    there = set(has["ports"]) if has else set()
    expected = f"kube-proxy's rules of {FAMILY_NAME[family]}"
    if not place:
        fix = (
            "Services of this family lead nowhere on this node. kube-proxy starts a family only where "
            "the host had it: "
            "see its log for `dual-stack mode`, net.ipv6.conf.all.disable_ipv6, then restart it."
        )
        sheet.judge([f"there are none of {FAMILY_NAME[family]}"], key, expected, "", fix)
        return
    services = (case.api.get("services") or {}).get(family) or {}
    asked = [port for port in services if sampled(port, has["one_of"])] if has and listed else []
    lost = [port for port in asked if port not in there]
    wrong = [f"{port} ({services[port]}) leads nowhere" for port in lost[:_TOLD]]
    if len(lost) > _TOLD:
        wrong.append(f"nor do {len(lost) - _TOLD} more of {len(asked)}")
    if lost and found.get("protocols") is False:
        wrong.append("kube-proxy has no /etc/protocols")
    fix = (
        "kube-proxy has no rule for a port of a Service that is there. See its log for `Sync failed`, and restart it. "
        "Where rules are gone again after a restart, a change of a Node or an hour, nft has no /etc/protocols beside a "
        "kube-proxy of 1.33 or later, which then takes its own entries for leftovers: install the package netbase "
        "there, or put the file into its image, and restart it."
    )
    seen = f"{place}, {len(asked)} ports of Services" if asked else place
    sheet.judge(wrong, key, expected, seen, fix)
