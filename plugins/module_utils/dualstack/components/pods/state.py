# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel of a node should have for the pod network, what it has, and the commands in between.

A state is lines by kind: one line for each device, forwarding entry, address, neighbour and route that is ours, in the
words of iproute2, so that lines are compared, shown as a diff and run as they are. Routes are known by a protocol
number of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ...addresses.blocks import IPV6, family_of

PROTOCOL = 144  # of our routes; not among the numbers of /etc/iproute2/rt_protos
DEVICES, ADDRESSES, NEIGHBOURS, ROUTES, FORWARDING = "device", "address", "neighbour", "route", "forwarding"
KINDS = (DEVICES, ADDRESSES, NEIGHBOURS, ROUTES, FORWARDING)

State = Mapping[str, Iterable[str]]


class Commands(NamedTuple):
    """Lines for ``ip -batch`` (the device, which must not be there, and the rest) and for ``bridge -batch``."""

    device: list[str]
    ip: list[str]
    bridge: list[str]


def desired(network: Mapping[str, Any], mtu: int) -> dict[str, list[str]]:
    """The wanted lines; ``mtu`` is that of pods and of the VXLAN device."""
    state: dict[str, list[str]] = {kind: [] for kind in KINDS}
    vxlan = network["vxlan"]
    if vxlan:
        device = vxlan["device"]
        state[DEVICES].append(
            device_line(device, vxlan["id"], network["underlay"], vxlan["port"], vxlan["hardware_address"], mtu)
        )
        state[ADDRESSES] += [address_line(device, cidr) for cidr in vxlan["addresses"]]
        for peer in vxlan["peers"]:
            state[FORWARDING].append(forwarding_line(device, peer["hardware_address"], peer["remote"]))
            state[NEIGHBOURS] += [
                neighbour_line(device, gateway, peer["hardware_address"]) for gateway in peer["gateways"]
            ]
    state[ROUTES] = [route_line(route["to"], route["via"], route["device"]) for route in network["routes"]]
    return state


def device_line(device: str, number: int, local: str, port: int, hardware_address: str, mtu: int) -> str:
    """A VXLAN device that learns nothing."""
    return (
        f"{device} mtu {mtu} address {hardware_address} type vxlan id {number} local {local} dstport {port} nolearning"
    )


def address_line(device: str, cidr: str) -> str:
    """An address of the device."""
    return f"{cidr} dev {device}"


def neighbour_line(device: str, address: str, hardware_address: str) -> str:
    """A static neighbour behind the device."""
    return f"{address} lladdr {hardware_address} dev {device}"


def forwarding_line(device: str, hardware_address: str, remote: str) -> str:
    """Where frames for a hardware address are sent."""
    return f"{hardware_address} dev {device} dst {remote}"


def route_line(to: str, via: str, device: str) -> str:
    """A route to pods; through the device the next hop needs no route of its own."""
    return f"{to} via {via} dev {device} onlink" if device else f"{to} via {via}"


def commands(wanted: State, found: State) -> Commands:
    """What makes ``wanted`` of ``found``. A device that differs is made anew, with all that goes away with it."""
    want = {kind: list(wanted.get(kind, ())) for kind in KINDS}
    have = {kind: set(found.get(kind, ())) for kind in KINDS}
    device: list[str] = []
    if have[DEVICES] != set(want[DEVICES]):
        gone = {line.split()[0] for line in have[DEVICES]}
        have = {kind: {line for line in lines if not gone & set(line.split())} for kind, lines in have.items()}
        device += [f"link del dev {name}" for name in sorted(gone)]
        device += [f"link add {line}" for line in want[DEVICES]]
    ip = [f"link set dev {line.split()[0]} up" for line in want[DEVICES] if line not in have[DEVICES]]
    for kind, word in ((ADDRESSES, "address"), (NEIGHBOURS, "neighbour"), (ROUTES, "route")):
        old = [_delete(kind, word, line) for line in sorted(have[kind] - set(want[kind]))]
        new = [_replace(kind, word, line) for line in want[kind] if line not in have[kind]]
        # With the last IPv4 address of a device, its routes go; a route's old next hop must not take the new one along.
        ip += [*new, *old] if kind == ADDRESSES else [*old, *new]
    bridge = [f"fdb del {line}" for line in sorted(have[FORWARDING] - set(want[FORWARDING]))]
    bridge += [f"fdb replace {line} self permanent" for line in want[FORWARDING] if line not in have[FORWARDING]]
    return Commands(device, ip, bridge)


def text(state: State) -> str:
    """A state for people: a line for each thing, by kind."""
    return "".join(f"{kind} {line}\n" for kind in KINDS for line in sorted(state.get(kind, ())))


def _replace(kind: str, word: str, line: str) -> str:
    end = ""
    if kind == ADDRESSES and family_of(line.split("/")[0]) == IPV6:
        end = " nodad"
    elif kind == NEIGHBOURS:
        end = " nud permanent"
    elif kind == ROUTES:
        end = f" proto {PROTOCOL}"
    return f"{word} replace {line}{end}"


def _delete(kind: str, word: str, line: str) -> str:
    return f"{word} del {line} proto {PROTOCOL}" if kind == ROUTES else f"{word} del {line}"
