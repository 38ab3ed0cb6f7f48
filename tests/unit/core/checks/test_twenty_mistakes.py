# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bad intent with twenty different mistakes gets one run, twenty findings, and no traceback."""

from __future__ import annotations

from base import base
from cases import Edit, append, host, put
from edits import FABRIC, peer

from dualstack.findings import ERROR
from dualstack.plan.build import make
from dualstack.report.table import table

ADVERTISE, POOLS, SERVICES = "dualstack.advertise", "dualstack.pools", "dualstack.services"

MISTAKES: list[tuple[str, str, Edit]] = [
    # What can't be read
    ("unknown-key", f"{FABRIC}.node_asm", put(f"{FABRIC}.node_asm", 64512)),
    ("type", f"{FABRIC}.maximum_paths", put(f"{FABRIC}.maximum_paths", "64")),
    ("choice", "dualstack.cluster.load_balancer", put("dualstack.cluster.load_balancer", "metallb")),
    ("address-syntax", f"{POOLS}[5].blocks[0]", append(POOLS, {"name": "bad", "blocks": ["2001:db8:prod::/64"]})),
    ("missing-key", f"{SERVICES}[5].pool", append(SERVICES, {"name": "lost", "port": 80})),
    ("exactly-one", f"{ADVERTISE}[4]", append(ADVERTISE, {"pools": ["four"], "bgp": {}, "layer2": {}})),
    ("clear-secret", f"{FABRIC}.password", put(f"{FABRIC}.password", "bgp-auth-secret")),
    # Names that lead nowhere
    ("unknown-pool", f"{SERVICES}[0].pool", put(f"{SERVICES}[0].pool", "produktion")),
    ("unknown-router", f"{FABRIC}.racks.rack1.routers[1]", put(f"{FABRIC}.racks.rack1.routers", ["tor1", "tor3"])),
    ("unknown-community", f"{ADVERTISE}[1].bgp.communities[0]", put(f"{ADVERTISE}[1].bgp.communities", ["backbon"])),
    ("unknown-bfd-profile", f"{FABRIC}.peer_groups.links", put(f"{FABRIC}.peer_groups.links.bfd", "quick")),
    # Who claims what
    (
        "overlap",
        "dualstack.cluster.services",
        put("dualstack.cluster.services", ["10.244.0.0/20", "fd4c:9e02:7ab1:5000::/112"]),
    ),
    (
        "address-twice",
        "node3: dualstack_host",
        put("node3: dualstack_host.racks.rack2", ["10.0.2.12", "fd4c:9e02:7ab1:2::13"]),
    ),
    (
        "address-outside",
        "node1: dualstack_host.racks.rack1",
        put("node1: dualstack_host.racks.rack1", ["10.0.9.11", "fd4c:9e02:7ab1:1::11"]),
    ),
    (
        "pool-holds-host",
        f"{POOLS}[2]",
        host("nodes", "node4", {"racks": {"rack1": ["10.0.1.205", "fd4c:9e02:7ab1:1::14"]}}),
    ),
    ("router-alone", "core2: dualstack_host", host("routers", "core2", {"asn": 64699})),
    # Rules
    ("asn-reserved", "tor1: dualstack_host.asn", put("tor1: dualstack_host.asn", 23456)),
    (
        "timers-keepalive",
        f"{FABRIC}.peer_groups.racks.timers.keepalive",
        put(f"{FABRIC}.peer_groups.racks.timers", {"keepalive": 8}),
    ),
    ("peer-place", f"{FABRIC}.peers[0]", peer(addresses=None)),
    ("family-missing", f"{FABRIC}.racks.rack2.network", put(f"{FABRIC}.racks.rack2.network", ["10.0.2.0/24"])),
    ("layer2-interface", f"{ADVERTISE}[2].layer2.interfaces", put(f"{ADVERTISE}[2].layer2.interfaces", ["docker0"])),
    ("client-without-network", "client: dualstack_host.behind", put("client: dualstack_host.behind", "tor2")),
    ("community-range", "dualstack.communities.backbone", put("dualstack.communities.backbone", "70000:1")),
    ("unnumbered-interfaces", f"{FABRIC}.links[1].interfaces", put(f"{FABRIC}.links[1].unnumbered", True)),
]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    data, hosts = base()
    for _unused, _path, edit in MISTAKES:
        edit(data, hosts)
    plan, findings = make(data, hosts)
    assert plan is None
    told = {(finding.id, finding.path) for finding in findings}
    missing = [
        (rule, path)
        for rule, path, _unused in MISTAKES
        if not any(rule == one and where.startswith(path) for one, where in told)
    ]
    assert missing == []
    assert len({rule for rule, _path, _unused in MISTAKES}) == len(MISTAKES) >= 20
    for finding in findings:
        assert finding.path and finding.reason and finding.fix
    text = table(findings)
    assert f"{sum(finding.severity == ERROR for finding in findings)} ERRORS" in text
    assert "bgp-auth-secret" not in text, "a password in clear is not repeated"


def test_each_mistake_alone_is_one_finding_of_its_kind() -> None:
    for rule, path, edit in MISTAKES:
        data, hosts = base()
        edit(data, hosts)
        _plan, findings = make(data, hosts)
        assert any(finding.id == rule and finding.path.startswith(path) for finding in findings), (rule, findings)
