# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The label that takes nodes out of load balancing, where it silences everything.

kubeadm and others put it on every control-plane node: a cluster of such nodes announces nothing, with MetalLB too, and
nothing says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..findings import WARNING, Finding
from ..resources.model import Advertisement, Node
from ..resources.relations import kind_of
from ..resources.selectors import selected

EXCLUDE_LABEL = "node.kubernetes.io/exclude-from-external-load-balancers"
_FIX = (
    f"Take the label off the nodes that shall announce (kubectl label node NAME {EXCLUDE_LABEL}-), "
    "or set ignore_exclude_label for the speakers (role speaker: speaker_ignore_exclude_label)."
)


def findings(nodes: Mapping[str, Node], adverts: Iterable[Advertisement]) -> Iterator[Finding]:
    """What the label silences: the whole cluster, else advertisements of which every node has it."""
    if nodes and all(EXCLUDE_LABEL in node.labels for node in nodes.values()):
        reason = f"every node of the cluster ({_some(nodes)}) has the label: nobody announces anything"
        yield Finding("excluded-nodes", WARNING, "Nodes: metadata.labels", EXCLUDE_LABEL, reason, _FIX)
        return
    for advert in adverts:
        chosen = {name: node for name, node in nodes.items() if selected(advert.node_selectors, node.labels)}
        if chosen and all(EXCLUDE_LABEL in node.labels for node in chosen.values()):
            path = f"{kind_of(advert)} {advert.name}: spec.nodeSelectors"
            reason = f"every node that it selects ({_some(chosen)}) has the label {EXCLUDE_LABEL}: it announces nothing"
            yield Finding("excluded-nodes", WARNING, path, "", reason, _FIX)


def _some(names: Iterable[str]) -> str:
    known = sorted(names)
    return ", ".join(known[:3]) + (f" and {len(known) - 3} more" if len(known) > 3 else "")
