# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of packets: between pods, to Services from pods and nodes, to node ports, to DNS and to the outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...addresses.blocks import FAMILY_NAME, family_of, parse, parse_address
from .asking import ALL, NEIGHBOURS
from .case import Case, by_family, canonical
from .sheet import Key, Sheet

_WAYS = ("pod to pod", "pod to service", "node to service", "node port", "dns", "egress")
_FIX = {
    "pod to pod": (
        "Routes to the pod CIDRs of the other node (`ip route get` on both), forwarding, and a firewall that "
        "drops what is "
        "forwarded. Packets between pods keep their addresses: pod CIDRs are not to be masqueraded."
    ),
    "pod to service": "kube-proxy's rules for the address on this node, then the way to the pods behind it.",
    "node to service": (
        "From the node itself: kube-proxy's rules for what the host sends, and a way back from the pods to the "
        "node. A node's "
        "address inside a Service CIDR is dropped by nftables."
    ),
    "node port": (
        "nodePortAddresses of kube-proxy must name addresses of both families or be left out; then the node's firewall."
    ),
    "dns": (
        "CoreDNS answers both records at either address: its pods and their log, the Service kube-dns, and in "
        "the Corefile "
        "the zone of the cluster. A record of a family is there when the Service has an address of it. Pods ask whom "
        "their kubelet names (clusterDNS of its configuration, --cluster-dns before that): addresses of that Service, "
        "or of a cache on the node."
    ),
    "egress": (
        "Private addresses of pods need masquerading in this family (off by default for IPv6 nearly "
        "everywhere), public ones a "
        "route back to the pod CIDRs; and the node a default route."
    ),
}


def check(case: Case, sheet: Sheet) -> None:
    """One row for each way, node and family."""
    for node in case.planned:
        for family in case.node_families(node):
            for way in _WAYS:
                _way(case, sheet, way, node, family)


def _way(case: Case, sheet: Sheet, way: str, node: str, family: str) -> None:
    key: Key = (way, node, family)
    pod, path = case.pod(node), case.path(node)
    if not case.probe:
        sheet.not_asked(key, str(case.api.get("no_probe") or "no pod was made"))
        return
    if case.host(node).get("error"):
        sheet.not_reached(key, "the host does not answer")
        return
    if not pod or not pod.get("running"):
        sheet.not_reached(key, "its pod does not run")
        return
    if path.get("error"):
        sheet.judge([str(path["error"])], key, "probes from the node", "", "See what the module says; run it again.")
        return
    made = [one for one in path.get("probes") or () if one["id"] == way and one["family"] == family]
    if not made:
        _idle(case, sheet, key)
        return
    wrong = [text for one in made for text in _wrong(case, node, one)]
    if way == "dns" and case.host(node).get("resolvers") == []:
        wrong.append("its kubelet gives pods no address of the cluster's DNS")
    seen = ", ".join(dict.fromkeys(_seen(case, node, one) for one in made))
    sheet.judge(wrong, key, _expected(case, way, family), seen, _FIX[way], _after(case, way, node, family, made))


def _idle(case: Case, sheet: Sheet, key: Key) -> None:
    way, node, family = key
    why = {
        "pod to pod": "no pod on another node",
        "dns": "there is no Service of the cluster's DNS",
        "egress": f"the plan has no client with an {FAMILY_NAME[str(family)]} address",
    }
    lacking = way == "pod to pod" and [
        other for other, pod in case.probe["pods"].items() if other != node and pod.get("running")
    ]
    if lacking or way not in why:
        sheet.not_reached(key, f"there is nothing of {FAMILY_NAME[str(family)]} to send to")
    else:
        sheet.not_asked(key, why[way])


def _wrong(case: Case, node: str, probe: Mapping[str, Any]) -> list[str]:
    target = f"{probe.get('to') or probe.get('via') or probe['target']}"
    if not probe["ok"]:
        return [f"{target}{_whose(case, node, probe)}: {probe['detail']}"]
    wrong = []
    if probe.get("to") and probe.get("node") not in (probe["to"], None, ""):
        wrong.append(f"{probe['target']}: {probe['node']} answered, it is an address of {probe['to']}")
    if probe["id"] == "dns":
        have = sorted(canonical(one) for one in probe.get("answers") or ())
        wanted = sorted(by_family(case.probe.get("cluster_ips"))[probe["family"]])
        if have != wanted:
            wrong.append(
                f"{probe['target']} says {probe['record']} {', '.join(have) or 'none'}, it is {', '.join(wanted)}"
            )
    sources = {canonical(one) for one in probe.get("sources") or ()}
    own = set(by_family((case.pod(node) or {}).get("ips"))[probe["family"]])
    if probe["id"] == "pod to pod" and sources - own:
        wrong.append(f"{target} sees {', '.join(sorted(sources - own))} instead of the pod's address")
    masqueraded = _masqueraded(case, probe["family"], probe["target"])
    if probe["id"] == "egress" and masqueraded is not None and bool(sources & own) == masqueraded:
        planned = "masqueraded" if masqueraded else "not masqueraded"
        wrong.append(f"{target} sees {', '.join(sorted(sources))}; the plan says {planned}")
    return wrong


def _whose(case: Case, node: str, probe: Mapping[str, Any]) -> str:
    """Of an address of the cluster's DNS: who says so, where its Service does not."""
    target = canonical(probe["target"])
    if probe["id"] != "dns" or target in map(canonical, (case.api.get("dns") or {}).get("addresses") or ()):
        return ""
    family = family_of(target)
    said = "which its kubelet gives pods and"
    for key, name in ((case.api.get("services") or {}).get(family) or {}).items():
        if key.partition(" ")[0] == target:
            return f", {said} the Service {name} has"
    return f", {said} no Service has"


def _masqueraded(case: Case, family: str, target: str) -> bool | None:
    """Whether the plan says that pods hide behind their node towards a target; None: it does not say."""
    cni = (case.kubernetes or {}).get("cni") or {}
    if cni.get("masquerade") is None or cni.get("plugin") == "other":
        return None
    address = parse_address(target)
    spared = (cni.get("non_masquerade") or {}).get(family) or ()
    return family in cni["masquerade"] and not any(parse(one).contains(address) for one in spared)


def _seen(case: Case, node: str, probe: Mapping[str, Any]) -> str:
    if probe["id"] == "dns":
        return f"{probe['target']}: {probe['record']} {', '.join(probe.get('answers') or ())}"
    if probe["id"] != "egress":
        return str(probe.get("to") or probe.get("via") or probe["target"])
    sources = sorted(canonical(one) for one in probe.get("sources") or ())
    whose = "of the pod" if set(sources) <= set((case.pod(node) or {}).get("ips") or ()) else "of the node or beyond"
    return f"{probe['to']} sees {', '.join(sources)}, {whose}"


def _expected(case: Case, way: str, family: str) -> str:
    name = FAMILY_NAME[family]
    if way == "pod to pod":
        many = len(case.probe.get("pods") or {}) > ALL
        return f"an answer over {name} of the pods on {f'the next {NEIGHBOURS} nodes' if many else 'all other nodes'}"
    return {
        "pod to service": f"an answer of the Service's {name} address to the pod",
        "node to service": f"an answer of the Service's {name} address to the node",
        "node port": f"an answer of the node port at {name} addresses of nodes",
        "dns": f"{'A' if family == 'ipv4' else 'AAAA'} of the Service, its {name} address",
        "egress": f"an answer over {name} from outside the cluster",
    }[way]


def _after(case: Case, way: str, node: str, family: str, made: list[Any]) -> list[Key]:
    """What explains a failure on this way: of the node itself, and of those that it did not get an answer from."""
    behind = [node, *(str(one.get("to") or one.get("via")) for one in made if not one["ok"])]
    keys: list[Key] = [("host settings", name, family) for name in behind]
    keys += [("pod addresses", name, family) for name in behind]
    if way == "egress":
        return [*keys, ("default route", node, family)]
    if way == "pod to pod":
        return keys
    families = [family]
    if way == "dns":  # it travels in the families of the addresses of the cluster's DNS
        families = list(dict.fromkeys(family_of(probe["target"]) for probe in made))
        keys += [("pod to service", node, one) for one in families]
    keys += [("proxy mode", name, None) for name in behind]
    for one in families:
        keys += [("proxy tables", name, one) for name in behind]
        keys += [("endpoint slices", "", one)]
        for name in case.probe.get("pods") or ():  # behind a Service may stand any pod
            keys += [("pod to pod", name, one), ("host settings", name, one)]
    return keys
