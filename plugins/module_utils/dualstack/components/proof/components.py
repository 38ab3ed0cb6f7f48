# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The components themselves: whether they run and stay up, and whether kubeadm keeps what the plan says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .case import Case, canonical
from .sheet import Sheet

RESTARTS = 3  # so many, the last a short time ago, is a component that can't stay up


def control_plane(case: Case, sheet: Sheet) -> None:
    """Row ``control plane``: every API server says that it is ready, no component is restarted again and again, pod
    CIDRs have not run out, and kubeadm keeps what the plan says."""
    fix = "`kubectl -n kube-system get pods`, and the log of the one that is named; its flags are judged in `flags`."
    for address, server in (case.api.get("api_servers") or {}).items():
        node = next(
            (name for name in case.nodes if address in ((case.node(name) or {}).get("addresses") or ())), address
        )
        wrong = [f"/readyz: {server['readyz']}"] if server.get("readyz") else []
        for part in case.api.get("controllers") or ():
            if part["node"] == node:
                wrong += _trouble(part)
        sheet.judge(wrong, ("control plane", node, None), "all of it ready, nothing restarting", "ready", fix)
    wrong = [f"{event['object']}: {event['message']}" for event in _exhausted(case)]
    look = (
        "Pod CIDRs have run out in one family, which stops both: a wider CIDR of the family that has fewer, "
        "and a restart "
        "of kube-controller-manager, which keeps blocks of the other family that it took in vain."
    )
    kept = case.api.get("kubeadm")
    for name, what in (("serviceSubnet", "services"), ("podSubnet", "pods")):
        stated = case.stated(what)
        if (
            kept
            and stated
            and [canonical(one) for one in str(kept.get(name) or "").split(",")] != [*map(canonical, stated)]
        ):
            wrong.append(f"the ConfigMap kubeadm-config has {name}: {kept.get(name)}; the plan has {','.join(stated)}")
            look = "kubeadm's next upgrade takes the flags from that ConfigMap: bring it to the plan."
    sheet.judge(wrong[:4], ("control plane", "", None), "pod CIDRs left for all nodes", "no CIDRNotAvailable", look)


def _exhausted(case: Case) -> list[Mapping[str, Any]]:
    """Events of Nodes that still have too few CIDRs; events outlive what they tell of."""
    found = []
    for event in case.api.get("events") or ():
        node = event["object"].rpartition("/")[2]
        lacks = len((case.node(node) or {}).get("pod_cidrs") or ()) < len(case.node_families(node))
        if event["reason"] == "CIDRNotAvailable" and case.node(node) is not None and lacks:
            found.append(event)
    return found


def _trouble(part: Mapping[str, Any]) -> list[str]:
    name = part["component"]
    if part.get("why"):
        return [f"{name}: {part['why']}"]
    if not part["ready"]:
        return [f"{name} is not ready"]
    if part["restarts"] >= RESTARTS and part.get("lately"):
        return [f"{name} was restarted {part['restarts']} times, the last time a short while ago"]
    return []
