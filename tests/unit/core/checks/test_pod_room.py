# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``node-cidr-small``: what it says, and that the fixes which it names silence it."""

from __future__ import annotations

import pytest
from base import base
from cases import IPV4, IPV6, Edit, put
from cases_components import CLUSTER, max_pods, node_parts, ours

from dualstack.findings import Finding
from dualstack.plan.build import make

PODS = {IPV4: "10.244.0.0/16", IPV6: "fd4c:9e02:7ab1:4000::/56"}


def found(edit: Edit) -> list[Finding]:
    data, hosts = base()
    edit(data, hosts)
    return [finding for finding in make(data, hosts)[1] if finding.id in ("node-cidr-small", "pod-cidr-small")]


def parts(family: str, length: int) -> Edit:
    """The nodes' parts of one family; those of the other one have room."""
    return node_parts(**{IPV4: 24, IPV6: 64, family: length})


def pods(family: str, cidr: str) -> Edit:
    return put(f"{CLUSTER}.pods", list({**PODS, family: cidr}.values()))


@pytest.mark.parametrize(
    ("family", "length", "wider", "holds"),
    [(IPV4, 26, 25, 61), (IPV6, 122, 121, 62)],
)
def test_both_fixes_are_named_and_help(family: str, length: int, wider: int, holds: int) -> None:
    (said,) = found(ours(parts(family, length)))
    assert said.reason == f"a node's /{length} holds {holds} pods; maxPods of base's kubelets is 110"
    assert said.fix == (
        f"Set node_cidr_lengths.{family} to {wider} or less (--node-cidr-mask-size-{family}), "
        f"or maxPods of the kubelets to {holds} or less."
    )
    assert found(ours(parts(family, wider))) == []
    assert found(ours(parts(family, length), **max_pods(field=holds))) == []


@pytest.mark.parametrize(
    ("family", "small", "length", "larger", "wider"),
    [
        (IPV4, "10.244.0.0/24", 26, "10.244.0.0/22", 25),
        (IPV6, "fd4c:9e02:7ab1:4000::/120", 122, "fd4c:9e02:7ab1:4000::/118", 121),
    ],
)
def test_a_pod_cidr_without_room_for_wider_parts_grows_too(
    family: str, small: str, length: int, larger: str, wider: int
) -> None:
    (said,) = found(ours(pods(family, small), parts(family, length)))
    assert f"to {wider} or less" in said.fix
    assert f" with a /{larger.partition('/')[2]} or larger in --cluster-cidr, or maxPods" in said.fix
    assert found(ours(pods(family, larger), parts(family, wider))) == []


def test_parts_without_room_for_a_pod_have_one_fix() -> None:
    said = found(ours(node_parts(31, 127)))
    assert len(said) == 2
    assert all("holds 0 pods" in each.reason and "or maxPods" not in each.fix for each in said)


def test_clusters_of_others_are_taken_to_have_the_default() -> None:
    (said,) = found(node_parts(26, 64))
    assert said.reason.endswith("is 110")
