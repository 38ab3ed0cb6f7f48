# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API servers make of Services: CIDRs, families, addresses, EndpointSlices, and the Service of the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...addresses.blocks import FAMILY_NAME
from ...evidence.texts import listing
from .case import Case, by_family, canonical
from .nodes import family_name
from .sheet import Sheet

_RANGE = "--service-cluster-ip-range of every kube-apiserver must be the same pair; "


def check(case: Case, sheet: Sheet) -> None:
    """Rows ``service cidrs``, ``service families``, ``ip addresses``, ``default service`` and ``endpoint slices``."""
    for family in case.families:
        _service_cidrs(case, sheet, family)
        _ip_addresses(case, sheet, family)
        _slices(case, sheet, family)
    for address, server in (case.api.get("api_servers") or {}).items():
        _families(case, sheet, address, server)
    _default_service(case, sheet)


def _service_cidrs(case: Case, sheet: Sheet, family: str) -> None:
    key = ("service cidrs", "", family)
    known = case.api.get("service_cidrs")
    if known is None:
        sheet.not_asked(key, "this version has no ServiceCIDR (1.33 and later have)")
        return
    planned = case.cluster["services"].get(family)
    nothing: Mapping[str, Any] = {"cidrs": [], "ready": None}
    default = next((one for one in known if one["name"] == "kubernetes"), nothing)
    have = by_family(default["cidrs"])[family]
    expected = f"the ServiceCIDR kubernetes to have {planned or 'one of ' + FAMILY_NAME[family]}, ready"
    wrong = []
    if not have:
        wrong.append(f"it has {listing(default['cidrs'])}")
    elif planned and canonical(planned) not in have:
        wrong.append(f"it has {', '.join(have)}")
    if have and default["ready"] is False:
        wrong.append(f"it is not ready: {default.get('why') or 'no reason told'}")
    if not have or wrong:  # an event alone is none: a spurious one comes with every change that worked
        wrong += [one["message"] for one in _events(case, "KubernetesDefaultServiceCIDRInconsistent")]
    fix = (
        f"{_RANGE}the object is extended by a second CIDR by itself and never changed otherwise: where it disagrees "
        "with the flags it is to be made anew by hand."
    )
    sheet.judge(wrong, key, expected, ", ".join(have), fix)


def _events(case: Case, reason: str) -> list[Mapping[str, Any]]:
    return [event for event in case.api.get("events") or () if event["reason"] == reason]


def _families(case: Case, sheet: Sheet, address: str, server: Mapping[str, Any]) -> None:
    """What one API server answers when it is asked for a Service of all families, without keeping it."""
    node = next((name for name in case.nodes if address in ((case.node(name) or {}).get("addresses") or ())), address)
    told = server.get("families") or []
    wanted = [FAMILY_NAME[family] for family in case.families]
    for family in case.families:
        key = ("service families", node, family)
        expected = f"a Service of {' and '.join(wanted)}, in this order"
        wrong = []
        if server.get("error"):
            wrong.append(str(server["error"]))
        elif FAMILY_NAME[family] not in told:
            wrong.append(f"it gives {listing(told)}")
        elif [name for name in told if name in wanted] != wanted:
            wrong.append(f"it gives {', '.join(told)}: the first Service CIDR is of another family than planned")
        elif len(told) > len(wanted):
            wrong.append(f"it gives {', '.join(told)}: it has a Service CIDR that the plan has not")
        fix = f"{_RANGE}this one answered otherwise: compare the flags of the kube-apiserver at {address}."
        sheet.judge(wrong, key, expected, ", ".join(told), fix)


def _ip_addresses(case: Case, sheet: Sheet, family: str) -> None:
    key = ("ip addresses", "", family)
    lacking = case.api.get("without_ip_address")
    if lacking is None:
        sheet.not_asked(key, "this version has no IPAddress (1.33 and later have)")
        return
    mine = [one for one in lacking if family_name(one.rpartition(" ")[2]) == FAMILY_NAME[family]]
    wrong = [f"without one: {', '.join(mine[:3])}{' and more' if len(mine) > 3 else ''}"] if mine else []
    expected = f"an IPAddress for each {FAMILY_NAME[family]} address of a Service"
    fix = (
        "kube-apiserver mends them within minutes; if not, see the events IPAddressNotAllocated and "
        "IPAddressWrongReference."
    )
    count = (case.api.get("ip_addresses") or {}).get(family, 0)
    sheet.judge(wrong, key, expected, f"{count} of them", fix)


def _slices(case: Case, sheet: Sheet, family: str) -> None:
    key = ("endpoint slices", "", family)
    if not case.probe:
        sheet.not_asked(key, str(case.api.get("no_probe") or "no pod was made"))
        return
    name = f"{case.probe['namespace']}/{case.probe['service']}"
    have = {canonical(one) for one in (case.probe.get("slices") or {}).get(family) or ()}
    wanted = {
        address: node
        for node, pod in (case.probe.get("pods") or {}).items()
        if pod.get("running")
        for address in by_family(pod.get("ips"))[family]
    }
    lost = sorted(wanted[address] for address in wanted if address not in have)
    wrong = []
    if not have:
        wrong.append(f"{name} has none of {FAMILY_NAME[family]}")
    elif lost:
        wrong.append(f"the pods of {', '.join(lost)} are not in them")
    after = [("pod addresses", node, family) for node in case.planned]
    fix = (
        "kube-controller-manager writes one EndpointSlice per family of the Service, of pods that have that family: is "
        "it up, has the Service both families, do the pods have both addresses?"
    )
    sheet.judge(wrong, key, f"every pod of {name} in them", f"{len(have)} addresses", fix, after)


def _default_service(case: Case, sheet: Sheet) -> None:
    """``default/kubernetes`` has endpoints of one family alone, whatever somebody has made of the Service."""
    found = case.api.get("default_service")
    key = ("default service", "", None)
    if found is None:
        sheet.not_asked(key, "there is no Service default/kubernetes")
        return
    families = found.get("families") or []
    primary = FAMILY_NAME[case.families[0]]
    wrong = [f"it has {', '.join(families)}"] if families != [primary] else []
    fix = (
        "Its endpoints are of one family only; a second address leads nowhere, and nothing repairs it: kubectl patch "
        """service kubernetes --type merge -p '{"spec":{"ipFamilyPolicy":"SingleStack"}}', and leave it out """
        """of bulk changes."""
    )
    sheet.judge(wrong, key, f"default/kubernetes of {primary} alone", ", ".join(families), fix)
