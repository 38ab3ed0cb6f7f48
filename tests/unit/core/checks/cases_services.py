# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the rules about Services."""

from __future__ import annotations

from cases import BOTH, IPV4, IPV6, Case, Edit, append, put, steps, two

SERVICES = "dualstack.services"
SHOP, STAGING = f"{SERVICES}[0]", f"{SERVICES}[2]"
METALLB = put("dualstack.cluster.load_balancer", "metallb-frr-k8s")
PIN4, PIN6 = "10.1.0.60", "fd4c:9e02:7ab1:a000::60"
LOCAL = {"traffic_policy": "Local"}


def pin(*addresses: str) -> Edit:
    return put(f"{SHOP}.addresses", list(addresses))


def sharing(first: dict[str, object], second: dict[str, object]) -> Edit:
    common = {"pool": "production", "sharing_key": "one"}
    return append(SERVICES, {**common, "name": "a", "port": 80, **first}, {**common, "name": "b", "port": 81, **second})


CASES = [
    Case("service-name", BOTH, put(f"{SHOP}.name", "1shop"), f"{SHOP}.name"),
    Case(
        "service-cluster",
        BOTH,
        steps(append("dualstack.clusters", {"name": "green"}), put(f"{SHOP}.cluster", "green")),
        f"{SHOP}.pool",
    ),
    *two("pin-one-family", f"{SHOP}.addresses", pin(PIN4), pin(PIN6)),
    *two(
        "pin-unused",
        f"{SHOP}.addresses",
        steps(put(f"{SHOP}.families", [IPV6]), pin(PIN4)),
        steps(put(f"{SHOP}.families", [IPV4]), pin(PIN6)),
    ),
    Case(
        "pin-avoided",
        IPV4,
        steps(
            put("dualstack.pools[1].avoid_buggy_ips", True),
            put(f"{STAGING}.addresses", ["10.1.0.255", "fd4c:9e02:7ab1:a000:8000::60"]),
        ),
        f"{STAGING}.addresses",
    ),
    Case("port-twice", BOTH, append(f"{SERVICES}[4].ports", {"name": "mx", "port": 25}), f"{SERVICES}[4].ports[2]"),
    Case("port-twice", BOTH, append(f"{SERVICES}[4].ports", {"name": "smtp", "port": 26}), f"{SERVICES}[4].ports[2]"),
    Case("local-traffic", BOTH, put(f"{SHOP}.traffic_policy", "Local"), f"{SHOP}.traffic_policy"),
    *two(
        "single-by-default",
        f"{SHOP}.families",
        put(f"{SHOP}.families", [IPV4]),
        put(f"{SHOP}.families", [IPV6]),
    ),
    *two(
        "prefer-single",
        f"{STAGING}.pool",
        put(f"{STAGING}.pool", "six"),
        put(f"{STAGING}.pool", "four"),
    ),
    Case("status-order", IPV6, steps(METALLB, put(f"{SHOP}.families", [IPV6, IPV4])), f"{SHOP}.families"),
    Case("sharing-alone", BOTH, put(f"{SHOP}.sharing_key", "one"), f"{SHOP}.sharing_key"),
    Case("sharing-apart", BOTH, sharing({}, LOCAL), f"{SERVICES}[6].traffic_policy"),
    Case("sharing-apart", BOTH, sharing({}, {"pool": "staging"}), f"{SERVICES}[6].pool"),
    Case(
        "sharing-apart",
        BOTH,
        sharing({**LOCAL, "selector": {"app": "a"}}, {**LOCAL, "selector": {"app": "b"}}),
        f"{SERVICES}[6].selector",
    ),
]
ONE_FAMILY = {
    "pin-avoided": (IPV4, "MetalLB's avoidBuggyIPs is about IPv4"),
    "status-order": (IPV6, "IPv4 stands first anyway"),
}
