# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What forbids to make nodes of hosts, or makes bad ones of them: all findings of all hosts at once.

The place of a finding is ``HOST: what``. Rules of one host stand in ``addresses``, ``system`` and ``traffic``, those
of a cluster that runs in ``running``; here are those that hold hosts against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from ...findings import WARNING, Finding
from . import addresses, running, system, traffic
from .said import Said, finding

Needs = Mapping[str, Any]
Facts = Mapping[str, Any]
Rule = Callable[[Needs, Facts, Collection[str]], Iterator[Said]]

RULES: tuple[Rule, ...] = (*addresses.RULES, *system.RULES, *traffic.RULES)
TWINS = {
    "host-machine-id": (
        "machine_id",
        "/etc/machine-id",
        "systemd derives DHCP identities and hardware addresses of bridges from it",
        "Remove /etc/machine-id on all but one, run systemd-machine-id-setup, and reboot them.",
    ),
    "host-product-uuid": (
        "product_uuid",
        "/sys/class/dmi/id/product_uuid",
        "kubelet tells it as the node's systemUUID, by which storage drivers and others tell machines apart",
        "Give each virtual machine a UUID of its own.",
    ),
}


def preflight(wanted: Mapping[str, Needs], facts: Mapping[str, Facts], installs: Collection[str] = ()) -> list[Finding]:
    """The findings of all hosts, in the order of ``wanted`` (needs by host); a host without facts is left out.

    ``installs`` names programs that are put there afterwards, so that they need not be there yet.
    """
    found = []
    for host, needs in wanted.items():
        if host in facts:
            found += [finding(host, said) for rule in RULES for said in rule(needs, facts[host], installs)]
    return [*found, *running.ranges_stay(wanted, facts), *_twins(wanted, facts), *_mtus(wanted, facts)]


def _twins(wanted: Mapping[str, Needs], facts: Mapping[str, Facts]) -> Iterator[Finding]:
    for rule, (key, place, why, fix) in TWINS.items():
        owners: dict[str, list[str]] = {}
        for host in wanted:
            value = str(facts.get(host, {}).get(key) or "").lower()
            if value:
                owners.setdefault(value, []).append(host)
        for value, hosts in owners.items():
            for host in hosts[1:]:
                reason = f"{hosts[0]} has the same; {why}"
                yield finding(host, Said(rule, WARNING, place, value, reason, fix))


def _mtus(wanted: Mapping[str, Needs], facts: Mapping[str, Facts]) -> Iterator[Finding]:
    """Interfaces of one segment whose hosts don't agree on the size of a packet."""
    seen: dict[str, tuple[str, int]] = {}
    for host, needs in wanted.items():
        for family, network in needs["networks"].items():
            for name, link in addresses.holders(needs["addresses"][family], facts.get(host, {"links": {}})):
                first = seen.setdefault(network, (host, link["mtu"])) if network else (host, link["mtu"])
                if first[1] != link["mtu"]:
                    reason = (
                        f"{first[0]} has an MTU of {first[1]} on the same segment: the larger packets are lost there"
                    )
                    fix = "Give all interfaces of a segment the same MTU."
                    yield finding(host, Said("host-mtu-differs", WARNING, name, f"mtu {link['mtu']}", reason, fix))
                    break
