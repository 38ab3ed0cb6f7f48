# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of the base that several tables of cases begin with."""

from __future__ import annotations

from typing import Any

from cases import Edit, append, host, put, steps

FABRIC = "dualstack.fabric"
PEERS = f"{FABRIC}.peers"
IN_RACK1 = [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["node1", "node2"]}]}]
NODE1 = [{"matchLabels": {"kubernetes.io/hostname": "node1"}}]
NEAR = ["10.0.1.254", "fd4c:9e02:7ab1:1::fe"]  # on rack1
FAR = ["192.168.7.1", "fd4c:9e02:7ab1:77::1"]


def of(family: str, both: list[str]) -> str:
    """The address of a family."""
    return next(text for text in both if (":" in text) == (family == "ipv6"))


def peer(**facts: Any) -> Edit:
    """A peer on rack1 for the nodes of rack1; ``facts`` change it, None removes a key."""
    given = {"name": "firewall", "asn": 64700, "addresses": NEAR, "node_selectors": IN_RACK1, **facts}
    return append(PEERS, {key: value for key, value in given.items() if value is not None})


def group(name: str, **facts: Any) -> Edit:
    """A peer group."""
    return put(f"{FABRIC}.peer_groups.{name}", facts)


def profile(**facts: Any) -> Edit:
    """The BFD profile of the links, changed."""
    given = {"receive_interval": 300, "transmit_interval": 300, "detect_multiplier": 3}
    return put("dualstack.bfd_profiles.fast", {**given, **facts})


def unnumbered(**facts: Any) -> Edit:
    """The first link without addresses."""
    link = {
        "between": ["core", "tor1"],
        "unnumbered": True,
        "interfaces": {"core": "swp1", "tor1": "swp9"},
        "peer_group": "links",
        **facts,
    }
    return put(f"{FABRIC}.links[0]", link)


def only(family: str) -> Edit:
    """The same intent in one family alone."""

    def edit(data: dict[str, Any], hosts: dict[str, dict[str, Any]]) -> None:
        data["cluster"]["families"] = [family]
        for holder in (data, hosts):
            _keep(holder, family)
        data["advertise"] = [entry for entry in data["advertise"] if entry.get("name") != "both"]
        data["services"] = [entry for entry in data["services"] if entry["pool"] != "both"]
        data["pairs"] = []
        data["pools"] = [entry for entry in data["pools"] if entry["name"] not in ("four", "six")]

    return edit


def _keep(holder: Any, family: str) -> None:
    for key, value in holder.items() if isinstance(holder, dict) else enumerate(holder):
        if isinstance(value, list) and value and all(isinstance(text, str) for text in value):
            kept = [text for text in value if not _is_address(text) or (":" in text) == (family == "ipv6")]
            holder[key] = kept
        elif isinstance(value, (dict, list)):
            _keep(value, family)


def _is_address(text: str) -> bool:
    return text[0].isdigit() or text.startswith("fd")


def one_asn(*reflecting: str) -> Edit:
    """iBGP from the nodes to the core."""
    names = ("core", "tor1", "tor2")
    return steps(
        *(put(f"{name}: dualstack_host.asn", 64512) for name in names),
        *(put(f"{name}: dualstack_host.route_reflector", True) for name in reflecting),
    )


def spine() -> Edit:
    """A router between the racks' routers and the core, whose links go to it instead."""
    links = [["core", "spine"], ["spine", "tor1"], ["spine", "tor2"]]
    return steps(host("routers", "spine", {"asn": 64602}), put(f"{FABRIC}.links", links))
