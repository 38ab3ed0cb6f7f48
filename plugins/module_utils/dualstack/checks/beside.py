# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operator states of components beside the plan: their ``arguments`` and fields of their ``configuration``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..components import field_names, field_types, kubelet, proxy
from ..components.flags import GATES, OURS, stated_gates
from ..findings import ERROR, closest
from ..intent.load import Intent
from .rule import Plan, Problem, rule
from .running import Running, running

GATE = "IPv6DualStack"
CLUSTER_CIDR, NODE_CIDR = "ClusterCIDR", "NodeCIDR"
BY_INTERFACE = {"BridgeInterface": "bridgeInterface", "InterfaceNamePrefix": "interfaceNamePrefix"}
INTERFACE_NAME = 16  # IFNAMSIZ, with the zero at the end


@rule("argument-owned", ERROR)
def argument_owned(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The operator's flags are none that follow from the plan.

    Source: a flag has one value; families, CIDRs and addresses are said once, in the cluster and its nodes. The feature
    gate IPv6DualStack is ours too: from 1.25 on no component starts with it.
    """
    for each in running(intent, plan):
        for component, flags in each.stated["arguments"].items():
            path = f"{each.path}.arguments.{component}"
            for name, value in flags.items():
                if name in OURS.get(component, ()):
                    yield Problem(f"{path}.{name}", value, "follows from the plan", "Remove it; state the fact itself.")
                elif name == GATES and GATE in stated_gates(value):
                    reason = f"{GATE} follows from the version; Kubernetes {each.version}: {_gate(each)}"
                    yield Problem(f"{path}.{name}", value, reason, f"Remove {GATE} from it.")


@rule("argument-name", ERROR)
def argument_name(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A flag is named, without dashes before it and without its value, and for a component that reads flags.

    Source: kubeadm: extraArgs, whose names are not empty; kube-proxy is a DaemonSet of kubeadm that reads its
    configuration file alone.
    """
    for each in running(intent, plan):
        for component, flags in each.stated["arguments"].items():
            path = f"{each.path}.arguments.{component}"
            for name, value in flags.items():
                if not re.fullmatch(r"[^\s=]+", name):
                    fix = "Write flag: value, as v: '2'."
                    yield Problem(f"{path}.{name}", value, "is not the name of a flag alone", fix)
                elif name.startswith("-"):
                    fix = f"Write {name.lstrip('-')}."
                    yield Problem(f"{path}.{name}", value, "has dashes before its name", fix)
                elif component == "kube-proxy" and each.by_kubeadm:
                    fix = "State the field under configuration.kube-proxy."
                    yield Problem(f"{path}.{name}", value, "kubeadm gives kube-proxy no flags", fix)


@rule("cloud-provider", ERROR)
def cloud_provider(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """kubelet has no cloud provider on bare metal.

    Source: kubelet: with external each Node keeps the taint node.cloudprovider.kubernetes.io/uninitialized until a
    cloud controller removes it; with any other word it ends: "dual-stack not supported in this configuration".
    """
    for each in running(intent, plan):
        value = each.stated["arguments"]["kubelet"].get("cloud-provider", "")
        if value:
            reason = "no pod is ever scheduled" if value == "external" else "kubelet does not start with two addresses"
            yield Problem(f"{each.path}.arguments.kubelet.cloud-provider", value, reason, "Remove it.")


@rule("field-owned", ERROR)
def field_owned(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The operator's fields are none that follow from the plan.

    Source: a field has one value; CIDRs, the mode, DNS and node ports are said once, in the cluster.
    """
    for each in filter(lambda each: each.known, running(intent, plan)):
        ours = {
            "kubelet": {**kubelet.of_plan(each.cluster), "featureGates": {GATE: None}},
            "kube-proxy": {**proxy.of_plan(each.cluster), "nodePortAddresses": [], "featureGates": {GATE: None}},
        }
        for component, fields in each.stated["configuration"].items():
            known = {**ours[component], "apiVersion": None, "kind": None}
            for name, value in _clashes(fields, known, f"{each.path}.configuration.{component}"):
                yield Problem(name, str(value), "follows from the plan", "Remove it; state the fact itself.")


@rule("field-unknown", ERROR)
def field_unknown(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The operator's fields are fields of the component in that version, on their first level.

    Source: kubeadm reads KubeletConfiguration and KubeProxyConfiguration strictly, and so does the kubelet: "strict
    decoding error: unknown field"; a host would be bare until then.
    """
    for each in running(intent, plan):
        if each.version.minor > field_names.KNOWN_UNTIL:
            continue
        for component, fields in each.stated["configuration"].items():
            known = field_names.OF[component]
            for name, value in fields.items():
                path = f"{each.path}.configuration.{component}.{name}"
                reason = f"is no field of the configuration of {component} {each.version}"
                since = known.get(name)
                if name in ("apiVersion", "kind"):
                    continue  # follow from the plan
                if since is None:
                    like = closest(name, known)
                    fix = f"Write {like}." if like else "Remove it; flags stand under arguments."
                    yield Problem(path, str(value), reason, fix)
                elif since > each.version.minor:
                    yield Problem(path, str(value), reason, f"Remove it, or choose 1.{since} or later.")
                elif _gone(each, name):
                    yield Problem(path, str(value), reason, "Remove it; newer versions have no such setting.")


@rule("field-type", ERROR)
def field_type(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The operator's fields are of the type that the component reads.

    Source: kubeadm and the kubelet: "json: cannot unmarshal", a duration without a unit included ("missing unit").
    """
    for each in running(intent, plan):
        for component, fields in each.stated["configuration"].items():
            there = {name: value for name, value in fields.items() if not _gone(each, name)}
            for name, value in there.items():
                for path, wrong, expected, fix in field_types.misfits(name, value):
                    place = f"{each.path}.configuration.{component}.{path}"
                    yield Problem(place, str(wrong), f"is not {expected}", fix)


@rule("detect-local", ERROR)
def detect_local(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """How kube-proxy knows the traffic of its own pods is a way that is there, and that fits the pod network.

    Source: KubeProxyConfiguration detectLocalMode: NodeCIDR waits for Node.spec.podCIDRs and ends without them, and
    Calico's IPAM gives pods addresses outside of them; the interface modes need a name of 1 to 15 characters.
    """
    for each in running(intent, plan):
        fields, cni = each.stated["configuration"]["kube-proxy"], each.planned["cni"]
        mode, given = fields.get("detectLocalMode"), fields.get("detectLocal")
        path = f"{each.path}.configuration.kube-proxy.detectLocalMode"
        if not mode or not isinstance(mode, str) or each.planned["proxy"]["mode"] == "none":
            continue
        if mode == NODE_CIDR and not cni["allocate_node_cidrs"]:
            reason = f"no Node gets a pod CIDR (cni.allocate_node_cidrs, {cni['plugin']}), and kube-proxy needs it"
            yield Problem(path, mode, reason, f"Choose {CLUSTER_CIDR}.")
        elif mode == NODE_CIDR and cni["plugin"] == "calico":
            reason = "Calico's IPAM does not take addresses of pods out of their Node's pod CIDR"
            yield Problem(path, mode, reason, f"Choose {CLUSTER_CIDR}.")
        elif mode in BY_INTERFACE:
            field = BY_INTERFACE[mode]
            name = given.get(field) if isinstance(given, Mapping) else None
            if not isinstance(name, str) or not 0 < len(name) < INTERFACE_NAME:
                reason = f"needs detectLocal.{field}, a name of 1 to {INTERFACE_NAME - 1} characters"
                yield Problem(path, mode, reason, f"State detectLocal.{field}, or choose {CLUSTER_CIDR}.")
        elif mode not in (NODE_CIDR, CLUSTER_CIDR):
            choices = ", ".join((CLUSTER_CIDR, NODE_CIDR, *BY_INTERFACE))
            yield Problem(path, mode, "is no mode of kube-proxy", f"Choose: {choices}.")


RULES = (argument_owned, argument_name, cloud_provider, field_owned, field_unknown, field_type, detect_local)


def _gate(each: Running) -> str:
    words = {"needed": "needed with two families", "harmless": "on by itself", "refused": "unknown to all components"}
    return words[each.rules.dual_stack_gate]


def _gone(each: Running, name: str) -> bool:
    """Whether a field that was there once is known to lack in the version."""
    return field_names.GONE.get(name, each.version.minor + 1) <= each.version.minor


def _clashes(given: Mapping[str, Any], ours: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    """(path, value) of each field that both have, below the first level too."""
    for name, value in given.items():
        if name in ours:
            if isinstance(value, Mapping) and isinstance(ours[name], Mapping):
                yield from _clashes(value, ours[name], f"{path}.{name}")
            else:
                yield f"{path}.{name}", value
