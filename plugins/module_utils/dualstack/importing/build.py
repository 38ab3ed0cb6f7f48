# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The intent of a cluster as it is: manifests and component flags in, ``dualstack`` and the hosts' facts out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ..findings import ERROR, Finding, has_errors
from ..plan.build import make
from . import announcing, cluster, differences, flags, hosts, left_out, peers, pools, services
from .source import Source, read

NAME = "imported"


class Imported(NamedTuple):
    """``data``: the variable ``dualstack``; ``hosts``: ``{routers|nodes|clients: {host: dualstack_host}}``.

    ``groups``: inventory group → its nodes. With an error among the findings all hold what could be read.
    """

    data: dict[str, Any]
    hosts: dict[str, dict[str, Any]]
    findings: list[Finding]
    groups: dict[str, list[str]]

    def inventory(self) -> dict[str, Any]:
        """An inventory as YAML inventories have it; the facts of a node stand in the last group that it is in."""
        children: dict[str, Any] = {}
        placed: set[str] = set()
        for group in reversed(list(self.groups)):
            facts = {
                node: {} if node in placed else {"dualstack_host": self.hosts["nodes"][node]}
                for node in self.groups[group]
            }
            placed.update(facts)
            children[group] = {"hosts": facts}
        return {"all": {"vars": {"dualstack": self.data}, "children": dict(reversed(list(children.items())))}}


def intent_of(objects: Iterable[Any], mode: str, name: str = NAME, component_flags: Sequence[str] = ()) -> Imported:
    """The intent that plans and renders what ``objects`` say.

    ``objects``: plain Kubernetes objects, also lists of them and component configuration. ``mode``: who announces, one
    of ``resources.modes.MODES``. ``name``: of the cluster. ``component_flags``: ``--cluster-cidr=…`` and such.
    What is wrong is an error with its fix; every difference that the intent makes is a warning, or a hint where it only
    states what holds today. What the planner advises beyond that is told when the plan is made.
    """
    source = read(objects, mode)
    findings = list(source.findings)
    report = findings.append
    known = flags.read([*cluster.settled(source), *map(flags.parse, component_flags)], report)
    nodes = hosts.nodes(source, known, report)
    data = _data(source, known, name, nodes, findings)
    inventory: dict[str, dict[str, Any]] = {"routers": {}, "nodes": nodes, "clients": {}}
    findings += left_out.told(source)
    if not has_errors(findings):
        plan, found = make(data, inventory)
        findings += [finding for finding in found if finding.severity == ERROR]
        if plan is not None:
            findings += differences.told(source, plan)
    return Imported(data, inventory, findings, hosts.groups(source))


def _data(
    source: Source, known: flags.Flags, name: str, nodes: dict[str, dict[str, Any]], findings: list[Finding]
) -> dict[str, Any]:
    report = findings.append
    described = cluster.cluster(source, known, name, report)
    found = peers.peers(source, report)
    asn = hosts.node_asn(source, nodes, report)
    served = services.serving(source, described["families"], report)
    parts: dict[str, Any] = {
        "bfd_profiles": peers.bfd_profiles(source),
        "communities": dict(source.aliases),
        "pools": pools.pools(source),
        "pairs": served.pairs,
        "advertise": announcing.advertise(source, found.names, report),
        "services": served.services,
    }
    fabric = {**({"node_asn": asn} if asn is not None else {}), **found.fabric}
    return {"cluster": described, "fabric": fabric, **{key: value for key, value in parts.items() if value}}
