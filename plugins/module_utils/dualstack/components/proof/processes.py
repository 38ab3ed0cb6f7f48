# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the processes of components have the flags that the plan says, and all control planes the same ones.

Flags are those of running processes, so a manifest that was changed and not taken up is seen as well. What runs inside
one process (k3s, RKE2's server) shows no flags; there the answers of the API are all there is.
"""

from __future__ import annotations

from collections.abc import Mapping

from .. import flags as owned
from ..editing.owned import Owned
from ..telling import PATH, is_open, shown
from .case import Case, canonical
from .sheet import Sheet

APISERVER = "kube-apiserver"
MANAGER = "kube-controller-manager"
SCHEDULER = "kube-scheduler"
_RANGE = "service-cluster-ip-range"
_CLUSTER = "cluster-cidr"
_CIDRS = (_RANGE, _CLUSTER, "node-ip", "advertise-address")
_ONE_PROCESS = ("k3s", "rke2", "k0s")
# What may differ between control planes that are told the same: addresses of the host itself, and how much is logged.
_OF_THE_HOST = ("advertise-address", "bind-address", "etcd-servers", "external-hostname", "peer-advertise-ip")
_LOGGED = ("v", "vmodule")
_FIX = (
    "Bring the flag to the plan (`playbooks/site.yml` does, where the plan has cluster.kubernetes), in the static "
    "pod's manifest or the unit and in the ConfigMap kubeadm-config, or else the next upgrade takes it back. What one "
    "control plane alone has: state it in cluster.kubernetes.arguments, or take it away."
)


def flags(case: Case, sheet: Sheet) -> None:
    """Row ``flags`` of each node: of all components there that the plan says something of, and of its like."""
    leaders = case.control_planes()
    for node in case.planned:
        key = ("flags", node, None)
        host = case.host(node)
        if host.get("error"):
            sheet.not_reached(key, "the host does not answer")
            continue
        if _in_one(case, node):
            sheet.not_asked(key, "the components run inside one process, which shows no flags")
            continue
        processes = _processes(case, node)
        wanted = {part: _wanted(case, node, part) for part in _parts(case, node in leaders)}
        wrong = []
        for part, stated in wanted.items():
            if part not in processes:
                wrong.append(f"{part} does not run")
            else:
                wrong += _differences(part, processes[part], stated)
        if node in leaders:
            for part in (APISERVER, MANAGER, SCHEDULER):
                wrong += _alone(case, leaders, node, part)
        expected = [f"{flag}={value}" for said in wanted.values() for flag, value in said.flags.items()]
        sheet.judge(wrong, key, ", ".join(expected) or "the components to run", ", ".join(sorted(processes)), _FIX)


def _parts(case: Case, leader: bool) -> list[str]:
    """The components on a node that the plan says something of."""
    found = ["kubelet", *([APISERVER, MANAGER] if leader else [])]
    if case.kubernetes:
        stated = [name for name, flags in case.kubernetes["arguments"].items() if flags]
        found += [name for name in (SCHEDULER, "etcd") if leader and name in stated]
        found += ["kube-proxy"] if "kube-proxy" in stated and case.kubernetes["proxy"]["mode"] != "none" else []
    return found


def _processes(case: Case, node: str) -> Mapping[str, Mapping[str, str]]:
    found: Mapping[str, Mapping[str, str]] = case.host(node).get("processes") or {}
    return found


def _in_one(case: Case, node: str) -> bool:
    return any(word in str((case.node(node) or {}).get("version")) for word in _ONE_PROCESS)


def _differences(component: str, have: Mapping[str, str], wanted: Owned) -> list[str]:
    """What editing of flags would change; the words of a value that is not told are those of the plan alone."""
    wrong = []
    for stated, value in wanted.flags.items():
        flag = stated.replace("_", "-")
        if flag not in have:
            wrong.append(f"{component} has no --{flag}; it should be {value}")
        elif not is_open(flag) and have[flag] != shown(flag, value):
            wrong.append(f"{component} has another --{flag}; it should be {value}")
        elif is_open(flag) and _plain(flag, have[flag]) != _plain(flag, value):
            wrong.append(f"{component} has --{flag}={have[flag]}; it should be {value}")
    wrong += [f"{component} has --{flag}={have[flag]}; it should have none" for flag in wanted.absent if flag in have]
    gates = owned.stated_gates(have.get(owned.GATES, ""))
    for gate, switch in wanted.gates.items():
        if gates.get(gate) != switch:
            should = "have none" if switch is None else f"be {str(switch).lower()}"
            wrong.append(f"{component} has the feature gate {gate} {_switch(gates.get(gate))}; it should {should}")
    return wrong


def _switch(gate: bool | None) -> str:
    return "not stated" if gate is None else str(gate).lower()


def _plain(flag: str, value: str) -> object:
    return [canonical(part) for part in value.split(",")] if flag in _CIDRS else value


def _wanted(case: Case, node: str, component: str) -> Owned:
    """What the plan says of a component that the collection runs. Of somebody else's: what the plan states of the
    cluster, or else what kubeadm keeps, or else what the first control plane has, as all must be equal."""
    if case.kubernetes:
        return owned.owned(case.plan, node, component)
    kept, found = case.api.get("kubeadm") or {}, {}
    if component in (APISERVER, MANAGER):
        has = _first(case, component, _RANGE)
        if has or component == APISERVER:  # the controller manager works without it
            found[_RANGE] = ",".join(case.stated("services")) or str(kept.get("serviceSubnet") or has)
    if component == MANAGER and _first(case, MANAGER, _CLUSTER):  # else its pod network needs none
        found[_CLUSTER] = ",".join(case.stated("pods")) or str(kept.get("podSubnet") or _first(case, MANAGER, _CLUSTER))
    return Owned({flag: value for flag, value in found.items() if value})


def _first(case: Case, component: str, flag: str) -> str:
    found = (_processes(case, node).get(component) or {} for node in case.planned)
    return next((process[flag] for process in found if flag in process), "")


def _alone(case: Case, leaders: list[str], node: str, component: str) -> list[str]:
    """Flags of a component that nobody planned, and that are otherwise on most control planes of its version.

    Where there are as many of either, those without the flag are right, or else the first.
    """
    version = _version(case, node, component)
    alike = {
        name: _comparable(case, name, component)
        for name in leaders
        if version and component in _processes(case, name) and _version(case, name, component) == version
    }
    if node not in alike:
        return []
    wrong = []
    for flag in sorted({flag for flags in alike.values() for flag in flags}):
        values = [flags.get(flag) for flags in alike.values()]
        usual = max(dict.fromkeys([None, *values]), key=values.count)
        mine = alike[node].get(flag)
        if mine == usual:
            continue
        other = next(name for name, flags in alike.items() if flags.get(flag) == usual)
        if mine is None:
            wrong.append(f"{component} has no --{flag}, and that of {other} has; nobody planned it")
        elif usual is None:
            wrong.append(f"{component} has --{flag}, and that of {other} has not; nobody planned it")
        else:
            wrong.append(f"{component} has another --{flag} than that of {other}; nobody planned it")
    return wrong


def _comparable(case: Case, node: str, component: str) -> dict[str, str]:
    """The flags that must be the same on all control planes, without those that are judged by themselves."""
    wanted = _wanted(case, node, component)
    planned = {flag.replace("_", "-") for flag in (*wanted.flags, *wanted.absent, *_OF_THE_HOST, *_LOGGED)}
    have = _processes(case, node)[component]
    found = {flag: PATH if value.startswith(PATH) else value for flag, value in have.items() if flag not in planned}
    gates = owned.stated_gates(found.pop(owned.GATES, ""))
    foreign = {f"{owned.GATES}={gate}": _switch(on) for gate, on in gates.items() if gate not in wanted.gates}
    return {**found, **foreign}


def _version(case: Case, node: str, component: str) -> str:
    """Of the component's image, or else of the node's kubelet; in an upgrade kubeadm renders flags anew, one by one."""
    for part in case.api.get("controllers") or ():
        if part["component"] == component and part["node"] == node and part.get("version"):
            return str(part["version"])
    return str((case.node(node) or {}).get("version") or "")
