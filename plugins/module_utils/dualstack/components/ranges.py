# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pod and service CIDRs of a running cluster: a second family may come behind the first one, nothing else may change.

Source: kube-controller-manager holds the podCIDRs of Nodes, which are immutable, against ``--cluster-cidr`` by position
(pkg/controller/nodeipam/ipam/range_allocator.go); an update of the ServiceCIDR ``kubernetes`` may only append a family,
and the first clusterIP of a Service is immutable. Left out on purpose: a switch that does it all the same. Clusters
whose Nodes and Services were emptied by hand are edited by hand.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..addresses.blocks import family_of, parse_network
from .editing import arguments, yaml_text

PODS, SERVICES = "pods", "services"  # keys of the intent's cluster
FLAGS = {"service-cluster-ip-range": SERVICES, "cluster-cidr": PODS}
NETWORKING = {"serviceSubnet": SERVICES, "podSubnet": PODS}
CONSEQUENCES = {
    PODS: "The podCIDRs of Nodes are immutable and belong to it by position, so that kube-controller-manager would "
    "start, lead and end again and again",
    SERVICES: "The ServiceCIDR kubernetes and the first address of every Service are immutable, so that kube-apiserver "
    "would start, and its Services stay outside of its range",
}


TAKEN = "a family can't be taken from a running cluster"
SWAPPED = "the primary family of a running cluster can't be swapped"
CHANGED = "a CIDR of a running cluster can't be changed"


class RangeError(ValueError):
    """The CIDRs of a running cluster would change.

    ``place``: where they stand; ``running``: those of now; ``reason``: what would become of them; ``fix``: what to do.
    """

    def __init__(self, place: str, running: str, reason: str, fix: str) -> None:
        super().__init__(f"{place} is {running} and {reason}. Nothing was written. {fix}")
        self.place, self.running, self.reason, self.fix = place, running, reason, fix


def told(running: Sequence[str]) -> dict[str, str]:
    """The CIDRs that arguments state, by flag."""
    found = {name: arguments.value(running, name) for name in FLAGS}
    return {name: value for name, value in found.items() if value is not None}


def refusals(running: Mapping[str, str], wanted: Mapping[str, str]) -> Iterator[RangeError]:
    """Of each flag of ``wanted`` that does more than append to ``running`` (as ``told`` gives it), what is wrong."""
    for name, key in FLAGS.items():
        problem = _refusal(f"--{name}", key, running.get(name, ""), wanted[name]) if name in wanted else None
        if problem:
            yield problem


def keep_flags(running: Sequence[str], wanted: Mapping[str, str]) -> None:
    """That flags only append to what the arguments ``running`` state. Raises RangeError."""
    for problem in refusals(told(running), wanted):
        raise problem


def keep_networking(text: str, fields: Mapping[str, Any]) -> None:
    """The same of ``networking`` in a ClusterConfiguration. Raises RangeError, EditError."""
    root = yaml_text.parse(text)
    held = root.get("networking") if isinstance(root, Mapping) else None
    wanted = dict(yaml_text.flat(fields))
    for name, key in NETWORKING.items():
        after, before = wanted.get(("networking", name)), held.get(name) if isinstance(held, Mapping) else None
        if isinstance(after, str) and isinstance(before, str):
            problem = _refusal(f"networking.{name}", key, before, after)
            if problem:
                raise problem


def keep_nodes(pod_cidrs: Mapping[str, Sequence[str]], pods: Mapping[str, str]) -> None:
    """That the pod CIDRs of Nodes (by name) lie in ``pods``, those of the cluster by family, each at its place.

    A Node may lack some or all. Raises RangeError.
    """
    planned = list(pods)
    for name, cidrs in pod_cidrs.items():
        has = [family_of(cidr) for cidr in cidrs]
        if has[: len(planned)] != planned[: len(has)]:
            what = SWAPPED
        elif len(has) > len(planned):
            what = TAKEN
        elif not all(parse_network(pods[family]).contains(parse_network(cidr)) for family, cidr in zip(has, cidrs)):
            what = CHANGED
        else:
            continue
        raise RangeError(
            f"spec.podCIDRs of the Node {name}",
            ",".join(cidrs),
            f"the pods of its cluster are planned to have {','.join(pods.values())}: {what}. {CONSEQUENCES[PODS]}",
            f"State what kube-controller-manager runs with (--cluster-cidr), in its order, under cluster.{PODS} of the "
            "intent, and its families likewise (docs/component-roles.md)",
        )


def _refusal(place: str, key: str, running: str, planned: str) -> RangeError | None:
    now, then = _cidrs(running), _cidrs(planned)
    if then[: len(now)] == now:
        return None
    if then == now[: len(then)]:
        what = TAKEN
    elif now[0] in then[1:] or then[0] in now[1:]:
        what = SWAPPED
    else:
        what = CHANGED
    return RangeError(
        place,
        ",".join(now),
        f"would become {planned}: {what}. {CONSEQUENCES[key]}",
        f"State {', '.join(now)} in this order under cluster.{key} of the intent, and its families likewise; a second "
        "family may follow the first one (docs/component-roles.md)",
    )


def _cidrs(text: str) -> list[str]:
    return [_canonical(part.strip()) for part in text.split(",") if part.strip()]


def _canonical(text: str) -> str:
    """As components read it, which forgive host bits; what is no CIDR stays as it is."""
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return text
