# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster: its families and CIDRs, from component flags, component configuration, or what its objects show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..addresses.blocks import FAMILIES, family_of
from ..findings import HINT, Finding
from ..intent.shapes import Report
from ..resources.model import Key
from ..resources.shapes import listing, mapping
from . import settings
from .flags import Flags, Stated
from .hosts import internal_addresses
from .source import Source

API_SERVER = Key("Service", "default", settings.API_SERVER)


def settled(source: Source) -> Iterator[Stated]:
    """What component configuration and the ServiceCIDR of the API servers say, as the flags that say the same."""
    for given in source.settings:
        yield from settings.flags(given)


def cluster(source: Source, flags: Flags, name: str, report: Report) -> dict[str, Any]:
    """``dualstack.cluster``."""
    result: dict[str, Any] = {"name": name, "families": _families(source, flags, report)}
    result.update({key: flags.cidrs[key] for key in ("pods", "services") if key in flags.cidrs})
    if flags.node_cidr_lengths:
        result["node_cidr_lengths"] = dict(flags.node_cidr_lengths)
    result["load_balancer"] = source.case.mode
    return result


def _families(source: Source, flags: Flags, report: Report) -> list[str]:
    """The families in order: the first Service CIDR is of the primary one (Kubernetes, dual-stack Services).

    Where nothing states them, they are what ClusterIPs, nodes and pools show, the API server's own ClusterIP first.
    """
    for key in ("services", "pods"):
        if flags.cidrs.get(key):
            return [family_of(text) for text in flags.cidrs[key]]
    blocks = [block.family for pool in source.case.resources.pools.values() for block in pool.blocks]
    shown = [*map(family_of, _addresses(source)), *sorted(blocks)]
    found = list(dict.fromkeys(shown)) or list(FAMILIES)
    reason = "no Service CIDR is among what is imported, so the families are those that the objects show"
    fix = "Check them and their order, and add pods and services."
    report(Finding("families-derived", HINT, "dualstack.cluster.families", ", ".join(found), reason, fix))
    return found


def _addresses(source: Source) -> Iterator[str]:
    """Addresses and CIDRs that show which families the cluster has, the most telling first."""
    own = [given for key, given in source.case.objects if key == API_SERVER]
    services = [given for key, given in source.case.objects if key.kind == "Service"]
    nodes = list(source.nodes.values())
    for entries, field in ((own, "clusterIPs"), (nodes, "podCIDRs"), (services, "clusterIPs")):
        for given in entries:
            for text in listing(mapping(given.get("spec")).get(field)):
                if isinstance(text, str) and text != "None":
                    yield text
    for given in nodes:
        yield from internal_addresses(given)
