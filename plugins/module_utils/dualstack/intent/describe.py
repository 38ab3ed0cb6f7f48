# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference page of the intent, generated from its schema."""

from __future__ import annotations

from collections.abc import Iterator

from .fabric import BFD_PROFILE, FABRIC, LINK, PEER, PEER_GROUP, RACK, TIMERS
from .kubernetes import ARGUMENTS, CNI, CONFIGURATION, DNS, ENDPOINT, KUBERNETES, PROXY, TAINT
from .schema import CLIENT_HOST, CLUSTER, FURTHER_CLUSTER, INTENT, NODE_HOST, ROUTER_HOST, SILENCE
from .serving import ADVERTISE, BGP, LAYER2, PAIR, POOL, PORT, PREFERRED, SERVICE, SERVICE_ALLOCATION
from .shapes import Key, Struct
from .words import PREFIX_LENGTHS, SELECTOR

SECTIONS: tuple[tuple[str, str, Struct], ...] = (
    ("dualstack", "The variable `dualstack`, for all hosts.", INTENT),
    ("dualstack.cluster", "", CLUSTER),
    ("dualstack.clusters[]", "Further clusters whose nodes stand on the same fabric.", FURTHER_CLUSTER),
    (
        "dualstack.cluster.kubernetes",
        "Also of further clusters. The groups `kube_control_plane` and `kube_node` say which hosts are control planes "
        "and which run pods.",
        KUBERNETES,
    ),
    ("dualstack.cluster.kubernetes.endpoint", "", ENDPOINT),
    ("dualstack.cluster.kubernetes.proxy", "", PROXY),
    ("dualstack.cluster.kubernetes.cni", "", CNI),
    ("dualstack.cluster.kubernetes.dns", "", DNS),
    ("dualstack.cluster.kubernetes.arguments", "", ARGUMENTS),
    ("dualstack.cluster.kubernetes.configuration", "", CONFIGURATION),
    ("dualstack.fabric", "", FABRIC),
    ("dualstack.fabric.timers", "", TIMERS),
    (
        "dualstack.fabric.peer_groups.NAME",
        "How the sessions of a group differ from the fabric's. A rack, a link or a peer names its group.",
        PEER_GROUP,
    ),
    ("dualstack.fabric.racks.NAME", "A rack: a segment with its routers and nodes.", RACK),
    (
        "dualstack.fabric.links[]",
        "A link between two routers, also written `[a, b]`; an unnumbered one may lead to a node.",
        LINK,
    ),
    (
        "dualstack.fabric.peers[]",
        "A router of others that nodes peer with. Exactly one of `asn` and `dynamic_asn`; `addresses` or `interface`.",
        PEER,
    ),
    ("dualstack.bfd_profiles.NAME", "", BFD_PROFILE),
    (
        "dualstack.pools[]",
        "Exactly one of `from` and `blocks`. With `from`: `take`, `size` or `prefix_length`.",
        POOL,
    ),
    ("dualstack.pools[].service_allocation", "", SERVICE_ALLOCATION),
    ("dualstack.pairs[]", "", PAIR),
    ("dualstack.advertise[]", "Exactly one of `bgp` and `layer2`.", ADVERTISE),
    ("dualstack.advertise[].bgp", "", BGP),
    ("dualstack.advertise[].layer2", "", LAYER2),
    ("dualstack.advertise[].layer2.preferred_nodes[]", "", PREFERRED),
    ("dualstack.services[]", "Exactly one of `port` and `ports`.", SERVICE),
    ("dualstack.services[].ports[]", "", PORT),
    ("dualstack.silence[]", "", SILENCE),
    (
        "a label selector",
        "As Kubernetes has them. In a list of selectors one of them must match; an empty list matches all.",
        SELECTOR,
    ),
    ("prefix lengths by family", "", PREFIX_LENGTHS),
    ("dualstack_host of a host in the group routers", "", ROUTER_HOST),
    (
        "dualstack_host of a host in the groups kube_control_plane and kube_node",
        "`racks`, or `addresses` where the intent has no rack for it.",
        NODE_HOST,
    ),
    ("dualstack_host.taints[]", "", TAINT),
    ("dualstack_host of a host in the group clients", "Hosts from which the evidence probes.", CLIENT_HOST),
)


def markdown() -> str:
    """All sections as Markdown tables: key, what it takes, default, meaning."""
    return "\n".join(line for title, text, struct in SECTIONS for line in _section(title, text, struct))


def _section(title: str, text: str, struct: Struct) -> Iterator[str]:
    yield f"## {title}\n"
    if text:
        yield f"{text}\n"
    yield "| key | takes | default | meaning |"
    yield "|---|---|---|---|"
    for key in struct.keys:
        takes = key.shape.kind.replace("|", "or")
        yield f"| `{key.name}` | {takes} | {_default(key)} | {key.doc} |"
    yield ""


def _default(key: Key) -> str:
    if key.required:
        return "required"
    if key.default is None or key.default in ([], {}):
        return ""
    if isinstance(key.default, bool):
        return str(key.default).lower()
    return (
        ", ".join(f"{name} {value}" for name, value in key.default.items())
        if isinstance(key.default, dict)
        else str(key.default)
    )
