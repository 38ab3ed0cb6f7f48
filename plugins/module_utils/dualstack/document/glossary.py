# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section that explains the words of Kubernetes, and the few of this tool, to people who run networks."""

from __future__ import annotations

from .parts import Code, Inline, Items, Section, span

_WORDS = (
    ("cluster", "The servers that run the applications together, under one control plane."),
    ("node", "A server of the cluster. To the network it is a host, which speaks BGP where VIPs are announced by BGP."),
    (
        "pod",
        "One running instance of an application, with addresses of its own inside the cluster. Clients never see them.",
    ),
    (
        "Service",
        "A name in the cluster for the pods of one application. One of the type LoadBalancer gets a VIP per family.",
    ),
    ("namespace", "A part of the cluster with names of its own; a Service is written namespace/name."),
    (
        "VIP",
        "A Service's address for clients outside. No interface owns it: nodes take its packets and hand them to a pod.",
    ),
    ("pool", "The blocks out of which VIPs are given (IPAddressPool)."),
    (
        "advertisement",
        "How the VIPs of pools are made known: by BGP (BGPAdvertisement), or by ARP and NDP (L2Advertisement).",
    ),
    ("speaker", "The program on each node that keeps the BGP sessions and answers ARP and NDP for VIPs."),
    ("announcer", "The node that answers ARP and NDP for a VIP at present."),
    ("label, selector", "A mark on a node, pool or Service, and a condition on such marks that chooses some of them."),
    ("pod and service CIDRs", "Address ranges that are used inside the cluster only. They are not announced."),
    (
        "traffic policy",
        "Cluster: every announcing node takes traffic of a VIP and passes it on. Local: only nodes with a pod of the "
        "Service take it, and the client's address stays visible.",
    ),
    (
        "plan",
        "All decisions made from the intent, which is what the operators write; this document shows the plan.",
    ),
    ("finding", "Something that the checks noticed: an error forbids the plan, a warning or a hint does not."),
)


def section() -> Section:
    """The words."""
    items: list[Inline] = [span(Code(word), f": {text}") for word, text in _WORDS]
    return Section("Words", "words", [Items(items)])
