# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference page of the intent, generated from its schema."""

from __future__ import annotations

from collections.abc import Iterator

from .schema import (
    ADVERTISE,
    BGP,
    CLIENT_HOST,
    CLUSTER,
    FABRIC,
    INTENT,
    LAYER2,
    LINK,
    NODE_HOST,
    POOL,
    RACK,
    ROUTER_HOST,
    SERVICE,
    TIMERS,
)
from .shapes import Key, Struct

SECTIONS: tuple[tuple[str, str, Struct], ...] = (
    ("dualstack", "The variable `dualstack`, for all hosts.", INTENT),
    ("dualstack.cluster", "", CLUSTER),
    ("dualstack.fabric", "", FABRIC),
    ("dualstack.fabric.timers", "", TIMERS),
    ("dualstack.fabric.racks.NAME", "A rack: a segment with its routers and nodes.", RACK),
    ("dualstack.fabric.links[]", "A link between two routers, also written `[a, b]`.", LINK),
    ("dualstack.pools[]", "Exactly one of `from` and `blocks`.", POOL),
    ("dualstack.advertise[]", "Exactly one of `bgp` and `layer2`.", ADVERTISE),
    ("dualstack.advertise[].bgp", "", BGP),
    ("dualstack.advertise[].layer2", "", LAYER2),
    ("dualstack.services[]", "", SERVICE),
    ("dualstack_host of a host in the group routers", "", ROUTER_HOST),
    ("dualstack_host of a host in the groups kube_control_plane and kube_node", "", NODE_HOST),
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
