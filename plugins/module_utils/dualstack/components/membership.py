# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who makes a cluster, who joins it, and what stands in the way, from what each host is now.

A cluster that is there is never made anew: as long as a control plane could not be looked at, it may be there. A host
is cleaned only where our own init or join was cut. Left out on purpose: mending a control plane, which only people may.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

BARE, UNFINISHED, MEMBER = "bare", "unfinished", "member"


class Seen(NamedTuple):
    """What a host is. ``ca``: the fingerprint of its cluster's authority, empty where it is in none."""

    state: str
    control_plane: bool = False
    ca: str = ""


class Doings(NamedTuple):
    """``admin``: the control plane that is asked and told; ``init``: it makes the cluster; ``control_planes`` and
    ``workers``: those that join; ``forget``: those of them whose Node of an unfinished join goes first."""

    admin: str | None
    init: bool
    control_planes: list[str]
    workers: list[str]
    forget: list[str]
    problems: list[str]


def decide(nodes: Mapping[str, Mapping[str, object]], seen: Mapping[str, Seen]) -> Doings:
    """What has to be done for one cluster.

    Args:
        nodes: its nodes, each with ``control_plane`` and ``first``, as ``kubernetes`` of a node of the plan has them.
        seen: what could be looked at.
    """
    planned = sorted(
        (name for name, facts in nodes.items() if facts["control_plane"]), key=lambda n: not nodes[n]["first"]
    )
    there = [name for name in planned if name in seen and seen[name].state == MEMBER and seen[name].control_plane]
    problems = _problems(nodes, planned, there, seen)
    admin = there[0] if there else planned[0] if planned else None
    if problems or admin is None:
        return Doings(None, False, [], [], [], problems)
    absent = [name for name in nodes if name in seen and seen[name].state != MEMBER and name != admin]
    return Doings(
        admin,
        not there,
        [name for name in planned if name in absent],
        [name for name in absent if name not in planned],
        [name for name in absent if seen[name].state == UNFINISHED and there],
        [],
    )


def _problems(
    nodes: Mapping[str, object], planned: Sequence[str], there: Sequence[str], seen: Mapping[str, Seen]
) -> list[str]:
    if not planned:
        return ["the plan has no control plane: name one in the group kube_control_plane"]
    unseen = [name for name in planned if name not in seen]
    if not there and unseen:
        return [
            f"{', '.join(unseen)} could not be looked at, and without every control plane nobody knows whether there "
            "is a cluster. Mend it, leave no control plane out with --limit, or take it out of the inventory"
        ]
    members = [name for name in nodes if name in seen and seen[name].state == MEMBER]
    if members and not there:
        return [
            f"{', '.join(members)}: in a cluster, but no control plane of the plan is. Take the control plane that "
            "runs into the inventory, or reset those hosts with the playbook cluster_reset"
        ]
    return [
        f"{name} is in another cluster than {there[0]} (their authorities differ). Remove it there, then reset it "
        "with the playbook node_remove"
        for name in members
        if seen[name].ca != seen[there[0]].ca
    ] + [
        f"{name} is in the cluster as a worker, and planned as a control plane. Remove it with the playbook "
        "node_remove, and run site again"
        for name in members
        if name in planned and not seen[name].control_plane
    ]
