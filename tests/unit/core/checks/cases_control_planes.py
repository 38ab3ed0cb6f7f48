# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the rules about control planes, the endpoint and the taints of nodes."""

from __future__ import annotations

from cases import BOTH, IPV4, IPV6, Case, Edit, host, put, two
from cases_components import OWN, green, ours, turned

from dualstack.components.versions import CONTROL_PLANE, MASTER


def taints(node: str, *given: tuple[str, str, str]) -> Edit:
    each = [{"key": key, "value": value, "effect": effect} for key, value, effect in given]
    return put(f"{node}: dualstack_host.taints", each)


CASES = [
    Case("control-plane-none", BOTH, ours(control_planes=()), OWN),
    Case("control-plane-unknown", BOTH, ours(control_planes=("node1", "cp9")), "cp9: dualstack_host"),
    Case(
        "control-plane-unknown",
        BOTH,
        ours(host("nodes", "node4", {}), workers=("node2", "node4")),
        "node4: dualstack_host",
    ),
    Case("worker-none", BOTH, ours(workers=()), OWN),
    Case("control-planes-even", BOTH, ours(control_planes=("node1", "node2"), endpoint={"host": "api"}), OWN),
    Case("endpoint-missing", BOTH, ours(control_planes=("node1", "node2", "node3")), f"{OWN}.endpoint"),
    *[
        case
        for ipv4, ipv6 in (
            ("10.1.0.7", "fd4c:9e02:7ab1:a000::7"),
            ("10.96.0.1", "fd4c:9e02:7ab1:5000::1"),
            ("10.244.0.1", "fd4c:9e02:7ab1:4000::1"),
        )
        for case in two(
            "endpoint-inside",
            f"{OWN}.endpoint.host",
            ours(endpoint={"host": ipv4}),
            ours(endpoint={"host": ipv6}),
        )
    ],
    *two(
        "endpoint-family",
        "dualstack.clusters[0].kubernetes.endpoint.host",
        green(family=IPV6, endpoint={"host": "10.0.3.9"}),
        green(family=IPV4, endpoint={"host": "fd4c:9e02:7ab1:3::9"}),
    ),
    *[
        case
        for ipv4, ipv6 in (
            ("127.0.0.1", "::1"),
            ("0.0.0.0", "::"),
            ("169.254.7.7", "fe80::7"),
            ("239.1.1.1", "ff05::7"),
        )
        for case in two(
            "endpoint-nowhere",
            f"{OWN}.endpoint.host",
            ours(endpoint={"host": ipv4}),
            ours(endpoint={"host": ipv6}),
        )
    ],
    *[
        Case("endpoint-nowhere", family, ours(endpoint={"host": name}), f"{OWN}.endpoint.host")
        for family, name in ((IPV4, "localhost"), (IPV6, "ip6-localhost"), (IPV4, "api.localhost"))
    ],
    *two(
        "endpoint-worker",
        f"{OWN}.endpoint.host",
        ours(endpoint={"host": "10.0.1.12"}),
        ours(endpoint={"host": "fd4c:9e02:7ab1:1::12"}),
    ),
    *two(
        "endpoint-single",
        f"{OWN}.endpoint.host",
        ours(control_planes=("node1", "node2", "node3"), endpoint={"host": "10.0.1.11"}),
        ours(control_planes=("node1", "node2", "node3"), endpoint={"host": "fd4c:9e02:7ab1:1::11"}),
    ),
    Case("advertise-family", IPV6, ours(turned()), "node1: dualstack_host"),
    Case(
        "advertise-family",
        IPV4,
        ours(put("node1: dualstack_host.racks", {"rack1": ["fd4c:9e02:7ab1:1::11"]})),
        "node1: dualstack_host",
    ),
    Case(
        "taints-idle",
        BOTH,
        put("node1: dualstack_host.taints", [{"key": "dedicated", "effect": "NoSchedule"}]),
        "node1: dualstack_host.taints",
    ),
    *[
        Case("taint-twice", BOTH, ours(taints(node, *given), version=version), f"{node}: dualstack_host.taints[{last}]")
        for node, version, last, given in (
            ("node2", "1.36.3", 1, (("dedicated", "db", "NoSchedule"), ("dedicated", "db", "NoSchedule"))),
            ("node2", "1.36.3", 1, (("dedicated", "db", "NoSchedule"), ("dedicated", "web", "NoSchedule"))),
            (
                "node3",
                "1.36.3",
                2,
                (("dedicated", "", "NoExecute"), ("other", "", "NoExecute"), ("dedicated", "db", "NoExecute")),
            ),
            ("node1", "1.36.3", 0, ((CONTROL_PLANE, "", "NoSchedule"),)),
            ("node1", "1.24.17", 0, ((MASTER, "", "NoSchedule"),)),
        )
    ],
]
