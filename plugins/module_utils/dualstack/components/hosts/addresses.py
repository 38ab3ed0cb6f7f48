# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about a host's addresses and default routes.

kubelet ignores an address of ``--node-ip`` that its host has not: the Node keeps what it had, and nothing fails.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ...addresses.blocks import FAMILY_NAME, IPV6, parse_network
from ...findings import ERROR, HINT, WARNING
from .said import Said
from .settings import learns, uplinks

Needs = Mapping[str, Any]
Facts = Mapping[str, Any]

_STATES = {
    "tentative": "is not usable yet: duplicate address detection (RFC 4862) goes on",
    "dadfailed": "is used by another host: duplicate address detection (RFC 4862) failed",
    "deprecated": "is deprecated: it will go away, and is not used for new connections",
}


def holders(address: str, facts: Facts) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The interfaces that have an address."""
    for name, link in facts["links"].items():
        if any(has["address"] == address for has in link["addresses"]):
            yield name, link


def has_address(needs: Needs, facts: Facts, installs: Collection[str]) -> Iterator[Said]:
    """The planned addresses are there, up, and usable."""
    for family, address in needs["addresses"].items():
        found = list(holders(address, facts))
        if not found:
            others = ", ".join(sorted(of_family(facts, family))) or "none"
            yield Said(
                "host-address",
                ERROR,
                "addresses",
                address,
                f"no interface has it; the host's {FAMILY_NAME[family]} addresses are: {others}",
                "Configure the address on the host, or correct it in the intent (dualstack_host).",
            )
        for name, link in found:
            if not link["up"]:
                yield Said("host-address", ERROR, name, address, "the interface is down", "Bring it up.")
            (state,) = {has["state"] for has in link["addresses"] if has["address"] == address}
            if state in _STATES:
                fix = (
                    "Wait, and run again."
                    if state == "tentative"
                    else "Give the host an address of its own that stays."
                )
                yield Said("host-address-state", ERROR, name, address, f"it {_STATES[state]}", fix)


def has_families(needs: Needs, facts: Facts, installs: Collection[str]) -> Iterator[Said]:
    """Every family of the cluster has a planned address, and the kernel has the family."""
    for family in needs["families"]:
        if family not in needs["addresses"]:
            yield Said(
                "host-family",
                ERROR,
                "addresses",
                "",
                f"the node has no {FAMILY_NAME[family]} address in the plan, and its cluster has that family",
                f"State one in dualstack_host, or leave {family} out of the cluster's families.",
            )
    if IPV6 not in needs["families"]:
        return
    off = [
        key
        for key in ("all", *uplinks(needs, facts))
        if str(facts["sysctls"].get(f"net/ipv6/conf/{key}/disable_ipv6")) == "1"
    ]
    if not facts["ipv6"]:
        reason = "the kernel was started without IPv6 (ipv6.disable=1), or is built without it"
        yield Said("host-ipv6-off", ERROR, "kernel", "", reason, "Remove ipv6.disable=1 from its command line; reboot.")
    for key in off:
        name = f"net.ipv6.conf.{key}.disable_ipv6"
        fix = f"Set {name} to 0, remove what sets it (grep -r disable_ipv6 /etc/sysctl.d), and add the address again."
        yield Said("host-ipv6-off", ERROR, name, "1", "IPv6 is switched off there", fix)


def has_network(needs: Needs, facts: Facts, installs: Collection[str]) -> Iterator[Said]:
    """The length of an address is that of the planned segment, else neighbours there are not on the link."""
    for family, network in needs["networks"].items():
        for name, link in holders(needs["addresses"][family], facts):
            (length,) = {has["length"] for has in link["addresses"] if has["address"] == needs["addresses"][family]}
            wanted = parse_network(network).prefix_length if network else length
            if length != wanted:
                yield Said(
                    "host-prefix",
                    WARNING,
                    name,
                    f"{needs['addresses'][family]}/{length}",
                    f"the segment is {network} by the plan: whom the host takes for a neighbour is somebody else",
                    f"Give the address the length /{wanted}, or correct the network in the intent.",
                )


def has_default_route(needs: Needs, facts: Facts, installs: Collection[str]) -> Iterator[Said]:
    """Each family has a default route: without one, the host itself reaches no Service of the family."""
    for family in needs["families"]:
        if facts["default_routes"].get(family):
            continue
        deaf = [
            name
            for name in uplinks(needs, facts)
            if family == IPV6
            and str(facts["sysctls"].get(f"net/ipv6/conf/{name}/accept_ra")) == "1"
            and str(facts["sysctls"].get(f"net/ipv6/conf/{name}/forwarding")) == "1"
        ]
        reason = f"there is none for {FAMILY_NAME[family]}: programs of the host itself reach no Service of this family"
        fix = "Add one."
        if deaf:
            reason += f". It forwards, and accept_ra is 1 on {', '.join(deaf)}: router advertisements are ignored"
            fix = f"Add one; for one out of router advertisements, set net.ipv6.conf.{deaf[0]}.accept_ra to 2."
        severity = ERROR if needs["plugin"] == "flannel" else WARNING
        if severity == ERROR:
            reason += ". Flannel does not start without"
        yield Said("host-default-route", severity, "default route", family, reason, fix)


def keeps_default_route(needs: Needs, facts: Facts, installs: Collection[str]) -> Iterator[Said]:
    """How long a route from router advertisements lives, where the kernel would soon ignore them or already does."""
    for route in facts["default_routes"].get(IPV6, ()) if IPV6 in needs["families"] else ():
        name, expires = route["device"], route["expires"]
        if route["protocol"] != "ra" or expires is None or name not in facts["links"]:
            continue
        accepts = str(facts["sysctls"].get(f"net/ipv6/conf/{name}/accept_ra"))
        value = f"via {route['via']} dev {name}, {expires} s left"
        if accepts == "1" and str(facts["sysctls"].get(f"net/ipv6/conf/{name}/forwarding")) == "1":
            reason = "the host forwards and accept_ra is 1: no router advertisement renews it, so it will go"
            fix = f"Run this collection's role host_network, or set net.ipv6.conf.{name}.accept_ra to 2, before that."
            yield Said("host-ra-expires", WARNING, "default route", value, reason, fix)
        elif learns(name, facts) and accepts == "1":
            reason = (
                f"it comes from router advertisements; accept_ra of {name} becomes 2 before forwarding is turned on"
            )
            yield Said("host-ra-expires", HINT, "default route", value, reason, "Nothing: the route is kept.")


def of_family(facts: Facts, family: str) -> Iterator[str]:
    """The host's addresses of a family that lead further than its links."""
    for link in facts["links"].values():
        for has in link["addresses"]:
            if (":" in has["address"]) == (family == IPV6) and not has["address"].startswith(("fe80:", "127.", "::1")):
                yield has["address"]


RULES = (has_address, has_families, has_network, has_default_route, keeps_default_route)
